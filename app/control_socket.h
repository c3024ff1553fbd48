// How commands reach a server that runs: a socket in its data folder, which none but its owner can
// open. One line each way, at a time. It needs no port, no address and no token, so that it works
// before there is any of them (docs/decisions/control_socket.md).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/error.h"

namespace verbatim::app {

class ControlSocket {
 public:
  // Called on a thread of its own, once at a time.
  using Answer = std::function<std::string(const std::string& line)>;

  // Listens in a folder that this process has locked: what an earlier one left is replaced.
  // Errors: kIo and others of the system.
  static Result<std::unique_ptr<ControlSocket>> Open(const std::filesystem::path& folder,
                                                     Answer answer);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  ControlSocket(std::filesystem::path path, int listener, int wake, Answer answer);
  void Serve() const;
  void ServeOne(int connection) const;

  const std::filesystem::path path_;
  const int listener_;
  const int wake_;
  const Answer answer_;
  std::thread thread_;
};

// Asks the server that serves a folder. Errors: kNotFound if none does; kIo.
Result<std::string> AskServer(const std::filesystem::path& folder, const std::string& line);

}  // namespace verbatim::app
