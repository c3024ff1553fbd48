// File -> audio. Opens any media file FFmpeg can demux and yields its sound as 16 kHz mono floats,
// block by block, in bounded memory whatever the file's length. Index 0 is the container's time 0:
// a track that starts late, or has gaps in its timestamps, gets silence there, so times match the
// picture. Nothing but the given file is ever opened: no protocols, no playlists. The only room
// that sees libav. A file may still be arriving while it is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "base/sample_time.h"

namespace verbatim::sandbox {
class Launcher;
}

namespace verbatim::media {

// One stretch of audio. Blocks follow each other without holes: begin + samples.size() is the next
// block's begin. Shape: 1 to 16,000 samples, mono. Unit: f32 in [-1, 1], 16 kHz.
struct PcmBlock {
  SampleTime begin{0};
  std::vector<float> samples;
};

struct AudioTrack {
  int index = 0;          // 0, 1, 2 ... among the audio tracks: what --audio-track takes
  std::string codec;      // FFmpeg's short name: "aac"
  int sample_rate = 0;    // Hz, of the file
  int channel_count = 0;  // of the file
  std::string language;   // from the container's tags, may be empty
  bool is_default = false;
};

struct MediaInfo {
  std::string container;            // FFmpeg's short name: "matroska,webm"
  uint64_t size_bytes = 0;          // 0 = not known when it was opened
  SampleTime duration_estimate{0};  // what the container claims, checked for sanity; 0 = unknown
  std::vector<AudioTrack> tracks;
  int track = 0;               // the chosen one
  bool is_sequential = false;  // read from front to back, without a look at the end
};

struct AudioReaderOptions {
  // None: the container's default audio track, else the first that can be decoded.
  std::optional<int> track;

  // For sources; a path is always kSeekable. kSequential: containers that allow it are read from
  // front to back, so that the first block comes long before the last byte: WAV, W64, AU, MP3,
  // FLAC, OGG, Matroska and WebM, MPEG-TS, ADTS, (E-)AC-3, AMR, and MP4 whose index is in front,
  // whole or in fragments. All others, and files up to 128 KiB, are read as with kSeekable: by
  // looking at their end first, so they wait for it.
  enum class Access { kSeekable, kSequential };
  Access access = Access::kSequential;

  // Where the file is read: in a locked-up process that this starts and that ends with the reader,
  // or, if null, in this one. Sound, damages and errors are the same. It outlives the reader.
  sandbox::Launcher* sandbox = nullptr;
};

class AudioReader {
 public:
  // Opens a file and its audio track.
  // Errors: kNotFound; kIo (unreadable, a directory); kUnsupportedMedia (no sound, no decoder,
  //         encrypted, not media); kCorruptMedia (media, but broken); kInvalidArgument (no such
  //         track: the message lists those there are). Messages are one sentence for a person and
  //         do not repeat the path. In a sandbox also kCancelled, kInternal (no process is to be
  //         had, or it breaks off) and kCorruptMedia (the file makes it do what it must not).
  static Result<std::unique_ptr<AudioReader>> Open(const std::filesystem::path& path,
                                                   const AudioReaderOptions& options,
                                                   std::stop_token stop = {});

  // The same for bytes that may still be arriving: waits for those it needs. `name` is a file's
  // name: its ending counts where the content alone does not say what it is.
  // How the bytes are read, and with it each sample and damage, is a function of the bytes alone:
  // the same however they arrive, and whether or not the size is known. They are also those that
  // the path form gives, with two exceptions of sequential reading: in MP3s joined into one, the
  // padding at the first joint (under 0.1 s) is silent; and where timestamps leave a gap, silence
  // goes no further than the container claims, nor than 2 h and 1 s per 8 bytes so far, instead of
  // what the size bears out. Of info(), sequential reading leaves duration_estimate 0 for OGG,
  // MPEG-TS, MP4 in fragments and unfinished Matroska, which tell it at their end only; for joined
  // MP3s it is that of the first; and while the size is unknown, both it and size_bytes are 0, as
  // no claim can be checked. Errors: as above, and those of ByteSource::ReadAt (kCancelled,
  // kNotFound) as they are.
  static Result<std::unique_ptr<AudioReader>> Open(std::shared_ptr<ByteSource> source,
                                                   const std::string& name,
                                                   const AudioReaderOptions& options,
                                                   std::stop_token stop);

  virtual ~AudioReader() = default;
  virtual const MediaInfo& info() const = 0;

  // The next block, or nothing at the end. A damaged packet is skipped and counted; its time is
  // kept as silence. After an error the reader is of no more use.
  // Errors: kCorruptMedia (not one packet of the file could be decoded); kUnsupportedMedia (the
  //         packets are encrypted, or there are none); kIo; kCancelled; kNotFound (the source was
  //         given up).
  // Thread: one caller at a time.
  virtual Result<std::optional<PcmBlock>> Next(std::stop_token stop) = 0;

  // Share of the file that has been read, 0..1: by time if the duration is known, by bytes
  // otherwise.
  virtual double progress() const = 0;

  // Stretches whose packets were damaged, in order, for the transcript's coverage; grows until the
  // end.
  struct Damage {
    SampleTime begin{0};
    SampleTime end{0};
    std::string reason;
  };
  virtual const std::vector<Damage>& damages() const = 0;
};

}  // namespace verbatim::media
