// The decoder of one audio stream, on one thread.
#pragma once

#include <string>

#include "base/error.h"
#include "media/impl/libav.h"

namespace verbatim::media {

class Decoder {
 public:
  enum class Step { kFrame, kNeedsPacket, kDamaged, kEnd };

  // Errors: kUnsupportedMedia (no decoder for this variant), kCorruptMedia (its description is
  // broken).
  static Result<Decoder> Open(const AVStream& stream);

  // Hands over a packet; null: there are no more. Only after kNeedsPacket. False if it is damaged.
  bool Send(const AVPacket* packet);

  // Decodes on. After kFrame, frame() holds it until the next call.
  Step Receive();

  AVFrame& frame() { return *frame_; }

  // The error to report if not one packet could be decoded.
  Error last_error() const;

 private:
  CodecHandle context_;
  FrameHandle frame_;
  int last_code_ = 0;
  std::string subject_;
};

}  // namespace verbatim::media
