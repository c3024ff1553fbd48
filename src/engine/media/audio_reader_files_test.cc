// The reader on files of others: all odd and broken media of the shared folder, and every container
// and codec that the ffmpeg program of this machine can write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "media/audio_reader.h"
#include "media/test_wav.h"

namespace verbatim::media {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
  return fields;
}

bool MayBeUnreadable(const std::string& name) {
  // A demuxer finds a track in these, but none of FFmpeg's decoders a single frame.
  constexpr std::string_view kNames[] = {"ax_cmaf_multi-segment_audio_init.mp4",
                                         "ax_mp4_sample_ac4.mp4",
                                         "ax_mp4_sample_missing_stsd.mp4",
                                         "ax_mp4_sample_mpegh_mha1.mp4",
                                         "flac_03_-_wrong_bit_depth.flac",
                                         "flac_11_-_incorrect_metadata_block_length.flac",
                                         "mp4p_invalid_userdata.mp4",
                                         "mp4p_zero_empty_stsc.mp4",
                                         "ps_null.wav",
                                         "pydub_test1_empty.wav"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

// Files whose claimed length is not that of their sound.
bool HasTrueDuration(const std::string& name) {
  constexpr std::string_view kNames[] = {
      "ax_mp3_200kB-garbage-prefix.mp3", "ax_mp3_bear-cbr-no-seek-table-trailing-garbage.mp3",
      "ax_mp4_sample_fragmented.mp4", "ax_amr_sample_wb.amr", "ax_mp4_bbb_1ch_8kHz_aac_lc.m4a"};
  return std::ranges::find(kNames, name) == std::end(kNames);
}

class OddMedia : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_ / "manifest.tsv")) {
      GTEST_SKIP() << "no shared folder with odd media";
    }
  }

  std::filesystem::path folder_ = SharedFolder() / "media-odd";
};

TEST_F(OddMedia, EveryFileYieldsSoundOrOneClearSentence) {
  std::ifstream manifest(folder_ / "manifest.tsv");
  std::string line;
  std::getline(manifest, line);
  int count = 0;
  while (std::getline(manifest, line)) {
    const auto fields = Fields(line);
    ASSERT_GE(fields.size(), 4U);
    const std::string& name = fields[0];
    const bool has_audio = fields[3] == "yes";
    SCOPED_TRACE(name);
    ++count;
    const ReadOut out = ReadAll(folder_ / name);
    EXPECT_TRUE(out.is_regular);
    if (out.error) {
      EXPECT_TRUE(out.error->code == ErrorCode::kUnsupportedMedia ||
                  out.error->code == ErrorCode::kCorruptMedia)
          << out.error->message;
      EXPECT_GT(out.error->message.size(), 15U);
      EXPECT_TRUE(!has_audio || MayBeUnreadable(name)) << out.error->message;
      if (fields[3] == "no") {
        EXPECT_THAT(out.error->message, HasSubstr("holds only video"));
      }
      continue;
    }
    EXPECT_FALSE(out.samples.empty());
    EXPECT_TRUE(has_audio || name == "ax_mp3_200kB-garbage-prefix.mp3");
    if (!fields[1].empty() && HasTrueDuration(name)) {
      EXPECT_NEAR(out.length(), std::stod(fields[1]), 0.15);
    }
  }
  EXPECT_GE(count, 85);
}

TEST_F(OddMedia, ReadsHardOnesRight) {
  EXPECT_NEAR(ReadAll(folder_ / "ax_mp4_sample_fragmented.mp4").length(), 1.07, 0.06);
  EXPECT_NEAR(ReadAll(folder_ / "dv_white_noise_30s.flac").length(), 30, 0.001);
  EXPECT_NEAR(ReadAll(folder_ / "dv_10min_silence.opus").length(), 600, 0.02);
  EXPECT_NEAR(ReadAll(folder_ / "flac_02_-_increasing_number_of_channels.flac").length(), 14.49,
              0.02);
  EXPECT_GT(ReadAll(folder_ / "dv_51_centre_only_jfk.flac").Level(), 0.03);
  EXPECT_NEAR(ReadAll(folder_ / "dv_mulaw_8k_jfk.wav").Level(), 0.142, 0.002);
  EXPECT_NEAR(ReadAll(folder_ / "dv_nasa.ts").length(), 13.08, 0.06);
  EXPECT_GT(ReadAll(folder_ / "ax_mp3_200kB-garbage-prefix.mp3").length(), 0.9);
  EXPECT_EQ(ReadAll(folder_ / "mp4p_invalid_userdata.mp4").error->code, ErrorCode::kCorruptMedia);
  EXPECT_EQ(ReadAll(folder_ / "ps_null.wav").error->code, ErrorCode::kUnsupportedMedia);
}

