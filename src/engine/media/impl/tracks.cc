#include "media/impl/tracks.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "media/impl/limits.h"

namespace verbatim::media {
namespace {

struct TagName {
  std::string_view tag;
  std::string_view name;
};

// Sound that libav recognises by its tag at best. Source: the MP4 registration authority's list of
// codecs.
constexpr TagName kUndecodable[] = {
    {"ac-4", "AC-4"},
    {"mha1", "MPEG-H 3D Audio"},
    {"mha2", "MPEG-H 3D Audio"},
    {"mhm1", "MPEG-H 3D Audio"},
    {"mhm2", "MPEG-H 3D Audio"},
    {"dtsx", "DTS:X"},
    {"iamf", "IAMF"},
};
constexpr std::string_view kEncryptedTags[] = {"drms", "enca", "aavd", "encs"};

constexpr size_t kLanguageBytesMax = 35;  // the longest tags of BCP 47 in use

bool IsAudio(const AVStream& stream) { return stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO; }

std::string Tag(const AVStream& stream) {
  std::string tag;
  for (int shift = 0; shift < 32; shift += 8) {
    const auto letter = static_cast<unsigned char>(stream.codecpar->codec_tag >> shift);
    if (std::isprint(letter) != 0) tag += static_cast<char>(letter);
  }
  return tag;
}

std::string CodecName(const AVStream& stream) {
  if (stream.codecpar->codec_id != AV_CODEC_ID_NONE) {
    return avcodec_get_name(stream.codecpar->codec_id);
  }
  const std::string tag = Tag(stream);
  return tag.empty() ? "unknown" : tag;
}

std::string CodecTitle(const AVStream& stream) {
  const std::string tag = Tag(stream);
  for (const TagName& known : kUndecodable) {
    if (tag == known.tag) return std::string(known.name);
  }
  const std::string name = CodecName(stream);
  return name == "unknown" ? "of an unknown kind" : name;
}

std::string Language(const AVStream& stream) {
  const AVDictionaryEntry* entry = av_dict_get(stream.metadata, "language", nullptr, 0);
  if (entry == nullptr || std::string_view(entry->value) == "und") return {};
  const std::string_view language = entry->value;
  const auto is_printable = [](unsigned char letter) { return std::isgraph(letter) != 0; };
  const bool is_language =
      language.size() <= kLanguageBytesMax && std::ranges::all_of(language, is_printable);
  return is_language ? std::string(language) : "";
}

bool IsEncrypted(const AVStream& stream) {
  if (av_dict_get(stream.metadata, "enc_key_id", nullptr, 0) != nullptr) return true;
  return std::ranges::find(kEncryptedTags, Tag(stream)) != std::end(kEncryptedTags);
}

bool IsDecodable(const AVStream& stream) {
  const AVCodec* decoder = avcodec_find_decoder(stream.codecpar->codec_id);
  return decoder != nullptr && decoder->type == AVMEDIA_TYPE_AUDIO && !IsEncrypted(stream);
}

bool HasVideo(const AVFormatContext& container) {
  for (unsigned i = 0; i < container.nb_streams; ++i) {
    if (container.streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO) return true;
  }
  return false;
}

Error UnusableError(const AVStream& stream) {
  if (IsEncrypted(stream)) return EncryptedError();
  return {ErrorCode::kUnsupportedMedia,
          "its sound is " + CodecTitle(stream) + ", for which there is no decoder"};
}

Error NoSuchTrackError(const std::vector<AudioTrack>& tracks, int wanted) {
  std::string message = "there is no audio track " + std::to_string(wanted) + "; the file has";
  for (const AudioTrack& track : tracks) {
    message += (track.index == 0 ? " " : ", ") + std::to_string(track.index) + " (" + track.codec;
    if (!track.language.empty()) message += ", " + track.language;
    message += ")";
  }
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

}  // namespace

std::vector<AudioTrack> ListTracks(const AVFormatContext& container) {
  std::vector<AudioTrack> tracks;
  for (unsigned i = 0; i < container.nb_streams; ++i) {
    const AVStream& stream = *container.streams[i];
    if (!IsAudio(stream)) continue;
    if (tracks.size() == kTracksMax) break;
    tracks.push_back({.index = static_cast<int>(tracks.size()),
                      .codec = CodecName(stream),
                      .sample_rate = stream.codecpar->sample_rate,
                      .channel_count = stream.codecpar->ch_layout.nb_channels,
                      .language = Language(stream),
                      .is_default = (stream.disposition & AV_DISPOSITION_DEFAULT) != 0});
  }
  return tracks;
}

AVStream* StreamOfTrack(const AVFormatContext& container, int index) {
  for (unsigned i = 0; i < container.nb_streams; ++i) {
    if (IsAudio(*container.streams[i]) && index-- == 0) return container.streams[i];
  }
  return nullptr;
}

Result<int> ChooseTrack(const AVFormatContext& container, const std::vector<AudioTrack>& tracks,
                        std::optional<int> wanted) {
  if (tracks.empty()) {
    return Fail(ErrorCode::kUnsupportedMedia,
                HasVideo(container) ? "it has no sound: it holds only video" : "it has no sound");
  }
  if (wanted) {
    if (*wanted < 0 || *wanted >= static_cast<int>(tracks.size())) {
      return Failure(NoSuchTrackError(tracks, *wanted));
    }
    const AVStream& stream = *StreamOfTrack(container, *wanted);
    if (!IsDecodable(stream)) return Failure(UnusableError(stream));
    return *wanted;
  }
  std::optional<int> first;
  for (const AudioTrack& track : tracks) {
    if (!IsDecodable(*StreamOfTrack(container, track.index))) continue;
    if (track.is_default) return track.index;
    if (!first) first = track.index;
  }
  if (!first) return Failure(UnusableError(*StreamOfTrack(container, 0)));
  return *first;
}

Error EncryptedError() {
  return {ErrorCode::kUnsupportedMedia, "its sound is encrypted (protected by DRM)"};
}

}  // namespace verbatim::media
