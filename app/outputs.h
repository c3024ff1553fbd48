// Where results go: which file each input and format becomes, checked before any work starts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "transcript/writers.h"

namespace verbatim::app {

struct OutputRequest {
  std::vector<transcript::Format> formats;
  std::string output;      // a path, or "-" for standard output; empty: not given
  std::string output_dir;  // empty: beside each input
};

struct Output {
  transcript::Format format = transcript::Format::kSrt;
  std::filesystem::path path;  // empty: standard output
};

// The outputs of each input. talk.mp4 becomes talk.srt; where two inputs of one call would meet in
// a name (talk.mp4, talk.mkv), both keep their extension: talk.mp4.srt, talk.mkv.srt.
// Errors: kInvalidArgument for what can't be done with these inputs: --output with several files
// or formats; an output that is an input; two inputs with one name.
Result<std::vector<std::vector<Output>>> PlanOutputs(
    const std::vector<std::filesystem::path>& inputs, const OutputRequest& request);

// Makes the folder if need be and checks that files can be made in it.
// Errors: kIo, kOutOfSpace; kInvalidArgument if a file has its name.
Result<void> PrepareFolder(const std::filesystem::path& folder);

// "txt,srt" -> formats, in that order, each once. Errors: kInvalidArgument with the choices.
Result<std::vector<transcript::Format>> ParseFormats(const std::string& list);

// The format that a file name's extension stands for.
std::optional<transcript::Format> FormatOfPath(const std::filesystem::path& path);

}  // namespace verbatim::app
