#include "sample_clip.h"

#include <system_error>

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;

constexpr char kClip[] = "nasa_webb_video.mp4";

}  // namespace

Result<fs::path> FindSampleClip() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed = program.parent_path().parent_path() / "share" / "verbatim" / kClip;
  if (fs::exists(installed, error)) return installed;
  fs::path in_source = fs::path(VERBATIM_ROOT) / "tests" / "data" / kClip;
  if (fs::exists(in_source, error)) return in_source;
  return Fail(ErrorCode::kNotFound, std::string("the sample clip ") + kClip + " was not installed");
}

}  // namespace verbatim::app