// Runs the ffmpeg program; false if it could not do it.
bool Ffmpeg(const std::string& arguments) {
  return std::system(("ffmpeg -nostdin -v quiet -y " + arguments).c_str()) == 0;
}

struct Format {
  std::string name;       // of the file
  std::string arguments;  // for ffmpeg
  double level_tolerance = 0.02;
  double length_tolerance = 0.06;
};

class WrittenByFfmpeg : public ::testing::TestWithParam<Format> {
 protected:
  void SetUp() override {
    if (!Ffmpeg("-version > /dev/null")) GTEST_SKIP() << "no ffmpeg program";
  }
  std::string Quoted(const std::string& name) const {
    std::string quoted = "'";
    return quoted.append((folder_.path() / name).string()).append("'");
  }
  TemporaryFolder folder_;
};

constexpr std::string_view kToneInput = "-f lavfi -i 'aevalsrc=0.5*sin(2*PI*440*t):s=48000:d=4.2' ";
constexpr std::string_view kVideoInput = "-f lavfi -i 'color=c=blue:s=96x64:r=25:d=4.2' ";

TEST_P(WrittenByFfmpeg, ReadsBackWithLengthAndLevel) {
  const Format& format = GetParam();
  const bool has_video = format.arguments.find("-c:v") != std::string::npos;
  const std::string inputs =
      std::string(kToneInput) + (has_video ? std::string(kVideoInput) : std::string());
  if (!Ffmpeg(inputs + format.arguments + " " + Quoted(format.name))) {
    GTEST_SKIP() << "this ffmpeg cannot write " << format.name << " with " << format.arguments;
  }
  const ReadOut out = ReadAll(folder_.path() / format.name);
  ASSERT_FALSE(out.error) << out.error->message;
  EXPECT_TRUE(out.is_regular);
  EXPECT_NEAR(out.length(), 4.2, format.length_tolerance);
  EXPECT_NEAR(out.Level(0.3, 3.9), kToneLevel, format.level_tolerance);
  EXPECT_TRUE(out.damages.empty()) << out.damages[0].reason << ToSeconds(out.damages[0].begin);
}

constexpr double kLossy = 0.04;
constexpr double kWmaPadding = 0.1;  // the format does not say where the last frame ends

