#include "control_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/contain.h"

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "control.sock";
constexpr size_t kLineBytesMax = 8 << 20;  // an audit is long
constexpr timeval kPatience{10, 0};

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int number() const { return number_; }
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

// The socket's address by way of its folder's descriptor: a path may be longer than the 107 bytes
// that an address has.
sockaddr_un AddressIn(const Descriptor& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  fmt::format_to_n(address.sun_path, sizeof(address.sun_path) - 1, "/proc/self/fd/{}/{}",
                   folder.number(), kName);
  return address;
}

struct Endpoint {
  Descriptor folder;
  Descriptor socket;
};

Result<Endpoint> MakeEndpoint(const fs::path& folder) {
  Descriptor opened(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() < 0) return Failure(SystemError(errno, "opening " + folder.string()));
  Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (made.number() < 0) return Failure(SystemError(errno, "making a socket"));
  return Endpoint{std::move(opened), std::move(made)};
}

const sockaddr* Plain(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void SetPatience(int socket) {
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
}

// Up to the end of the line, which is left out; none if it does not come.
std::optional<std::string> ReceiveLine(int socket) {
  std::string line;
  char buffer[4096];
  while (line.size() <= kLineBytesMax) {
    const ssize_t size = recv(socket, buffer, sizeof(buffer), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::nullopt;
    line.append(buffer, static_cast<size_t>(size));
    if (line.ends_with('\n')) {
      line.pop_back();
      return line;
    }
  }
  return std::nullopt;
}

bool SendLine(int socket, std::string line) {
  line += '\n';
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t size = send(socket, left.data(), left.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    left.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::Open(const fs::path& folder, Answer answer) {
  Endpoint endpoint = TRY(MakeEndpoint(folder));
  const fs::path path = folder / kName;
  std::error_code ignored;
  fs::remove(path, ignored);
  const sockaddr_un address = AddressIn(endpoint.folder);
  const int listener = endpoint.socket.number();
  const std::string doing = "listening at " + path.string();
  if (bind(listener, Plain(address), sizeof(address)) != 0 ||
      chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || listen(listener, 8) != 0) {
    return Failure(SystemError(errno, doing));
  }
  const int wake = eventfd(0, EFD_CLOEXEC);
  if (wake < 0) return Failure(SystemError(errno, doing));
  return std::unique_ptr<ControlSocket>(
      new ControlSocket(path, endpoint.socket.Release(), wake, std::move(answer)));
}

ControlSocket::ControlSocket(fs::path path, int listener, int wake, Answer answer)
    : path_(std::move(path)), listener_(listener), wake_(wake), answer_(std::move(answer)) {
  thread_ = std::thread([this] { Serve(); });
}

ControlSocket::~ControlSocket() {
  const uint64_t one = 1;
  while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
  std::error_code ignored;
  fs::remove(path_, ignored);
  close(listener_);
  close(wake_);
}

void ControlSocket::Serve() const {
  pollfd sources[] = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
  while (true) {
    if (poll(sources, 2, -1) < 0) continue;
    if ((sources[1].revents & POLLIN) != 0) return;
    const Descriptor connection(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.number() < 0) continue;
    static_cast<void>(Contain([&] { ServeOne(connection.number()); }));
  }
}

void ControlSocket::ServeOne(int connection) const {
  SetPatience(connection);
  const std::optional<std::string> line = ReceiveLine(connection);
  if (line) SendLine(connection, answer_(*line));
}

Result<std::string> AskServer(const fs::path& folder, const std::string& line) {
  const Endpoint endpoint = TRY(MakeEndpoint(folder));
  const sockaddr_un address = AddressIn(endpoint.folder);
  const int socket = endpoint.socket.number();
  SetPatience(socket);
  if (connect(socket, Plain(address), sizeof(address)) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) {
      return Fail(ErrorCode::kNotFound, "no server runs in " + folder.string());
    }
    return Failure(SystemError(errno, "asking the server of " + folder.string()));
  }
  if (!SendLine(socket, line)) return Failure(SystemError(errno, "asking the server"));
  std::optional<std::string> answer = ReceiveLine(socket);
  if (!answer) return Fail(ErrorCode::kIo, "the server of " + folder.string() + " does not answer");
  return *std::move(answer);
}

}  // namespace verbatim::app
