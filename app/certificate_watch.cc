#include "certificate_watch.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

namespace verbatim::app {
namespace {

// What differs once a file was written, or another took its place.
std::string StampOf(const std::filesystem::path& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) return "none";
  return fmt::format("{} {} {}.{}", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

std::string StampOf(const http::TlsFiles& files) {
  return StampOf(files.certificate) + ", " + StampOf(files.key);
}

}  // namespace

CertificateWatch::CertificateWatch(http::Server& server, http::TlsFiles files, Log& log)
    : server_(server), files_(std::move(files)), log_(log), seen_(StampOf(files_)) {}

void CertificateWatch::Look() {
  {
    const MutexLock turn(turn_);
    std::string stamp = StampOf(files_);
    if (stamp == seen_) return;
    seen_ = std::move(stamp);
  }
  Reload();
}

void CertificateWatch::Reload() {
  const MutexLock turn(turn_);
  if (const Result<void> loaded = server_.ReloadTls(); !loaded) {
    log_.Warning("the certificate stays as it was: {}", loaded.error().message);
  } else {
    log_.Info("the certificate was read again");
  }
}

}  // namespace verbatim::app
