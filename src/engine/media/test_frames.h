// For tests: what a process could send to an AudioReader of its parent, honest or not.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_source.h"
#include "media/audio_reader.h"
#include "media/impl/reader_frames.h"
#include "media/impl/sandboxed_reader.h"

namespace verbatim::media {

// A file of which nothing matters but that it can be read.
class NoSource final : public ByteSource {
 public:
  std::optional<uint64_t> size() const override { return 1000; }
  uint64_t available() const override { return 1000; }
  Result<size_t> ReadAt(uint64_t offset, std::span<char> into, const std::stop_token&) override {
    return offset < 1000 ? std::min<size_t>(into.size(), 1000 - offset) : 0;
  }
};

// Reads what somebody sends who sends these messages, whatever the answers, and then ends. Returns
// the sound, or the error.
inline Result<std::vector<float>> ReadSent(const std::vector<std::string>& messages) {
  std::array<int, 2> connection{};
  std::array<int, 2> end{};
  const int kind = SOCK_SEQPACKET | SOCK_CLOEXEC;
  if (socketpair(AF_UNIX, kind, 0, connection.data()) != 0) return std::vector<float>();
  if (socketpair(AF_UNIX, kind, 0, end.data()) != 0) return std::vector<float>();
  for (const std::string& message : messages) {
    send(connection[1], message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  shutdown(connection[1], SHUT_WR);
  close(end[1]);
  Result<std::vector<float>> sound;
  auto reader = OpenStarted(sandbox::Child(connection[0], end[0]), Input::kServed,
                            std::make_shared<NoSource>(), {});
  while (reader && sound) {
    auto block = (*reader)->Next({});
    if (!block) sound = Failure(std::move(block).error());
    if (!block || !*block) break;
    sound->insert(sound->end(), (*block)->samples.begin(), (*block)->samples.end());
  }
  if (!reader) sound = Failure(std::move(reader).error());
  close(connection[1]);
  return sound;
}

// What a process sends for a file of half a second that is damaged in one place.
inline std::vector<std::string> HonestMessages() {
  MediaInfo info;
  info.container = "matroska,webm";
  info.size_bytes = 1000;
  info.duration_estimate = SampleTime(8000);
  info.tracks = {{0, "aac", 48000, 2, "en", true}, {1, "opus", 48000, 6, "de", false}};
  std::vector<ReaderFrame> frames = {Opened{info}, WantedBytes{0, 100}};
  frames.emplace_back(ReadBlock{{SampleTime(0), std::vector<float>(4000, 0.5F)}, 0.25});
  frames.emplace_back(NotedDamage{0, {SampleTime(4000), SampleTime(4500), "damaged"}});
  frames.emplace_back(ReadBlock{{SampleTime(4000), std::vector<float>(2000, -0.5F)}, 0.5});
  frames.emplace_back(NotedDamage{0, {SampleTime(4000), SampleTime(6000), "damaged"}});
  frames.emplace_back(NotedDamage{1, {SampleTime(7000), SampleTime(7100), "damaged"}});
  frames.emplace_back(ReadBlock{{SampleTime(6000), std::vector<float>(2000, 1.0F)}, 1.0});
  frames.emplace_back(ReachedEnd{});
  std::vector<std::string> messages;
  for (const ReaderFrame& frame : frames) messages.push_back(Encode(frame));
  return messages;
}

}  // namespace verbatim::media
