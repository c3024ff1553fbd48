#include "transcript/writers.h"

#include <array>

#include "transcript/impl/formats.h"

namespace verbatim::transcript {
namespace {

constexpr std::array kFormats = {Format::kTxt, Format::kSrt, Format::kVtt, Format::kJson,
                                 Format::kTsv};

}  // namespace

std::string_view FormatName(Format format) {
  switch (format) {
    case Format::kTxt: return "txt";
    case Format::kSrt: return "srt";
    case Format::kVtt: return "vtt";
    case Format::kJson: return "json";
    case Format::kTsv: return "tsv";
  }
  return "txt";
}

std::optional<Format> ParseFormat(std::string_view name) {
  for (const Format format : kFormats) {
    if (FormatName(format) == name) return format;
  }
  return std::nullopt;
}

std::string Render(const Transcript& transcript, Format format, const CueOptions& cues,
                   WordTimes words) {
  switch (format) {
    case Format::kTxt: return RenderTxt(transcript);
    case Format::kSrt: return RenderSrt(transcript, cues);
    case Format::kVtt: return RenderVtt(transcript, cues, words);
    case Format::kJson: return RenderJson(transcript, cues, words);
    case Format::kTsv: return RenderTsv(transcript);
  }
  return {};
}

}  // namespace verbatim::transcript
