// A reader whose process does not keep to the rules.
#include "media/impl/sandboxed_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <thread>

#include "media/impl/limits.h"
#include "media/test_frames.h"

namespace verbatim::media {
namespace {

using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// The honest messages with others in place of those from `index` on.
Result<std::vector<float>> ReadWith(size_t index, std::vector<ReaderFrame> others) {
  std::vector<std::string> messages = HonestMessages();
  messages.resize(index);
  for (const ReaderFrame& frame : others) messages.push_back(Encode(frame));
  return ReadSent(messages);
}

ReadBlock Block(int64_t begin, std::vector<float> samples, double progress = 0.9) {
  return {{SampleTime(begin), std::move(samples)}, progress};
}

NotedDamage Damage(size_t index, int64_t begin, int64_t end) {
  return {index, {SampleTime(begin), SampleTime(end), "damaged"}};
}

void ExpectDistrust(const Result<std::vector<float>>& read) {
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorruptMedia);
  EXPECT_THAT(read.error().message, HasSubstr("did not keep to the rules"));
}

TEST(SandboxedReader, TakesWhatIsHonest) {
  const auto sound = ReadSent(HonestMessages());
  ASSERT_TRUE(sound) << sound.error().message;
  EXPECT_EQ(sound->size(), 8000U);
}

TEST(SandboxedReader, TakesTheErrorOfTheProcess) {
  const auto read = ReadWith(0, {Failed{{ErrorCode::kUnsupportedMedia, "it has no sound"}}});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kUnsupportedMedia);
  EXPECT_EQ(read.error().message, "it has no sound");
}

TEST(SandboxedReader, RefusesMessagesInAnotherOrder) {
  const std::vector<std::string> honest = HonestMessages();
  ExpectDistrust(ReadSent({honest[2]}));             // a block before the file is open
  ExpectDistrust(ReadSent({honest[8]}));             // its end
  ExpectDistrust(ReadSent({honest[0], honest[0]}));  // open twice
  ExpectDistrust(ReadSent({honest[0], honest[4]}));  // not the first block
  ExpectDistrust(ReadSent({honest[0], honest[2], honest[2]}));
}

