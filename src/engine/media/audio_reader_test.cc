#include "media/audio_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <limits>
#include <random>

#include "media/test_reader.h"
#include "media/test_wav.h"
#include "tests/sanitizers.h"

namespace verbatim::media {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(AudioReader, ReadsEveryRateFormatAndChannelCount) {
  const TemporaryFolder folder;
  const std::array<WavShape, 6> formats{{{.bits = 8},
                                         {.bits = 16},
                                         {.bits = 24},
                                         {.bits = 32},
                                         {.bits = 32, .is_float = true},
                                         {.bits = 64, .is_float = true}}};
  for (const int rate : {4000, 8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000}) {
    for (const int channels : {1, 2, 3, 5, 6, 8, 11, 16}) {
      WavShape shape = formats[static_cast<size_t>(rate / 7 + channels) % formats.size()];
      shape.sample_rate = rate;
      shape.channel_count = channels;
      SCOPED_TRACE(std::to_string(rate) + " Hz, " + std::to_string(channels) + " channels");
      const ReadOut out = ReadAll(folder.Write("tone.wav", MakeWav(shape, Tone(shape, 1.5))));
      ASSERT_FALSE(out.error) << out.error->message;
      EXPECT_TRUE(out.is_regular);
      EXPECT_NEAR(out.length(), 1.5, 0.001);
      EXPECT_NEAR(out.Level(0.1, 1.4), kToneLevel, 0.01);
      EXPECT_TRUE(out.damages.empty());
      EXPECT_EQ(out.info.tracks.at(0).sample_rate, rate);
      EXPECT_EQ(out.info.tracks.at(0).channel_count, channels);
    }
  }
}

TEST(AudioReader, TellsWhatTheFileHolds) {
  const auto reader = OpenReader(ProjectData("nasa_webb_video.mp4"), {});
  ASSERT_TRUE(reader);
  const MediaInfo& info = (*reader)->info();
  EXPECT_THAT(info.container, HasSubstr("mp4"));
  EXPECT_EQ(info.size_bytes, 672'981U);
  EXPECT_NEAR(ToSeconds(info.duration_estimate), 16.57, 0.01);  // of its longest track
  ASSERT_EQ(info.tracks.size(), 2U);
  EXPECT_EQ(info.tracks[0].codec, "aac");
  EXPECT_EQ(info.tracks[0].sample_rate, 8000);
  EXPECT_EQ(info.tracks[1].sample_rate, 16000);
  EXPECT_EQ(info.track, 0);  // both claim to be the default one
}

TEST(AudioReader, KeepsTheTimeOfSoundThatStartsLate) {
  const ReadOut out = ReadAll(ProjectData("jfk_starts_5s_late.mkv"));
  ASSERT_FALSE(out.error);
  EXPECT_NEAR(out.length(), 16.0, 0.06);
  EXPECT_EQ(out.Level(0, 5), 0);
  EXPECT_GT(out.Level(5, 16), 0.1);
  const ReadOut direct = ReadAll(ProjectData("jfk.flac"));
  EXPECT_NEAR(out.Level(5.3, 8), direct.Level(0.3, 3), 0.002);
}

TEST(AudioReader, KeepsAnInvertedPairAudible) {
  const ReadOut out = ReadAll(ProjectData("jfk_stereo_antiphase.flac"));
  ASSERT_FALSE(out.error);
  const ReadOut direct = ReadAll(ProjectData("jfk.flac"));
  EXPECT_NEAR(out.Level(), direct.Level(), 0.002);
}

TEST(AudioReader, ReadsTheWantedTrack) {
  const auto path = ProjectData("jfk_second_track.mkv");
  const ReadOut first = ReadAll(path);
  ASSERT_FALSE(first.error);
  EXPECT_EQ(first.info.track, 0);
  EXPECT_EQ(first.Level(), 0);
  const ReadOut second = ReadAll(path, {.track = 1});
  ASSERT_FALSE(second.error);
  EXPECT_EQ(second.info.track, 1);
  EXPECT_GT(second.Level(), 0.1);
  for (const int wrong : {2, -1, 1000}) {
    const ReadOut none = ReadAll(path, {.track = wrong});
    ASSERT_TRUE(none.error);
    EXPECT_EQ(none.error->code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(none.error->message, HasSubstr("0 (flac), 1 (flac)"));
  }
}

TEST(AudioReader, BelievesNoImpossibleDuration) {
  const ReadOut out = ReadAll(ProjectData("fragmented_claims_40_hours.mp4"));
  ASSERT_FALSE(out.error);
  EXPECT_EQ(out.info.duration_estimate, SampleTime{0});
  EXPECT_NEAR(out.length(), 1.07, 0.06);
  EXPECT_TRUE(out.damages.empty());
}

TEST(AudioReader, ReportsTheMissingTail) {
  const ReadOut out = ReadAll(ProjectData("jfk_truncated.wav"));
  ASSERT_FALSE(out.error);
  EXPECT_NEAR(out.length(), 3.12, 0.01);
  ASSERT_EQ(out.damages.size(), 1U);
  EXPECT_NEAR(ToSeconds(out.damages[0].begin), 3.12, 0.01);
  EXPECT_NEAR(ToSeconds(out.damages[0].end), 11.0, 0.1);
  EXPECT_THAT(out.damages[0].reason, HasSubstr("ends early"));
}

TEST(AudioReader, ReadsWhatIsLeftOfADamagedFile) {
  std::ifstream file(ProjectData("lj001_0005.mp3"), std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  std::fill(bytes.begin() + 12'000, bytes.begin() + 16'000, '\xA5');  // 1 s of 8 s
  const TemporaryFolder folder;
  const ReadOut out = ReadAll(folder.Write("damaged.mp3", bytes));
  ASSERT_FALSE(out.error);
  const ReadOut whole = ReadAll(ProjectData("lj001_0005.mp3"));
  EXPECT_GT(out.length(), 6.5);
  EXPECT_LT(out.length(), whole.length() + 0.1);
  EXPECT_NEAR(out.Level(0.2, 2.5), whole.Level(0.2, 2.5), 0.005);
}

struct Refused {
  std::string name;
  std::string bytes;
  ErrorCode code;
  std::string sentence;
};

TEST(AudioReader, SaysInOneSentenceWhyAFileCannotBeRead) {
  const TemporaryFolder folder;
  const std::string header = WavHeader({}, 0);
  const Refused cases[] = {
      {"empty.mp4", "", ErrorCode::kUnsupportedMedia, "empty"},
      {"text.mp4", std::string(5000, 'x'), ErrorCode::kUnsupportedMedia, "not a media file"},
      {"page.mp3", "<!DOCTYPE html><html><body>404</body></html>", ErrorCode::kUnsupportedMedia,
       "not a media file"},
      {"zeros.mkv", std::string(100'000, '\0'), ErrorCode::kUnsupportedMedia, "not a media file"},
      {"playlist.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n",
       ErrorCode::kUnsupportedMedia, "not a video or audio file"},
      {"list.wav", "ffconcat version 1.0\nfile '/etc/passwd'\n", ErrorCode::kUnsupportedMedia,
       "not a video or audio file"},
      {"header.wav", header, ErrorCode::kUnsupportedMedia, "holds no audio"},
      {"rate.wav", WavHeader({.sample_rate = 2'000'000'000}, 4000) + std::string(4000, 'x'),
       ErrorCode::kCorruptMedia, "sample rate"},
      {"wide.wav", WavHeader({.channel_count = 200}, 40'000) + std::string(40'000, 'x'),
       ErrorCode::kUnsupportedMedia, "200 channels"},
  };
  for (const Refused& refused : cases) {
    SCOPED_TRACE(refused.name);
    const ReadOut out = ReadAll(folder.Write(refused.name, refused.bytes));
    ASSERT_TRUE(out.error);
    EXPECT_EQ(out.error->code, refused.code) << out.error->message;
    EXPECT_THAT(out.error->message, HasSubstr(refused.sentence));
    EXPECT_THAT(out.error->message, Not(HasSubstr(folder.path().string())));
    EXPECT_TRUE(out.samples.empty());
  }
}

TEST(AudioReader, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(ReadAll(folder.path() / "none.mp4").error->code, ErrorCode::kNotFound);
  EXPECT_EQ(ReadAll(folder.path()).error->code, ErrorCode::kIo);
  const auto pipe = folder.path() / "pipe.mp4";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ReadAll(pipe).error->code, ErrorCode::kUnsupportedMedia);
  EXPECT_EQ(ReadAll("/dev/zero").error->code, ErrorCode::kUnsupportedMedia);
}

TEST(AudioReader, NamesWhatItCannotDecode) {
  const ReadOut video = ReadAll(ProjectData("video_only.mp4"));
  ASSERT_TRUE(video.error);
  EXPECT_EQ(video.error->code, ErrorCode::kUnsupportedMedia);
  EXPECT_THAT(video.error->message, HasSubstr("holds only video"));
  const ReadOut ac4 = ReadAll(ProjectData("ac4.mp4"));
  ASSERT_TRUE(ac4.error);
  EXPECT_EQ(ac4.error->code, ErrorCode::kUnsupportedMedia);
  EXPECT_THAT(ac4.error->message, HasSubstr("AC-4"));
}

TEST(AudioReader, TurnsWhatIsNoNumberIntoSilence) {
  const TemporaryFolder folder;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const int bits : {32, 64}) {
    const WavShape shape{.sample_rate = 48000, .bits = bits, .is_float = true};
    auto samples = Tone(shape, 1);
    for (size_t i = 1000; i < 2000; i += 7) samples[i] = i % 2 == 0 ? kNan : -kInfinity;
    for (size_t i = 3000; i < 4000; ++i) samples[i] = 1e30;
    const ReadOut out = ReadAll(folder.Write("nan.wav", MakeWav(shape, samples)));
    ASSERT_FALSE(out.error);
    EXPECT_TRUE(out.is_regular);
    EXPECT_NEAR(out.length(), 1, 0.001);
    EXPECT_NEAR(out.Level(0.2, 0.9), kToneLevel, 0.01);
  }
}

TEST(AudioReader, ClampsWhatIsTooLoud) {
  const TemporaryFolder folder;
  const WavShape shape{.bits = 32, .is_float = true};
  auto samples = Tone(shape, 1);
  for (double& sample : samples) sample *= 8;
  const ReadOut out = ReadAll(folder.Write("loud.wav", MakeWav(shape, samples)));
  EXPECT_TRUE(out.is_regular);
  EXPECT_GT(out.Level(), 0.9);
}

TEST(AudioReader, StopsWhenAsked) {
  auto reader = OpenReader(ProjectData("jfk.flac"), {});
  ASSERT_TRUE(reader);
  std::stop_source stop;
  ASSERT_TRUE((*reader)->Next(stop.get_token()));
  stop.request_stop();
  const auto block = (*reader)->Next(stop.get_token());
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, ErrorCode::kCancelled);
}

// The resident memory of this process. Unit: bytes.
int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

TEST(AudioReader, NeedsNoMoreMemoryForALongFile) {
  if (tests::kIsSanitized) GTEST_SKIP() << "sanitizers keep freed memory";
  const TemporaryFolder folder;
  const WavShape shape{.sample_rate = 8000, .bits = 8};
  constexpr uint32_t kTwoHours = 2 * 3600 * 8000;
  const auto path = folder.Write("long.wav", WavHeader(shape, kTwoHours));
  std::filesystem::resize_file(path, 44 + kTwoHours);  // a hole: it takes no room on the disk
  auto reader = OpenReader(path, {});
  ASSERT_TRUE(reader);
  int64_t blocks = 0;
  int64_t early = 0;
  int64_t peak = 0;
  for (;; ++blocks) {
    const auto block = (*reader)->Next({});
    ASSERT_TRUE(block);
    if (!*block) break;
    if (blocks == 60) early = ResidentBytes();
    if (blocks % 60 == 0) peak = std::max(peak, ResidentBytes());
  }
  EXPECT_EQ(blocks, 7200);
  EXPECT_LT(peak - early, 4 << 20);
}

// No bytes may crash the reader, hang it, or make hours of sound out of nothing.
TEST(AudioReader, SurvivesDamageAnywhere) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  for (const char* name : {"fragmented_claims_40_hours.mp4", "lj001_0004.mp3", "silent_10s.mp4",
                           "jfk_second_track.mkv", "jfk.flac", "jfk_truncated.wav"}) {
    std::ifstream file(ProjectData(name), std::ios::binary);
    const std::string whole(std::istreambuf_iterator<char>(file), {});
    for (int round = 0; round < 25; ++round) {
      std::string bytes = whole.substr(0, round % 3 == 0 ? random() % whole.size() : whole.size());
      const size_t reach = round % 2 == 0 ? std::min<size_t>(bytes.size(), 4096) : bytes.size();
      for (unsigned i = 0; reach > 0 && i < 1 + random() % 40; ++i) {
        bytes[random() % reach] = static_cast<char>(random());
      }
      const ReadOut out = ReadAll(folder.Write("damaged", bytes), {.track = std::nullopt});
      EXPECT_TRUE(out.is_regular) << name << " in round " << round;
      EXPECT_LT(out.length(), 3600) << name << " in round " << round;
      EXPECT_NE(out.error && !out.error->message.empty(), !out.samples.empty())
          << name << " in round " << round;
    }
  }
}

TEST(AudioReader, AgreesWithTheReferenceResampler) {
  const auto reference = SharedFolder() / "reference/jfk.pcm_f32.npy";
  if (!std::filesystem::exists(reference)) GTEST_SKIP() << "no " << reference.filename();
  std::ifstream file(reference, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  const ReadOut out = ReadAll(SharedFolder() / "speech/jfk_ask_not.flac");
  ASSERT_FALSE(out.error);
  ASSERT_EQ(out.samples.size(), 176'000U);
  ASSERT_GT(bytes.size(), out.samples.size() * sizeof(float));
  const char* data = bytes.data() + bytes.size() - out.samples.size() * sizeof(float);
  float largest = 0;
  for (size_t i = 0; i < out.samples.size(); ++i) {
    float expected = 0;
    std::copy_n(data + i * sizeof(float), sizeof(float), reinterpret_cast<char*>(&expected));
    largest = std::max(largest, std::abs(expected - out.samples[i]));
  }
  EXPECT_LT(largest, 1e-4F);
}

}  // namespace
}  // namespace verbatim::media
