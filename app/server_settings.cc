#include "server_settings.h"

#include <cstdlib>

namespace verbatim::app {

Result<settings::Loaded> LoadServerSettings(const ServeArguments& arguments) {
  settings::Sources sources;
  if (!arguments.config.empty()) sources.file = arguments.config;
  sources.environment = [](const char* name) -> const char* { return std::getenv(name); };
  sources.flags = arguments.settings;
  return settings::Load(sources);
}

}  // namespace verbatim::app
