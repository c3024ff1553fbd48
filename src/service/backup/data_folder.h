// The names in a data folder; a backup has the same.
#pragma once

#include <string_view>

namespace verbatim::backup {

inline constexpr std::string_view kLedgerName = "verbatim.db";
inline constexpr std::string_view kUploadsName = "uploads";
// Held by whoever changes the folder (store/process_lock.h): a server, or Restore.
inline constexpr std::string_view kLockName = "verbatim.db.lock";
// What Restore puts together, before it has its place. Where it lies a restore was interrupted.
inline constexpr std::string_view kRestoringName = "restoring.part";
// In a backup alone; says for people what the folder is.
inline constexpr std::string_view kMarkerName = "BACKUP.txt";

}  // namespace verbatim::backup
