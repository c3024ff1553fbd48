// The reader on bytes that are still arriving: it begins early where the container allows it, and
// gives the same sound however they arrive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "media/audio_reader.h"
#include "media/test_reader.h"
#include "media/test_source.h"
#include "media/test_wav.h"

namespace verbatim::media {
namespace {

using ::testing::HasSubstr;
using Size = TricklingSource::Size;

constexpr size_t kStepBytes = 1000;

std::shared_ptr<TricklingSource> Trickle(std::string bytes, Size size) {
  return std::make_shared<TricklingSource>(std::move(bytes), kStepBytes, size);
}

ReadOut ReadFrom(const std::shared_ptr<ByteSource>& source, const std::string& name,
                 const AudioReaderOptions& options = {}) {
  return ReadAll(OpenReader(source, name, options, {}));
}

// Not by EXPECT_EQ, which would print all samples.
void ExpectSameSound(const ReadOut& one, const ReadOut& other) {
  EXPECT_EQ(one.samples.size(), other.samples.size());
  EXPECT_TRUE(one.samples == other.samples);
  EXPECT_EQ(one.error ? one.error->message : "", other.error ? other.error->message : "");
  ASSERT_EQ(one.damages.size(), other.damages.size());
  for (size_t i = 0; i < one.damages.size(); ++i) {
    EXPECT_EQ(one.damages[i].begin, other.damages[i].begin);
    EXPECT_EQ(one.damages[i].end, other.damages[i].end);
  }
}

// As a file, whole, in small steps, and in small steps without a size.
void ExpectSameSoundHoweverItArrives(const std::filesystem::path& path) {
  const std::string bytes = ReadBytes(path);
  const std::string name = path.filename().string();
  const ReadOut file = ReadAll(path);
  ExpectSameSound(
      file, ReadFrom(std::make_shared<TricklingSource>(bytes, bytes.size(), Size::kKnown), name));
  ExpectSameSound(file, ReadFrom(Trickle(bytes, Size::kKnown), name));
  ExpectSameSound(file, ReadFrom(Trickle(bytes, Size::kDeferred), name));
}

bool Ffmpeg(const std::string& arguments) {
  return std::system(("ffmpeg -nostdin -v quiet -y " + arguments).c_str()) == 0;
}

struct Format {
  std::string name;
  std::string arguments;   // for ffmpeg
  double first_share_max;  // of the bytes, when the first block comes; 1: all are needed
};

class Arriving : public ::testing::TestWithParam<Format> {
 protected:
  void SetUp() override {
    if (!Ffmpeg("-version > /dev/null")) GTEST_SKIP() << "no ffmpeg program";
  }

  // Noise, with a picture if the arguments ask for one; empty if it cannot be written.
  std::filesystem::path Make(const std::string& name, const std::string& arguments,
                             const std::string& seconds = "60") const {
    std::string command = "-f lavfi -i anoisesrc=a=0.3:s=1:r=32000:d=" + seconds;
    if (arguments.find("-c:v") != std::string::npos) {
      command.append(" -f lavfi -i testsrc=s=96x64:r=25:d=").append(seconds);
    }
    const auto path = folder_.path() / name;
    command.append(" ").append(arguments).append(" '").append(path.string()).append("'");
    return Ffmpeg(command) ? path : std::filesystem::path();
  }

