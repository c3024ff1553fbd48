// Any bytes as a change of a transcript: refused with a sentence, or changes that keep all that a
// transcript promises, and that can be taken back.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "editing/edit_json.h"
#include "transcript/revision.h"
#include "transcript/segment_json.h"

using verbatim::Result;
using verbatim::SampleTime;
namespace editing = verbatim::editing;
namespace transcript = verbatim::transcript;

namespace {

constexpr SampleTime kDuration = std::chrono::seconds(10);

transcript::Segment Spoken(const std::string& text, int begin_s) {
  transcript::Segment segment;
  segment.begin = std::chrono::seconds(begin_s);
  segment.end = segment.begin + std::chrono::seconds(2);
  segment.text = text;
  segment.words = {{text, segment.begin, segment.end, 0.5F}};
  return segment;
}

void CheckSegments(const std::vector<transcript::Segment>& segments) {
  for (const transcript::Segment& segment : segments) {
    CHECK(segment.begin >= SampleTime{0} && segment.begin <= segment.end);
    CHECK(segment.end <= kDuration);
    SampleTime reached = segment.begin;
    std::string text;
    for (const transcript::Word& word : segment.words) {
      CHECK(reached <= word.begin && word.begin <= word.end && word.end <= segment.end);
      reached = word.end;
      text += word.text;
    }
    CHECK(text == segment.text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)editing::ParseRestore(bytes);
  const Result<editing::Edit> edit = editing::ParseEdit(bytes);
  if (!edit) {
    CHECK(!edit.error().message.empty());
    return 0;
  }
  const std::vector<transcript::Segment> before = {Spoken(" one two", 0), Spoken("三四", 2),
                                                   Spoken(" five", 6)};
  for (const transcript::ChangeDraft& draft : edit->changes) {
    const transcript::Changes outline = {{draft.first, draft.count, {}}};
    if (!transcript::CheckChanges(outline, before.size())) continue;
    transcript::DraftPlace place;
    place.duration = kDuration;
    place.replaced.assign(before.begin() + static_cast<std::ptrdiff_t>(draft.first),
                          before.begin() + static_cast<std::ptrdiff_t>(draft.first + draft.count));
    if (draft.first > 0) place.before = before[draft.first - 1];
    if (draft.first + draft.count < before.size()) place.after = before[draft.first + draft.count];
    const auto written = transcript::WriteDraft(place, draft.segments);
    if (!written) continue;
    CheckSegments(*written);
    std::vector<transcript::Segment> segments = before;
    const transcript::Changes undo =
        transcript::Apply({{draft.first, draft.count, *written}}, segments);
    const auto read = transcript::ReadChanges(transcript::RenderChanges(undo, kDuration));
    CHECK(read.has_value() && *read == undo);
    transcript::Apply(undo, segments);
    CHECK(segments == before);
  }
  return 0;
}
