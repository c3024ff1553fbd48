#include "media/impl/decoder.h"

#include <algorithm>

#include "media/impl/allowed_formats.h"

namespace verbatim::media {
namespace {

// One frame over all channels: 64 MB of floats. The longest real ones (Monkey's Audio) have 1.2
// million per channel.
constexpr int64_t kFrameSamplesMax = int64_t{16} << 20;

}  // namespace

Result<Decoder> Decoder::Open(const AVStream& stream) {
  const AVCodecParameters& parameters = *stream.codecpar;
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr || codec->type != AVMEDIA_TYPE_AUDIO) {
    return Fail(ErrorCode::kUnsupportedMedia, "there is no decoder for its sound");
  }
  Decoder decoder;
  decoder.subject_ = std::string("its sound (") + codec->name + ")";
  decoder.context_.reset(avcodec_alloc_context3(codec));
  decoder.frame_.reset(av_frame_alloc());
  if (!decoder.context_ || !decoder.frame_) {
    return Failure(LibavError(AVERROR(ENOMEM), decoder.subject_));
  }
  AVCodecContext& context = *decoder.context_;
  int code = avcodec_parameters_to_context(&context, &parameters);
  if (code < 0) return Failure(LibavError(code, decoder.subject_));
  context.pkt_timebase = stream.time_base;
  context.thread_count = 1;
  context.codec_whitelist = av_strdup(AllowedCodecs().c_str());
  context.max_samples = kFrameSamplesMax / std::max(1, parameters.ch_layout.nb_channels);
  context.max_pixels = 1;  // sound has none
  code = avcodec_open2(&context, codec, nullptr);
  if (code < 0) return Failure(LibavError(code, decoder.subject_));
  return decoder;
}

bool Decoder::Send(const AVPacket* packet) {
  const int code = avcodec_send_packet(context_.get(), packet);
  if (code >= 0 || code == AVERROR_EOF) return true;
  last_code_ = code;
  return false;
}

Decoder::Step Decoder::Receive() {
  const int code = avcodec_receive_frame(context_.get(), frame_.get());
  if (code >= 0) return Step::kFrame;
  if (code == AVERROR(EAGAIN)) return Step::kNeedsPacket;
  if (code == AVERROR_EOF) return Step::kEnd;
  last_code_ = code;
  return Step::kDamaged;
}

Error Decoder::last_error() const {
  return LibavError(last_code_ == 0 ? AVERROR_INVALIDDATA : last_code_, subject_);
}

}  // namespace verbatim::media
