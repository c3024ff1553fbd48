#include "pipeline/language_track.h"

#include <algorithm>

namespace verbatim::pipeline {

using whisper::LanguageGuess;

std::optional<LanguageGuess> LanguageTrack::Settled(int64_t window) {
  MutexLock lock(mutex_);
  if (confident_ && window >= known_) return confident_;
  return std::nullopt;
}

std::optional<LanguageGuess> LanguageTrack::Resolve(
    int64_t window, const std::vector<LanguageGuess>& guesses,
    const std::stop_token& stop) NO_THREAD_SAFETY_ANALYSIS {
  MutexLock lock(mutex_);
  Note(window, guesses);
  changed_.wait(mutex_, stop, [&] { return known_ > window || confident_.has_value(); });
  if (known_ > window) return answers_[window];
  return confident_;
}

void LanguageTrack::Remember(int64_t window, const std::vector<LanguageGuess>& guesses) {
  MutexLock lock(mutex_);
  Note(window, guesses);
}

void LanguageTrack::Note(int64_t window, const std::vector<LanguageGuess>& guesses) {
  early_.emplace(window, guesses);
  for (auto next = early_.find(known_); next != early_.end() && !confident_;
       next = early_.find(known_)) {
    for (const LanguageGuess& guess : next->second) sums_[guess.token] += guess.probability;
    if (!next->second.empty() && next->second.front().probability >= kConfident)
      confident_ = next->second.front();
    answers_[known_] = confident_ ? *confident_ : Likeliest();
    early_.erase(next);
    ++known_;
  }
  changed_.notify_all();
}

LanguageGuess LanguageTrack::Likeliest() const {
  if (sums_.empty()) return {};
  const auto best =
      std::ranges::max_element(sums_, {}, [](const auto& entry) { return entry.second; });
  return {best->first, best->second / static_cast<float>(known_ + 1)};
}

}  // namespace verbatim::pipeline