TEST(SandboxedReader, RefusesWhatIsNoSound) {
  ExpectDistrust(ReadWith(5, {Block(6000, {kNan})}));
  ExpectDistrust(ReadWith(5, {Block(6000, {1.01F})}));
  ExpectDistrust(ReadWith(5, {Block(6000, {-std::numeric_limits<float>::infinity()})}));
  ExpectDistrust(ReadWith(5, {Block(6000, {})}));
  ExpectDistrust(ReadWith(5, {Block(6000, std::vector<float>(16'001))}));
  ExpectDistrust(ReadWith(5, {Block(6001, {0.0F})}));
  ExpectDistrust(ReadWith(5, {Block(-6000, {0.0F})}));
}

TEST(SandboxedReader, RefusesProgressThatIsNone) {
  for (const double progress : {0.4, 1.1, -0.1, std::nan("")}) {
    ExpectDistrust(ReadWith(5, {Block(6000, {0.0F}, progress)}));
  }
}

TEST(SandboxedReader, RefusesDamagesOutOfOrder) {
  ExpectDistrust(ReadWith(6, {Damage(2, 7000, 7100)}));  // there is one
  ExpectDistrust(ReadWith(7, {Damage(0, 4000, 6000)}));  // no longer the last
  ExpectDistrust(ReadWith(6, {Damage(1, 100, 200)}));
  ExpectDistrust(ReadWith(6, {Damage(1, 7000, 7000)}));
  ExpectDistrust(ReadWith(6, {Damage(1, -1, 7000)}));
}

TEST(SandboxedReader, RefusesFilesThatCannotBe) {
  const auto opened = [](auto change) {
    MediaInfo info;
    info.container = "wav";
    info.tracks = {{0, "aac", 48000, 2, "en", true}};
    change(info);
    return std::vector<ReaderFrame>{Opened{info}};
  };
  ExpectDistrust(ReadWith(0, opened([](MediaInfo& info) { info.track = 1; })));
  ExpectDistrust(ReadWith(0, opened([](MediaInfo& info) { info.tracks.clear(); })));
  ExpectDistrust(ReadWith(0, opened([](MediaInfo& info) { info.tracks.resize(65); })));
  ExpectDistrust(ReadWith(0, opened([](MediaInfo& info) { info.container = "a\x1b[2J"; })));
  ExpectDistrust(ReadWith(0, opened([](MediaInfo& info) { info.container.resize(300, 'a'); })));
  ExpectDistrust(ReadWith(0, opened([](MediaInfo& info) { info.tracks[0].language = "\xff"; })));
  ExpectDistrust(ReadWith(
      0, opened([](MediaInfo& info) { info.duration_estimate = std::chrono::hours(24 * 365); })));
  ExpectDistrust(ReadWith(0, opened([](MediaInfo& info) { info.size_bytes = UINT64_MAX; })));
}

TEST(SandboxedReader, RefusesQuestionsThatNobodyAsks) {
  ExpectDistrust(ReadWith(1, {WantedBytes{0, 0}}));
  ExpectDistrust(ReadWith(1, {WantedBytes{0, kServedBytesMax + 1}}));
  ExpectDistrust(ReadWith(1, {WantedBytes{UINT64_MAX, 1}}));
}

TEST(SandboxedReader, RefusesErrorsThatAreNotTheProcess) {
  ExpectDistrust(ReadWith(0, {Failed{{ErrorCode::kCancelled, "cancelled"}}}));
  ExpectDistrust(ReadWith(0, {Failed{{ErrorCode::kNotFound, "given up"}}}));
  ExpectDistrust(ReadWith(0, {Failed{{ErrorCode::kIo, ""}}}));
}

TEST(SandboxedReader, TakesNoMoreSoundThanTheSizeCanBear) {
  // The source has 1000 bytes: 3 hours, and a second for each.
  EXPECT_EQ(SoundEndMax(1000), std::chrono::hours(3) + std::chrono::seconds(1000));
  std::array<int, 2> connection{};
  std::array<int, 2> end{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, connection.data()), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end.data()), 0);
  std::jthread sender([&] {
    const std::string opened = HonestMessages()[0];
    send(connection[1], opened.data(), opened.size(), MSG_NOSIGNAL);
    ssize_t sent = 1;
    for (int64_t begin = 0; sent > 0; begin += 16'000) {
      const std::string block = Encode(Block(begin, std::vector<float>(16'000), 0));
      sent = send(connection[1], block.data(), block.size(), MSG_NOSIGNAL);
    }
  });
  {
    const auto reader = OpenStarted(sandbox::Child(connection[0], end[0]), Input::kServed,
                                    std::make_shared<NoSource>(), {});
    ASSERT_TRUE(reader);
    auto block = (*reader)->Next({});
    while (block && *block) block = (*reader)->Next({});
    ASSERT_FALSE(block);
    EXPECT_EQ(block.error().code, ErrorCode::kCorruptMedia);
    EXPECT_THAT(block.error().message, HasSubstr("more sound than its size"));
  }
  sender.join();
  close(connection[1]);
  close(end[1]);
}

TEST(SandboxedReader, SaysThatTheProcessIsGone) {
  const std::vector<std::string> honest = HonestMessages();
  for (size_t count = 0; count < honest.size() - 1; ++count) {
    const auto read = ReadSent({honest.begin(), honest.begin() + static_cast<ptrdiff_t>(count)});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kBusy);
    EXPECT_THAT(read.error().message, HasSubstr("is gone, as happens where memory is short"));
  }
}

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  std::vector<std::string> Mutate(std::vector<std::string> messages) {
    for (size_t i = 0; i <= Below(3); ++i) MutateOnce(messages);
    return messages;
  }

 private:
  size_t Below(size_t bound) { return random_() % bound; }

  void MutateOnce(std::vector<std::string>& messages) {
    if (messages.empty()) return;
    const size_t index = Below(messages.size());
    std::string& message = messages[index];
    switch (Below(7)) {
      case 0: messages.erase(messages.begin() + static_cast<ptrdiff_t>(index)); return;
      case 1: messages.insert(messages.begin() + static_cast<ptrdiff_t>(index), message); return;
      case 2: std::swap(message, messages[Below(messages.size())]); return;
      case 3: message.resize(Below(message.size() + 1)); return;
      case 4: message.append(Below(20), static_cast<char>(Below(256))); return;
      case 5:
        for (char& byte : message) byte = static_cast<char>(Below(256));
        return;
      default:
        // Mostly near the front, where the numbers are.
        const size_t reach = Below(2) == 0 ? message.size() : std::min<size_t>(40, message.size());
        if (reach > 0) message[Below(reach)] = static_cast<char>(Below(256));
    }
  }

  std::mt19937 random_;
};

TEST(SandboxedReader, SurvivesThousandsOfBrokenConversations) {
  const std::vector<std::string> honest = HonestMessages();
  int refused = 0;
  for (uint32_t seed = 0; seed < 5'000; ++seed) {
    SCOPED_TRACE(seed);
    const auto sound = ReadSent(Mutator(seed).Mutate(honest));
    if (sound) {
      EXPECT_TRUE(std::ranges::all_of(*sound, [](float x) { return x >= -1 && x <= 1; }));
      continue;
    }
    ++refused;
    EXPECT_FALSE(sound.error().message.empty());
  }
  EXPECT_GT(refused, 2'000);
  EXPECT_LT(refused, 5'000);
}

}  // namespace
}  // namespace verbatim::media