INSTANTIATE_TEST_SUITE_P(
    Formats, WrittenByFfmpeg,
    ::testing::Values(
        Format{"aac.mp4", "-c:v mpeg4 -c:a aac"}, Format{"pcm.mov", "-c:v mpeg4 -c:a pcm_s16be"},
        Format{"opus.mkv", "-c:v mpeg4 -c:a libopus"},
        Format{"vorbis.webm", "-c:v libvpx -c:a libvorbis"},
        Format{"mp3.avi", "-c:v mpeg4 -c:a libmp3lame"}, Format{"aac.flv", "-c:v flv -c:a aac"},
        Format{"wma.wmv", "-c:v wmv2 -c:a wmav2", 0.02, kWmaPadding},
        Format{"wma1.asf", "-c:a wmav1", 0.02, kWmaPadding},
        Format{"aac.ts", "-c:v mpeg2video -c:a aac"}, Format{"mp2.mpg", "-c:v mpeg1video -c:a mp2"},
        Format{"ac3.vob", "-c:v mpeg2video -c:a ac3 -f vob"},
        Format{"ac3.m2ts", "-c:v mpeg2video -c:a ac3"}, Format{"aac.3gp", "-c:a aac"},
        Format{"fragmented.mp4",
               "-c:a aac -movflags frag_keyframe+empty_moov -frag_duration 1000000"},
        Format{"pcm.mxf", "-c:v mpeg2video -c:a pcm_s16le"}, Format{"pcm.nut", "-c:a pcm_s24le"},
        Format{"flac.mka", "-c:a flac"}, Format{"alac.m4a", "-c:a alac"},
        Format{"aac.m4a", "-c:a aac"}, Format{"raw.aac", "-c:a aac"},
        Format{"lame.mp3", "-c:a libmp3lame"}, Format{"vbr.mp3", "-c:a libmp3lame -q:a 4"},
        Format{"low.mp3", "-c:a libmp3lame -ar 8000"},
        Format{"tagless.mp3", "-c:a libmp3lame -write_xing 0 -id3v2_version 0"},
        Format{"plain.flac", "-c:a flac"}, Format{"vorbis.ogg", "-c:a libvorbis"},
        Format{"opus.opus", "-c:a libopus"}, Format{"flac.ogg", "-c:a flac"},
        Format{"speex.ogg", "-c:a libspeex -ar 16000", kLossy}, Format{"plain.ac3", "-c:a ac3"},
        Format{"plain.eac3", "-c:a eac3"},
        Format{"plain.dts", "-c:a dca -strict -2 -af 'pan=stereo|c0=c0|c1=c0'"},
        Format{"plain.wv", "-c:a wavpack"}, Format{"plain.tta", "-c:a tta"},
        Format{"plain.w64", "-c:a pcm_s16le"}, Format{"rf64.wav", "-c:a pcm_s16le -rf64 always"},
        Format{"plain.aiff", "-c:a pcm_s16be"}, Format{"plain.au", "-c:a pcm_s16be"},
        Format{"plain.caf", "-c:a pcm_s16be"}, Format{"plain.voc", "-c:a pcm_u8"},
        Format{"adpcm.wav", "-c:a adpcm_ms", kLossy}, Format{"alaw.wav", "-c:a pcm_alaw"},
        Format{"gsm.wav", "-c:a libgsm_ms -ar 8000 -ac 1", kLossy},
        Format{"narrow.amr", "-c:a libopencore_amrnb -ar 8000 -ac 1", kLossy},
        Format{"plain.g722", "-c:a g722 -ar 16000 -ac 1", kLossy},
        Format{"truehd.thd", "-c:a truehd -strict -2 -af 'pan=stereo|c0=c0|c1=c0'"},
        Format{"real.rm", "-c:a ac3 -f rm"}, Format{"broadcast.wtv", "-c:v mpeg2video -c:a mp2"},
        Format{"stereo.mp4", "-c:a aac -af 'pan=stereo|c0=c0|c1=c0'"},
        Format{"surround.mp4", "-c:a aac -af 'pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0'",
               0.15}),
    [](const auto& test) {
      std::string name = test.param.name;
      std::ranges::replace(name, '.', '_');
      return name;
    });

TEST_F(WrittenByFfmpeg, SaysThatSoundIsEncrypted) {
  if (!Ffmpeg(std::string(kToneInput) +
              "-c:a aac -encryption_scheme cenc-aes-ctr -encryption_key "
              "76a6c65c5ea762046bd749a2e632ccbb "
              "-encryption_kid a7e61c373e219033c21091fa607bf3b8 " +
              Quoted("cenc.mp4"))) {
    GTEST_SKIP() << "this ffmpeg cannot encrypt";
  }
  const ReadOut out = ReadAll(folder_.path() / "cenc.mp4");
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code, ErrorCode::kUnsupportedMedia);
  EXPECT_THAT(out.error->message, HasSubstr("encrypted"));
}

