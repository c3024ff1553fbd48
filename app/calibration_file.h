// The file of what `verbatim bench --calibrate` found, one entry for each machine and model:
// docs/formats.md. Runs only read it, so that a text does not change from run to run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "measure/bench.h"
#include "measure/calibration.h"
#include "report.h"

namespace verbatim::app {

struct CalibrationEntry {
  measure::CalibrationKey key;
  pipeline::Calibration chosen;
  std::vector<measure::WorkerPoint> curve;  // empty: an older version of Verbatim measured none

  friend bool operator==(const CalibrationEntry&, const CalibrationEntry&) = default;
};

// What --calibration says, else $VERBATIM_CALIBRATION, else calibration.json in the cache folder.
// Nothing where that is "off".
std::optional<std::filesystem::path> CalibrationPath(const std::string& flag);

// The file's text, and back. Errors: kInvalidArgument, with what is wrong.
std::string CalibrationJson(const std::vector<CalibrationEntry>& entries);
Result<std::vector<CalibrationEntry>> ParseCalibrations(std::string_view text);

// Errors: kIo, kTooLarge; kInvalidArgument if it is no calibration. A missing file has no entries.
Result<std::vector<CalibrationEntry>> ReadCalibrations(const std::filesystem::path& path);

// Puts the entry into the file, in place of that with the same key; makes the folder if need be.
// Errors: as ReadCalibrations, and those of writing.
Result<void> StoreCalibration(const std::filesystem::path& path, const CalibrationEntry& entry);

// What the file that `flag` leads to has for this machine and model. A file that cannot be used is
// a warning.
std::optional<CalibrationEntry> StoredCalibration(const std::string& flag,
                                                  const std::filesystem::path& model_directory,
                                                  Reporter& reporter);

// Of an entry, what an engine takes.
std::optional<pipeline::Calibration> ChosenIn(const std::optional<CalibrationEntry>& entry);

}  // namespace verbatim::app
