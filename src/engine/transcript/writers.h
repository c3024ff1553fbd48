// Transcript -> the bytes of an output file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "transcript/cue.h"
#include "transcript/transcript.h"

namespace verbatim::transcript {

enum class Format { kTxt, kSrt, kVtt, kJson, kTsv };

// "txt", "srt", "vtt", "json", "tsv": also the file's extension.
std::string_view FormatName(Format format);
std::optional<Format> ParseFormat(std::string_view name);

enum class WordTimes { kOmit, kWrite };

// Renders a transcript. Pure. UTF-8, line ends are "\n", the last line is ended.
// kTxt: one line per segment. kTsv: start, end (ms), text, with a header line. kJson: the fields of OpenAI's verbose_json
// (task, language, duration, text, segments with id, seek, start, end, text, tokens, temperature, avg_logprob,
// compression_ratio, no_speech_prob; words with word, start, end) plus words' probabilities, coverage, model, source,
// warnings and the cue options: ReadJson gives back a transcript that renders the same in every format.
// `words` governs the top-level "words" of JSON and the inline times of VTT alone.
std::string Render(const Transcript& transcript, Format format, const CueOptions& cues, WordTimes words);

// Reads what Render(kJson) wrote with WordTimes::kWrite or kOmit.
// Errors: kInvalidArgument with what is missing.
Result<Transcript> ReadJson(std::string_view json);

}  // namespace verbatim::transcript
