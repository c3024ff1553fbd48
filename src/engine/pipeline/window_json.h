// What a later run needs to go on where an earlier one ended, as JSON: times in samples and numbers
// in full, so nothing changes by being stored.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "pipeline/window_result.h"
#include "split/window_planner.h"

namespace verbatim::pipeline {

// All of a result.
std::string EncodeWindowResult(const WindowResult& result);
// Errors: kInvalidArgument with what is wrong.
Result<WindowResult> DecodeWindowResult(std::string_view json);

// All of a plan.
std::string EncodeSplitPlan(const split::SplitPlan& plan);
// Errors: kInvalidArgument with what is wrong.
Result<split::SplitPlan> DecodeSplitPlan(std::string_view json);

}  // namespace verbatim::pipeline
