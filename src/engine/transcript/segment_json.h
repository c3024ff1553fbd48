// The segments of a transcript as its JSON document has them (transcript/writers.h), for who keeps
// and changes a long transcript in parts, without reading or writing the whole of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "transcript/revision.h"
#include "transcript/transcript.h"

namespace verbatim::transcript {

// The list of the document's "segments"; ids count from 0.
std::string RenderSegments(std::span<const Segment> segments, SampleTime duration);
// Errors: kInvalidArgument with what is missing or wrong, and where.
Result<std::vector<Segment>> ReadSegments(std::string_view json);

// A list of objects: "first", "count", "segments" as above.
std::string RenderChanges(std::span<const Change> changes, SampleTime duration);
// Errors: kInvalidArgument with what is missing or wrong, and where.
Result<Changes> ReadChanges(std::string_view json);

// A document cut at its segments, without parsing it. The views are of the text that was cut.
struct DocumentCut {
  std::string_view before;                 // up to the list
  std::vector<std::string_view> segments;  // the list's items
  std::string_view after;
};
// Cuts what Render(kJson) wrote. Errors: kInvalidArgument: it is laid out in another way.
Result<DocumentCut> CutDocument(std::string_view json);

// Items, and lists of them as RenderSegments wrote them, as one list.
std::string JoinItems(std::span<const std::string_view> items);
std::string JoinLists(std::span<const std::string> lists);

}  // namespace verbatim::transcript
