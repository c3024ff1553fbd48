// Times for the words of a text that a person has changed, from the words that stood there before.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "transcript/transcript.h"

namespace verbatim::transcript {

// A text and the time that it has.
struct TimedText {
  SampleTime begin{0};
  SampleTime end{0};
  std::string text;  // valid UTF-8
};

// The words of each text. Words are what stands between spaces; in scripts without spaces each
// character with its punctuation is one. They are compared with the old words without regard to
// case and punctuation (longest common subsequence): those that stayed keep times, probability and
// the old cut into words, those that are new share the time between their neighbours by length and
// have probability 1. A kept word that lies outside of its text's time counts as new.
// Promises, for texts with begin <= end: the words of a text joined are the text, but for spaces at
// its end; their times are in order and within the text's. New words begin and end at whole
// milliseconds where there is room. A pure function.
std::vector<std::vector<Word>> RetimeWords(std::span<const Word> old,
                                           std::span<const TimedText> texts);

}  // namespace verbatim::transcript
