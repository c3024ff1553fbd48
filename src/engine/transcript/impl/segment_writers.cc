// TXT and TSV: a line per segment.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "transcript/impl/atom.h"
#include "transcript/impl/formats.h"
#include "transcript/impl/text.h"

namespace verbatim::transcript {

std::string RenderTxt(const Transcript& transcript) {
  std::string output;
  for (const Segment& segment : transcript.segments) {
    const std::string line = OneLine(segment.text);
    if (!line.empty()) output += line + "\n";
  }
  return output;
}

std::string RenderTsv(const Transcript& transcript) {
  std::string output = "start\tend\ttext\n";
  for (const Segment& segment : transcript.segments) {
    const std::string line = OneLine(segment.text);
    if (line.empty()) continue;
    const int64_t begin_ms = ClampedMilliseconds(segment.begin, transcript.duration);
    const int64_t end_ms = ClampedMilliseconds(segment.end, transcript.duration);
    fmt::format_to(std::back_inserter(output), "{}\t{}\t{}\n", begin_ms, std::max(begin_ms, end_ms),
                   line);
  }
  return output;
}

}  // namespace verbatim::transcript
