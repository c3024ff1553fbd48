// What launcher and zygote say to each other. Both are the same program, so structs go as they are.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sandbox/layers.h"

namespace verbatim::sandbox {

// Asks for a process; with it go the descriptors of LaunchDescriptors.
struct LaunchMessage {
  uint64_t memory_bytes = 0;
  uint64_t cpu_seconds = 0;
};

struct LaunchDescriptors {
  int connection = -1;
  int end = -1;
  int input = -1;  // -1: there is none
};

// How a process ended: sandbox::End.
struct EndMessage {
  int32_t kind = 0;
  int32_t value = 0;
  int64_t cpu_ms = 0;
};

// Returns 0 or the error number.
int SendLaunch(int control, const LaunchMessage& message, const LaunchDescriptors& descriptors);

// Waits for the next. None: the other end is gone. Descriptors are the receiver's.
struct ReceivedLaunch {
  LaunchMessage message;
  LaunchDescriptors descriptors;
};
std::optional<ReceivedLaunch> ReceiveLaunch(int control);

// What the zygote says first.
std::string EncodeReport(const LayerReport& report);
std::optional<LayerReport> DecodeReport(std::string_view bytes);

// Two connected sockets that keep messages apart and are closed by exec. Errors: kIo.
Result<std::array<int, 2>> MakeSocketPair();

}  // namespace verbatim::sandbox
