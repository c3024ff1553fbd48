#include "outputs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <system_error>

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
using transcript::Format;

// One spelling per place, also for what does not exist yet.
fs::path Place(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  fs::path place = fs::weakly_canonical(absolute, error);
  return error ? absolute.lexically_normal() : place;
}

fs::path FolderOf(const fs::path& input, const OutputRequest& request) {
  if (!request.output_dir.empty()) return request.output_dir;
  return input.has_parent_path() ? input.parent_path() : fs::path(".");
}

enum class Naming { kStem, kWholeName };

fs::path OutputPath(const fs::path& input, const OutputRequest& request, Naming naming,
                    Format format) {
  const fs::path name = naming == Naming::kStem ? input.stem() : input.filename();
  const fs::path folder = FolderOf(input, request);
  const std::string file = name.string() + "." + std::string(transcript::FormatName(format));
  return folder == "." ? fs::path(file) : folder / file;
}

Result<void> CheckSingleOutput(size_t input_count, const OutputRequest& request) {
  if (input_count == 1 && request.formats.size() == 1) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "--output takes one file and one format; use --output-dir for several");
}

// How often each output place would be taken if all were named by their stems.
std::map<fs::path, int> CountStems(const std::vector<fs::path>& inputs,
                                   const OutputRequest& request) {
  std::map<fs::path, int> counts;
  for (const fs::path& input : inputs) {
    ++counts[Place(OutputPath(input, request, Naming::kStem, request.formats.front()))];
  }
  return counts;
}

Result<void> CheckPlaces(const std::vector<fs::path>& inputs,
                         const std::vector<std::vector<Output>>& plan) {
  std::map<fs::path, fs::path> input_places;
  for (const fs::path& input : inputs) {
    if (!input_places.emplace(Place(input), input).second) {
      return Fail(ErrorCode::kInvalidArgument, input.string() + " is given twice");
    }
  }
  std::map<fs::path, fs::path> taken;
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (const Output& output : plan[i]) {
      if (output.path.empty()) continue;
      const fs::path place = Place(output.path);
      if (const auto input = input_places.find(place); input != input_places.end()) {
        return Fail(ErrorCode::kInvalidArgument,
                    fmt::format("the output {} would overwrite the input {}", output.path.string(),
                                input->second.string()));
      }
      const auto [other, is_new] = taken.emplace(place, inputs[i]);
      if (is_new) continue;
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} and {} would both become {}", other->second.string(),
                              inputs[i].string(), output.path.string()));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::vector<Output>>> PlanOutputs(const std::vector<fs::path>& inputs,
                                                     const OutputRequest& request) {
  std::vector<std::vector<Output>> plan(inputs.size());
  if (!request.output.empty()) {
    TRY_VOID(CheckSingleOutput(inputs.size(), request));
    const fs::path path = request.output == "-" ? fs::path() : fs::path(request.output);
    plan[0].push_back({request.formats[0], path});
  } else {
    const std::map<fs::path, int> counts = CountStems(inputs, request);
    for (size_t i = 0; i < inputs.size(); ++i) {
      const fs::path first = OutputPath(inputs[i], request, Naming::kStem, request.formats.front());
      const Naming naming = counts.at(Place(first)) > 1 ? Naming::kWholeName : Naming::kStem;
      for (const Format format : request.formats) {
        plan[i].push_back({format, OutputPath(inputs[i], request, naming, format)});
      }
    }
  }
  TRY_VOID(CheckPlaces(inputs, plan));
  return plan;
}

Result<void> PrepareFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return Failure(SystemError(error.value(), "making the output folder " + folder.string()));
  }
  if (!fs::is_directory(folder, error)) {
    return Fail(ErrorCode::kInvalidArgument, folder.string() + " is not a folder");
  }
  // A nameless file shows what permissions alone don't: read-only disks, exhausted quotas.
  const int fd = open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  const bool is_refused = fd < 0 && errno != EOPNOTSUPP && errno != EISDIR;
  const bool is_closed = fd < 0 && !is_refused && access(folder.c_str(), W_OK | X_OK) != 0;
  if (!is_refused && !is_closed) return {};
  return Failure(SystemError(errno, "the output folder " + folder.string() + " can't be written"));
}

Result<std::vector<Format>> ParseFormats(const std::string& list) {
  std::vector<Format> formats;
  size_t begin = 0;
  while (begin <= list.size()) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string name = list.substr(begin, end - begin);
    begin = end + 1;
    const std::optional<Format> format = transcript::ParseFormat(name);
    if (!format) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("unknown format \"{}\"; choose from txt, srt, vtt, json, tsv", name));
    }
    if (std::ranges::find(formats, *format) == formats.end()) formats.push_back(*format);
  }
  return formats;
}

std::optional<Format> FormatOfPath(const fs::path& path) {
  const std::string extension = path.extension();
  return extension.empty() ? std::nullopt : transcript::ParseFormat(extension.substr(1));
}

}  // namespace verbatim::app
