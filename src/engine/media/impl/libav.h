// What the other files of this room need of libav in general: handles that free themselves, one
// translation of its return codes, and the settings of the process.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>
}

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace verbatim::media {

struct LibavDeleter {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwrContext* context) const { swr_free(&context); }
  void operator()(AVIOContext* context) const {
    av_freep(&context->buffer);
    avio_context_free(&context);
  }
};

using FormatHandle = std::unique_ptr<AVFormatContext, LibavDeleter>;
using CodecHandle = std::unique_ptr<AVCodecContext, LibavDeleter>;
using FrameHandle = std::unique_ptr<AVFrame, LibavDeleter>;
using PacketHandle = std::unique_ptr<AVPacket, LibavDeleter>;
using ResamplerHandle = std::unique_ptr<SwrContext, LibavDeleter>;
using IoHandle = std::unique_ptr<AVIOContext, LibavDeleter>;

// Our error for a negative return code; `subject` begins the sentence, for example "the WAV file".
// Errors: kCancelled (AVERROR_EXIT); kUnsupportedMedia (libav lacks it); kCorruptMedia (all that
//         the data caused, sizes that no memory holds included; also EIO, which demuxers return
//         where a file ends too early: what the system refuses is in SourceInput::error).
Error LibavError(int code, std::string_view subject);

// Silences libav's own log and bounds each of its allocations; done once per process, later calls
// cost nothing. Thread: any.
void ConfigureLibav();

}  // namespace verbatim::media