TEST_F(WrittenByFfmpeg, FillsAGapInTheTimestamps) {
  ASSERT_TRUE(Ffmpeg(std::string(kToneInput) +
                     "-af \"aselect='not(between(t,1,3))'\" -c:a pcm_s16le " + Quoted("gap.mkv")));
  const ReadOut out = ReadAll(folder_.path() / "gap.mkv");
  ASSERT_FALSE(out.error);
  EXPECT_NEAR(out.length(), 4.2, 0.06);
  EXPECT_LT(out.Level(1.1, 2.9), 1e-4);
  EXPECT_NEAR(out.Level(0.1, 0.9), kToneLevel, 0.01);
  EXPECT_NEAR(out.Level(3.1, 4.1), kToneLevel, 0.01);
}

TEST_F(WrittenByFfmpeg, KeepsALateStartInEveryContainerWithPicture) {
  for (const char* arguments :
       {"-c:a aac late.mp4", "-c:a libopus late.mkv", "-c:a aac late.ts", "-c:a aac late.flv",
        "-c:a mp2 late.mpg", "-c:a pcm_s16le late.mov"}) {
    const std::string name = std::string(arguments).substr(std::string(arguments).rfind(' ') + 1);
    const std::string codec = std::string(arguments).substr(0, std::string(arguments).rfind(' '));
    SCOPED_TRACE(name);
    const std::string video = name.ends_with("ts") || name.ends_with("mpg") ? "mpeg2video"
                              : name.ends_with("flv")                       ? "flv"
                                                                            : "mpeg4";
    std::string command = "-f lavfi -i 'color=c=blue:s=96x64:r=25:d=8' -itsoffset 3 ";
    command += kToneInput;
    command.append("-map 0:v -map 1:a -c:v ").append(video).append(" ").append(codec);
    ASSERT_TRUE(Ffmpeg(command.append(" ").append(Quoted(name))));
    const ReadOut out = ReadAll(folder_.path() / name);
    ASSERT_FALSE(out.error) << out.error->message;
    EXPECT_NEAR(out.length(), 7.2, 0.1);
    EXPECT_LT(out.Level(0, 2.9), 1e-3);
    EXPECT_NEAR(out.Level(3.1, 7), kToneLevel, 0.02);
  }
}

TEST_F(WrittenByFfmpeg, StaysInTimeOverManyJoints) {
  // Copies of one clip behind each other, each 20 ms longer than its timestamps.
  std::string command = "-stream_loop 200 -i '";
  command.append(ProjectData("silent_10s.mp4").string()).append("' -c copy ");
  ASSERT_TRUE(Ffmpeg(command.append(Quoted("joined.mp4"))));
  const ReadOut out = ReadAll(folder_.path() / "joined.mp4");
  ASSERT_FALSE(out.error);
  EXPECT_NEAR(out.length(), ToSeconds(out.info.duration_estimate), 0.4);
}

TEST_F(WrittenByFfmpeg, ReadsWhatIsThereOfAFileCutShort) {
  struct Cut {
    std::string name;
    std::string arguments;
    bool claims_more;
  };
  for (const Cut& cut :
       {Cut{"cut.mkv", "-c:a flac", true}, Cut{"cut.ts", "-c:a aac", false},
        Cut{"cut.mp4", "-c:a aac -movflags +faststart", true},
        Cut{"cut.mp3", "-c:a libmp3lame", true}, Cut{"cut.ogg", "-c:a libvorbis", false},
        Cut{"cut.flac", "-c:a flac", true}, Cut{"cut.wav", "-c:a pcm_s16le", true}}) {
    SCOPED_TRACE(cut.name);
    ASSERT_TRUE(
        Ffmpeg("-f lavfi -i 'anoisesrc=d=20:a=0.3:s=1' " + cut.arguments + " " + Quoted(cut.name)));
    const auto path = folder_.path() / cut.name;
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    const ReadOut out = ReadAll(path);
    ASSERT_FALSE(out.error) << out.error->message;
    EXPECT_NEAR(out.length(), 10, 1.5);
    if (cut.claims_more) {
      ASSERT_FALSE(out.damages.empty());
      EXPECT_NEAR(ToSeconds(out.damages.back().end), 20, 0.2);
    }
  }
}

}  // namespace
}  // namespace verbatim::media
