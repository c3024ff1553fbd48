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
// kTxt: one line per segment. kTsv: start, end (ms), text, with a header line. kJson: the fields of
// OpenAI's verbose_json and what rebuilds the other formats (docs/formats.md). Without segments,
// TXT and SRT are empty. `cues` must pass ValidateCueOptions. `words` governs the top-level "words"
// of JSON and the inline times of VTT alone. Every format depends on milliseconds only, so that
// ReadJson gives back a transcript that renders the same.
std::string Render(const Transcript& transcript, Format format, const CueOptions& cues,
                   WordTimes words);

// Reads what Render(kJson) wrote with WordTimes::kWrite or kOmit. Times come back rounded to
// milliseconds, measures to four decimals; fields that are not known are passed over. Coverage
// comes back as it stands in the file. Errors: kInvalidArgument with what is missing or wrong, and
// where.
Result<Transcript> ReadJson(std::string_view json);

// Reads the cue options that Render(kJson) was given.
// Errors: kInvalidArgument, also for options that ValidateCueOptions refuses.
Result<CueOptions> ReadJsonCueOptions(std::string_view json);

}  // namespace verbatim::transcript
