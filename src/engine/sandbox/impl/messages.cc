#include "sandbox/impl/messages.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sandbox/frame.h"
#include "sandbox/impl/lock.h"

namespace verbatim::sandbox {
namespace {

constexpr uint8_t kReport = 1;
constexpr size_t kReasonBytesMax = 400;
constexpr size_t kDescriptorsMax = 3;

// A control message with room for the descriptors of a launch.
union DescriptorBuffer {
  cmsghdr header;
  char bytes[CMSG_SPACE(kDescriptorsMax * sizeof(int))];
};

}  // namespace

int SendLaunch(int control, const LaunchMessage& message, const LaunchDescriptors& descriptors) {
  const int all[kDescriptorsMax] = {descriptors.connection, descriptors.end, descriptors.input};
  const size_t bytes = (descriptors.input >= 0 ? 3 : 2) * sizeof(int);
  DescriptorBuffer buffer{};
  iovec body{const_cast<LaunchMessage*>(&message), sizeof message};
  msghdr head{};
  head.msg_iov = &body;
  head.msg_iovlen = 1;
  head.msg_control = &buffer;
  head.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr* rights = CMSG_FIRSTHDR(&head);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(rights), all, bytes);
  ssize_t sent = 0;
  do {
    sent = sendmsg(control, &head, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

std::optional<ReceivedLaunch> ReceiveLaunch(int control) {
  ReceivedLaunch launch;
  DescriptorBuffer buffer{};
  iovec body{&launch.message, sizeof launch.message};
  msghdr head{};
  head.msg_iov = &body;
  head.msg_iovlen = 1;
  head.msg_control = &buffer;
  head.msg_controllen = sizeof buffer;
  ssize_t got = 0;
  do {
    got = recvmsg(control, &head, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  const cmsghdr* rights = CMSG_FIRSTHDR(&head);
  if (got != sizeof launch.message || rights == nullptr) return std::nullopt;
  int all[kDescriptorsMax] = {-1, -1, -1};
  std::memcpy(all, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));
  launch.descriptors = {all[0], all[1], all[2]};
  return launch;
}

std::string EncodeReport(const LayerReport& report) {
  FrameWriter writer(kReport);
  for (const LayerState& state : report.layers) {
    writer.Number(state.is_active ? 1 : 0);
    writer.Text(state.reason);
  }
  writer.Text(report.leak);
  return writer.bytes();
}

std::optional<LayerReport> DecodeReport(std::string_view bytes) {
  FrameReader reader(bytes);
  LayerReport report;
  for (size_t i = 0; i < kLayerCount; ++i) {
    const bool is_active = reader.Number(1) == 1;
    report.layers.push_back({static_cast<Layer>(i), is_active, reader.Text(kReasonBytesMax)});
  }
  report.leak = reader.Text(kReasonBytesMax);
  if (!reader.is_valid() || reader.kind() != kReport) return std::nullopt;
  return report;
}

Result<std::array<int, 2>> MakeSocketPair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0) return ends;
  return Failure(SystemError(errno, "connecting with a process that reads media"));
}

}  // namespace verbatim::sandbox
