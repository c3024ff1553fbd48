// Which language a file is in. Every window may make a guess from its sound; a window is decoded in
// the language of the first confident guess among those up to its own, or else of the likeliest
// over all of them. That depends on the file's windows alone, however they are spread over workers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/mutex.h"
#include "whisper/language_guess.h"

namespace verbatim::pipeline {

class LanguageTrack {
 public:
  // A guess this likely settles the language of all windows after it.
  static constexpr float kConfident = 0.5F;

  // The language, if it is settled for this window without a guess of its own.
  std::optional<whisper::LanguageGuess> Settled(int64_t window);

  // Notes a window's guesses (likeliest first), waits for those of all windows before it, and
  // returns the language to decode it in. None: stopped. Every window below must make its guess
  // without waiting for this one.
  std::optional<whisper::LanguageGuess> Resolve(int64_t window,
                                                const std::vector<whisper::LanguageGuess>& guesses,
                                                const std::stop_token& stop);

  // Notes the guesses of a window that an earlier run finished; empty if it made none.
  void Remember(int64_t window, const std::vector<whisper::LanguageGuess>& guesses);

 private:
  void Note(int64_t window, const std::vector<whisper::LanguageGuess>& guesses) REQUIRES(mutex_);
  whisper::LanguageGuess Likeliest() const REQUIRES(mutex_);

  Mutex mutex_;
  ConditionVariable changed_;
  std::map<int64_t, std::vector<whisper::LanguageGuess>> early_
      GUARDED_BY(mutex_);                             // not yet in order
  int64_t known_ GUARDED_BY(mutex_) = 0;              // windows below have made their guess
  std::map<int32_t, float> sums_ GUARDED_BY(mutex_);  // of the probabilities of those windows
  std::map<int64_t, whisper::LanguageGuess> answers_ GUARDED_BY(mutex_);
  std::optional<whisper::LanguageGuess> confident_ GUARDED_BY(mutex_);
};

}  // namespace verbatim::pipeline
