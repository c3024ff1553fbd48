// What people call jobs by, and what they change of one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace verbatim::jobs {

// Without outer spaces. Errors: kInvalidArgument: more than 200 characters, a control character.
Result<std::string> CheckedTitle(std::string_view title);

// Sorted, each once, without outer spaces. Errors: kInvalidArgument: more than 20 tags; one that is
// empty, has more than 40 characters, a comma or a control character.
Result<std::vector<std::string>> CheckedTags(const std::vector<std::string>& tags);

// What is none stays.
struct JobChange {
  std::optional<int> priority = std::nullopt;  // -10 .. 10, of a job that has not ended
  std::optional<std::string> title = std::nullopt;
  std::optional<std::vector<std::string>> tags = std::nullopt;
};

// A request of PATCH /api/jobs/{id}. Errors: kInvalidArgument with the field's name, its value and
// what is allowed; also if nothing is to be changed.
Result<JobChange> ParseJobChange(std::string_view json);

}  // namespace verbatim::jobs
