// Keeps the certificate of a server that serves HTTPS fresh: looks each second whether its files
// have changed, and reads them when told to. A pair that does not fit, as between the writing of
// the two files, leaves the one before in use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/log.h"
#include "base/mutex.h"
#include "http/server.h"

namespace verbatim::app {

// Thread: any.
class CertificateWatch {
 public:
  // Both outlive it. `files`: those that the server has read.
  CertificateWatch(http::Server& server, http::TlsFiles files, Log& log);

  // To be called each second: reads files that have changed.
  void Look();
  // Reads them whatever they are.
  void Reload();

 private:
  http::Server& server_;
  const http::TlsFiles files_;
  Log& log_;
  Mutex turn_;
  std::string seen_ GUARDED_BY(turn_);
};

}  // namespace verbatim::app
