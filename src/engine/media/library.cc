#include "media/library.h"

#include "media/impl/libav.h"

namespace verbatim::media {

std::string LibraryVersion() { return std::string("FFmpeg ") + av_version_info(); }

std::vector<std::string> MissingDecoders() {
  constexpr AVCodecID kUsual[] = {
      AV_CODEC_ID_AAC,       AV_CODEC_ID_MP3,  AV_CODEC_ID_OPUS, AV_CODEC_ID_VORBIS,
      AV_CODEC_ID_FLAC,      AV_CODEC_ID_ALAC, AV_CODEC_ID_AC3,  AV_CODEC_ID_EAC3,
      AV_CODEC_ID_PCM_S16LE, AV_CODEC_ID_MP2,  AV_CODEC_ID_DTS,  AV_CODEC_ID_WMAV2,
  };
  std::vector<std::string> missing;
  for (const AVCodecID codec : kUsual) {
    if (avcodec_find_decoder(codec) == nullptr) missing.emplace_back(avcodec_get_name(codec));
  }
  return missing;
}

}  // namespace verbatim::media
