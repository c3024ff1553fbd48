#include "jobs/impl/window_line.h"

#include <algorithm>
#include <iterator>

namespace verbatim::jobs {

std::vector<transcript::Segment> WindowLine::Deliver(const pipeline::WindowResult& result) {
  early_.emplace(result.window.index, result);
  std::vector<transcript::Segment> fresh;
  for (auto next = early_.find(next_); next != early_.end(); next = early_.find(next_)) {
    pipeline::WindowResult& ready = next->second;
    position_ = std::max(position_, ready.window.end());
    if (language_.empty()) language_ = ready.language;
    std::ranges::move(ready.segments, std::back_inserter(fresh));
    early_.erase(next);
    ++next_;
  }
  segments_ += static_cast<int64_t>(fresh.size());
  return fresh;
}

}  // namespace verbatim::jobs
