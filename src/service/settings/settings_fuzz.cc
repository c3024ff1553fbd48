// Any bytes as a file of settings: it is refused with a reason, or every value in it is allowed and
// comes back from its text.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/atomic_file.h"
#include "base/check.h"
#include "settings/settings.h"

namespace settings = verbatim::settings;

namespace {

const std::filesystem::path& FilePath() {
  static const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                            ("settings_fuzz_" + std::to_string(getpid()) + ".toml");
  return path;
}

void CheckValues(const settings::Settings& loaded) {
  for (const settings::Definition& definition : settings::Definitions()) {
    settings::Settings again;
    const std::string text = settings::ValueText(loaded, definition);
    CHECK(settings::Assign(again, definition, text).has_value());
    CHECK(settings::ValueText(again, definition) == text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CHECK(verbatim::WriteFileAtomically(FilePath(), text).has_value());
  const auto loaded = settings::Load({FilePath(), {}, {}});
  std::filesystem::remove(FilePath());
  if (loaded) {
    CheckValues(loaded->settings);
  } else {
    CHECK(!loaded.error().message.empty());
  }
  return 0;
}
