// One function per output format; Render (writers.h) chooses.
#pragma once

#include <string>

#include "transcript/cue.h"
#include "transcript/transcript.h"
#include "transcript/writers.h"

namespace verbatim::transcript {

std::string RenderTxt(const Transcript& transcript);

std::string RenderTsv(const Transcript& transcript);

// Hours have as many digits as they need, two at least.
std::string RenderSrt(const Transcript& transcript, const CueOptions& options);

// Source: W3C WebVTT, "WebVTT cue text" and "WebVTT timestamp".
std::string RenderVtt(const Transcript& transcript, const CueOptions& options, WordTimes words);

// Raised when a reader of the older form would misread the newer one.
inline constexpr int kJsonVersion = 1;

std::string RenderJson(const Transcript& transcript, const CueOptions& options, WordTimes words);

}  // namespace verbatim::transcript
