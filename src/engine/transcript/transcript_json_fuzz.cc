// Any bytes: ReadJson refuses them, or yields a transcript that every writer can write and that
// survives writing and reading unchanged.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "transcript/writers.h"

using verbatim::Result;
namespace transcript = verbatim::transcript;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Result<transcript::Transcript> first = transcript::ReadJson(bytes);
  if (!first) return 0;
  const transcript::CueOptions options =
      transcript::ReadJsonCueOptions(bytes).value_or(transcript::CueOptions{});
  const std::string json =
      Render(*first, transcript::Format::kJson, options, transcript::WordTimes::kOmit);
  const Result<transcript::Transcript> second = transcript::ReadJson(json);
  CHECK(second.has_value());
  CHECK(transcript::ReadJsonCueOptions(json) == options);
  for (const auto format :
       {transcript::Format::kTxt, transcript::Format::kSrt, transcript::Format::kVtt,
        transcript::Format::kJson, transcript::Format::kTsv}) {
    for (const auto words : {transcript::WordTimes::kOmit, transcript::WordTimes::kWrite}) {
      CHECK(Render(*first, format, options, words) == Render(*second, format, options, words));
    }
  }
  return 0;
}