  TemporaryFolder folder_;
};

TEST_P(Arriving, GivesItsFirstBlockEarlyAndTheSameSoundAsAFile) {
  const Format& format = GetParam();
  const auto path = Make(format.name, format.arguments);
  if (path.empty()) GTEST_SKIP() << "this ffmpeg cannot write " << format.name;
  for (const Size size : {Size::kKnown, Size::kDeferred}) {
    const auto source = Trickle(ReadBytes(path), size);
    const auto reader = OpenReader(source, format.name, {}, {});
    ASSERT_TRUE(reader) << reader.error().message;
    const bool is_early = format.first_share_max < 1;
    EXPECT_EQ((*reader)->info().is_sequential, is_early);
    const auto block = (*reader)->Next({});
    ASSERT_TRUE(block && *block);
    EXPECT_EQ((*block)->samples.size(), 16'000U);
    EXPECT_LE(source->arrived_share(), format.first_share_max);
    const bool is_size_known = size == Size::kKnown || !is_early;
    EXPECT_EQ((*reader)->info().size_bytes, is_size_known ? std::filesystem::file_size(path) : 0);
    EXPECT_TRUE(is_size_known || (*reader)->info().duration_estimate == SampleTime{0});
  }
  ExpectSameSoundHoweverItArrives(path);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Arriving,
    ::testing::Values(
        Format{"plain.wav", "-c:a pcm_s16le", .1}, Format{"rf64.wav", "-rf64 always", .1},
        Format{"adpcm.wav", "-c:a adpcm_ms", .3}, Format{"plain.w64", "-c:a pcm_s16le", .1},
        Format{"plain.au", "-c:a pcm_s16be", .1}, Format{"cbr.mp3", "-c:a libmp3lame -b:a 96k", .3},
        Format{"vbr.mp3", "-c:a libmp3lame -q:a 1", .3},
        Format{"tagged.mp3", "-c:a libmp3lame -b:a 96k -write_id3v1 1 -metadata title=x", .3},
        Format{"bare.mp3", "-c:a libmp3lame -b:a 96k -write_xing 0 -id3v2_version 0", .3},
        Format{"cover.mp3",
               "-c:a libmp3lame -b:a 96k -c:v png -frames:v 1 -disposition:v "
               "attached_pic",
               .3},
        Format{"plain.flac", "-c:a flac", .1}, Format{"vorbis.ogg", "-c:a libvorbis -q:a 9", .4},
        Format{"opus.opus", "-c:a libopus -b:a 96k", .3}, Format{"flac.ogg", "-c:a flac", .1},
        Format{"opus.webm", "-c:a libopus -b:a 96k", .3}, Format{"flac.mka", "-c:a flac", .1},
        Format{"live.webm", "-c:a libopus -b:a 96k -live 1", .3},
        Format{"video.mkv", "-c:v mpeg4 -c:a libopus -b:a 96k", .3},
        Format{"video.webm",
               "-c:v libvpx -r 2 -deadline realtime -cpu-used 16 -c:a libvorbis -q:a 9", .4},
        Format{"video.ts", "-c:v mpeg2video -c:a mp2", .3},
        Format{"sound.ts", "-c:a aac -b:a 96k", .3},
        Format{"video.m2ts", "-c:v mpeg2video -c:a ac3", .3},
        Format{"adts.aac", "-c:a aac -b:a 96k", .3}, Format{"plain.ac3", "-c:a ac3", .3},
        Format{"plain.eac3", "-c:a eac3", .3},
        Format{"front.m4a", "-c:a aac -b:a 96k -movflags +faststart", .3},
        Format{"front.mp4", "-c:v mpeg4 -c:a aac -b:a 96k -movflags +faststart", .3},
        Format{"front.mov", "-c:v mpeg4 -c:a pcm_s16le -movflags +faststart", .1},
        Format{"fragments.mp4",
               "-c:a aac -b:a 96k -movflags frag_keyframe+empty_moov -frag_duration 1000000", .3},
        Format{"dash.mp4", "-c:a aac -b:a 96k -movflags dash+frag_keyframe -frag_duration 2000000",
               .3},
        Format{"end.m4a", "-c:a aac -b:a 96k", 1},
        Format{"end.mp4", "-c:v mpeg4 -c:a aac -b:a 96k", 1},
        Format{"video.avi", "-c:v mpeg4 -c:a libmp3lame", 1},
        Format{"video.flv", "-c:v flv -c:a aac -ar 44100", 1}, Format{"sound.wma", "-c:a wmav2", 1},
        Format{"plain.caf", "-c:a pcm_s16be", 1},
        Format{"video.mpg", "-c:v mpeg1video -c:a mp2", 1}),
    [](const auto& test) {
      std::string name = test.param.name;
      std::ranges::replace(name, '.', '_');
      return name;
    });

TEST_F(Arriving, KeepsGapsAndLateStarts) {
  const auto gap = Make("gap.mka", "-af \"aselect='not(between(t,9,14))'\" -c:a pcm_s16le", "20");
  ASSERT_FALSE(gap.empty());
  EXPECT_NEAR(ReadAll(gap).length(), 20, 0.1);
  ExpectSameSoundHoweverItArrives(gap);
  for (const std::string name : {"late.mp4", "late.mkv", "late.ts"}) {
    const auto path = folder_.path() / name;
    ASSERT_TRUE(
        Ffmpeg("-f lavfi -i 'testsrc=s=96x64:r=25:d=20' -itsoffset 5 -f lavfi -i "
               "'anoisesrc=d=15:a=0.3:s=1:r=32000' -c:v mpeg4 -c:a libmp3lame "
               "-movflags +faststart '" +
               path.string() + "'"));
    EXPECT_NEAR(ReadAll(path).length(), 20, 0.2) << name;
    ExpectSameSoundHoweverItArrives(path);
  }
}

TEST_F(Arriving, TellsWhatIsMissingOfAFileCutShort) {
  for (const std::string name : {"cut.wav", "cut.mp3", "cut.flac", "cut.mkv", "cut.m4a"}) {
    SCOPED_TRACE(name);
    const auto path = Make(name, "-movflags +faststart -b:a 96k", "25");
    ASSERT_FALSE(path.empty());
    std::filesystem::resize_file(path, std::filesystem::file_size(path) * 6 / 10);
    EXPECT_FALSE(ReadAll(path).damages.empty());
    ExpectSameSoundHoweverItArrives(path);
  }
}

// The head of a joined MP3 gives the length of its first part, and only the end tells that there is
// more: so the padding at the joint is silent, and the length is taken for true.
TEST_F(Arriving, ReadsJoinedMp3ToTheEnd) {
  const std::string part = ReadBytes(Make("part.mp3", "-c:a libmp3lame -b:a 96k", "30"));
  const ReadOut file = ReadAll(folder_.Write("joined.mp3", part + part));
  const ReadOut out = ReadFrom(Trickle(part + part, Size::kKnown), "joined.mp3");
  EXPECT_TRUE(out.info.is_sequential);
  EXPECT_NEAR(ToSeconds(out.info.duration_estimate), 30, 0.2);
  ASSERT_EQ(out.samples.size(), file.samples.size());
  size_t different = 0;
  for (size_t i = 0; i < out.samples.size(); ++i) different += out.samples[i] != file.samples[i];
  EXPECT_LT(different, 1600U);
  ExpectSameSound(out, ReadFrom(Trickle(part + part, Size::kDeferred), "joined.mp3"));
}

// Without knowing the size: silence needs bytes that bear it out.
TEST_F(Arriving, MakesNoSilenceOutOfALoneTimestamp) {
  const auto path = folder_.path() / "late.mkv";
  ASSERT_TRUE(
      Ffmpeg("-f lavfi -i 'testsrc=s=96x64:r=5:d=1' -itsoffset 20000 -f lavfi -i "
             "'anoisesrc=d=10:a=0.3:s=1:r=32000' -c:v mpeg4 -c:a flac '" +
             path.string() + "'"));
  const ReadOut out = ReadFrom(Trickle(ReadBytes(path), Size::kDeferred), "late.mkv");
  EXPECT_TRUE(out.info.is_sequential);
  EXPECT_NEAR(out.length(), 10, 0.2);
}

TEST(ArrivingFiles, GiveTheSameSoundAsFiles) {
  for (const char* name :
       {"ac4.mp4", "fragmented_claims_40_hours.mp4", "jfk.flac", "jfk_second_track.mkv",
        "jfk_starts_5s_late.mkv", "jfk_stereo_antiphase.flac", "jfk_truncated.wav",
        "lj001_0004.mp3", "nasa_webb_video.mp4", "silent_10s.mp4", "text_named.mp4",
        "video_only.mp4"}) {
    SCOPED_TRACE(name);
    ExpectSameSoundHoweverItArrives(ProjectData(name));
  }
}

class ArrivingSharedFiles : public ::testing::TestWithParam<const char*> {};

TEST_P(ArrivingSharedFiles, GiveTheSameSoundAsFiles) {
  const auto folder = SharedFolder() / GetParam();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared folder " << GetParam();
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const bool is_media = entry.is_regular_file() && entry.path().extension() != ".txt" &&
                          entry.path().extension() != ".tsv" && entry.path().extension() != ".md";
    if (!is_media || entry.file_size() > 1'000'000) continue;  // longer ones take long
    SCOPED_TRACE(entry.path().filename());
    ExpectSameSoundHoweverItArrives(entry.path());
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, ArrivingSharedFiles, ::testing::Values("media-odd", "speech"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(ArrivingFiles, AreReadInAnyOrderIfSmall) {
  const std::string small = ReadBytes(ProjectData("lj001_0005.mp3"));
  for (const Size size : {Size::kKnown, Size::kDeferred}) {
    const ReadOut out = ReadFrom(Trickle(small, size), "a.mp3");
    EXPECT_FALSE(out.info.is_sequential);
    EXPECT_EQ(out.info.size_bytes, small.size());
    EXPECT_GT(out.info.duration_estimate, SampleTime{0});
  }
}

TEST(ArrivingFiles, AreReadInAnyOrderIfAskedTo) {
  const auto source = Trickle(ReadBytes(ProjectData("jfk.flac")), Size::kDeferred);
  const ReadOut out = ReadFrom(
      source, "jfk.flac", {.track = std::nullopt, .access = AudioReaderOptions::Access::kSeekable});
  EXPECT_FALSE(out.info.is_sequential);
  EXPECT_GT(out.info.duration_estimate, SampleTime{0});
  ExpectSameSound(out, ReadAll(ProjectData("jfk.flac")));
}

TEST(ArrivingFiles, BeginEarlyInAmr) {
  std::string bytes = "#!AMR\n";
  for (int i = 0; i < 10'000; ++i) bytes += '\x3c' + std::string(31, '\0');
  const TemporaryFolder folder;
  const auto source = Trickle(bytes, Size::kDeferred);
  const auto reader = OpenReader(source, "a.amr", {}, {});
  ASSERT_TRUE(reader);
  ASSERT_TRUE((*reader)->Next({}));
  EXPECT_LT(source->arrived_share(), 0.5);
  ExpectSameSoundHoweverItArrives(folder.Write("a.amr", bytes));
}

// A WAV whose format stands behind its sound cannot be read from the front.
TEST(ArrivingFiles, AreReadInAnyOrderIfTheFrontIsNotEnough) {
  const TemporaryFolder folder;
  const std::string wav = MakeWav({}, Tone({}, 10));
  const std::string format = wav.substr(12, 24);
  const auto path = folder.Write("odd.wav", wav.substr(0, 12) + wav.substr(36) + format);
  ASSERT_FALSE(ReadAll(path).error);
  const ReadOut out = ReadFrom(Trickle(ReadBytes(path), Size::kDeferred), "odd.wav");
  EXPECT_FALSE(out.info.is_sequential);
  ExpectSameSoundHoweverItArrives(path);
}

TEST(ArrivingFiles, ReadTheWantedTrack) {
  const auto path = ProjectData("jfk_second_track.mkv");
  const ReadOut second = ReadFrom(Trickle(ReadBytes(path), Size::kKnown), "a.mkv", {.track = 1});
  EXPECT_TRUE(second.info.is_sequential);
  ExpectSameSound(second, ReadAll(path, {.track = 1}));
}

TEST(ArrivingFiles, TellProgressByBytesWithoutALength) {
  const auto source = Trickle(MakeWav({}, Tone({}, 20)), Size::kDeferred);
  const auto reader = OpenReader(source, "a.wav", {}, {});
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->progress(), 0);
  ASSERT_TRUE((*reader)->Next({}));
  EXPECT_EQ((*reader)->progress(), 0);  // of an unknown whole
  while (*(*reader)->Next({})) continue;
  EXPECT_EQ((*reader)->progress(), 1);
}

TEST(ArrivingFiles, MayTurnOutEmpty) {
  for (const Size size : {Size::kKnown, Size::kDeferred}) {
    const ReadOut out = ReadFrom(Trickle("", size), "a.wav");
    ASSERT_TRUE(out.error);
    EXPECT_EQ(out.error->code, ErrorCode::kUnsupportedMedia);
    EXPECT_THAT(out.error->message, HasSubstr("empty"));
  }
}

// Where reading may have to wait: for the first bytes, while it looks at the end, in the middle.
struct Wait {
  std::string name;
  std::string first_bytes;
  uint64_t size;
  bool opens;
};

std::vector<Wait> Waits() {
  const std::string wav = MakeWav({}, Tone({}, 20));
  const std::string film = ReadBytes(ProjectData("nasa_webb_video.mp4"));
  return {{"nothing.wav", "", wav.size(), false},
          {"head.wav", wav.substr(0, 1000), wav.size(), false},
          {"film.mp4", film.substr(0, film.size() / 2), film.size(), false},
          {"middle.wav", wav.substr(0, wav.size() / 2), wav.size(), true}};
}

// Reads until the error that ends the wait.
std::optional<Error> ErrorOf(const std::shared_ptr<StuckSource>& source, const Wait& wait,
                             const std::stop_token& stop) {
  const auto reader = OpenReader(source, wait.name, {}, stop);
  EXPECT_EQ(reader.has_value(), wait.opens);
  if (!reader) return reader.error();
  for (;;) {
    const auto block = (*reader)->Next(stop);
    if (!block) return block.error();
    if (!*block) return std::nullopt;
  }
}

TEST(ArrivingFiles, StopWhileTheyWait) {
  for (const Wait& wait : Waits()) {
    SCOPED_TRACE(wait.name);
    const auto source = std::make_shared<StuckSource>(wait.first_bytes, wait.size);
    std::stop_source stop;
    std::chrono::steady_clock::time_point asked;
    std::jthread stopper([&] {
      source->WaitUntilWaitedFor();
      asked = std::chrono::steady_clock::now();
      stop.request_stop();
    });
    const auto error = ErrorOf(source, wait, stop.get_token());
    stopper.join();
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(1));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::kCancelled);
  }
}

TEST(ArrivingFiles, SayThatTheyWereGivenUp) {
  for (const Wait& wait : Waits()) {
    SCOPED_TRACE(wait.name);
    const auto source = std::make_shared<StuckSource>(wait.first_bytes, wait.size);
    const std::jthread sender([&] {
      source->WaitUntilWaitedFor();
      source->GiveUp();
    });
    const auto error = ErrorOf(source, wait, {});
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::kNotFound);
    EXPECT_EQ(error->message, "the upload was given up");
  }
}

}  // namespace
}  // namespace verbatim::media
