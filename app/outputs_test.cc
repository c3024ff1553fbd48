#include "outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace verbatim::app {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using transcript::Format;

std::vector<std::string> Paths(const std::vector<fs::path>& inputs, const OutputRequest& request) {
  const auto plan = PlanOutputs(inputs, request);
  if (!plan) return {"error: " + plan.error().message};
  std::vector<std::string> paths;
  for (const auto& outputs : *plan) {
    for (const Output& output : outputs) paths.push_back(output.path.string());
  }
  return paths;
}

TEST(OutputsTest, LieBesideTheMedia) {
  EXPECT_THAT(Paths({"talk.mp4", "a/b/c.d.mkv"}, {{Format::kSrt, Format::kTxt}, "", ""}),
              ElementsAre("talk.srt", "talk.txt", "a/b/c.d.srt", "a/b/c.d.txt"));
}

TEST(OutputsTest, OrInOneFolder) {
  EXPECT_THAT(Paths({"talk.mp4", "/x/c.mkv"}, {{Format::kVtt}, "", "out"}),
              ElementsAre("out/talk.vtt", "out/c.vtt"));
}

TEST(OutputsTest, InputsOfOneStemKeepTheirExtension) {
  EXPECT_THAT(Paths({"a.mp4", "./a.mkv", "b.mp4"}, {{Format::kSrt}, "", ""}),
              ElementsAre("a.mp4.srt", "a.mkv.srt", "b.srt"));
  EXPECT_THAT(Paths({"x/a.mp4", "y/a.mp4"}, {{Format::kSrt}, "", ""}),
              ElementsAre("x/a.srt", "y/a.srt"));
}

TEST(OutputsTest, WhatWouldStillMeetIsAnError) {
  EXPECT_THAT(Paths({"x/a.mp4", "y/a.mp4"}, {{Format::kSrt}, "", "out"}),
              ElementsAre("error: x/a.mp4 and y/a.mp4 would both become out/a.mp4.srt"));
  EXPECT_THAT(Paths({"a.mp4", "x/../a.mp4"}, {{Format::kSrt}, "", ""}),
              ElementsAre("error: x/../a.mp4 is given twice"));
  // A name made longer may meet a third one.
  EXPECT_THAT(Paths({"a.mp4", "a.mkv", "a.mp4.wav"}, {{Format::kSrt}, "", ""}),
              ElementsAre("error: a.mp4 and a.mp4.wav would both become a.mp4.srt"));
}

TEST(OutputsTest, AnInputIsNeverOverwritten) {
  EXPECT_THAT(Paths({"notes.txt"}, {{Format::kTxt}, "", ""}),
              ElementsAre("error: the output notes.txt would overwrite the input notes.txt"));
  EXPECT_THAT(Paths({"a.mp4"}, {{Format::kTxt}, "./a.mp4", ""}),
              ElementsAre("error: the output ./a.mp4 would overwrite the input a.mp4"));
  EXPECT_THAT(Paths({"a.mp4", "a.srt"}, {{Format::kSrt}, "", ""}),
              ElementsAre("a.mp4.srt", "a.srt.srt"));
}

TEST(OutputsTest, OneOutputTakesOneFileAndOneFormat) {
  EXPECT_THAT(Paths({"a.mp4"}, {{Format::kSrt}, "-", ""}), ElementsAre(""));
  EXPECT_THAT(Paths({"a.mp4"}, {{Format::kSrt}, "x/y.srt", ""}), ElementsAre("x/y.srt"));
  EXPECT_THAT(Paths({"a.mp4", "b.mp4"}, {{Format::kSrt}, "-", ""})[0], HasSubstr("--output takes"));
  EXPECT_THAT(Paths({"a.mp4"}, {{Format::kSrt, Format::kTxt}, "y", ""})[0],
              HasSubstr("--output takes one file and one format"));
}

TEST(OutputsTest, FormatLists) {
  EXPECT_THAT(*ParseFormats("txt,srt,txt"), ElementsAre(Format::kTxt, Format::kSrt));
  EXPECT_THAT(ParseFormats("doc").error().message,
              "unknown format \"doc\"; choose from txt, srt, vtt, json, tsv");
  EXPECT_FALSE(ParseFormats(""));
  EXPECT_FALSE(ParseFormats("srt,"));
  EXPECT_EQ(FormatOfPath("x/y.vtt"), Format::kVtt);
  EXPECT_EQ(FormatOfPath("x/y"), std::nullopt);
  EXPECT_EQ(FormatOfPath("x/y.doc"), std::nullopt);
}

TEST(OutputsTest, FoldersAreMadeAndTried) {
  const fs::path root = fs::temp_directory_path() / ("outputs_test_" + std::to_string(getpid()));
  EXPECT_TRUE(PrepareFolder(root / "a" / "b"));
  EXPECT_TRUE(fs::is_directory(root / "a" / "b"));
  EXPECT_TRUE(fs::is_empty(root / "a" / "b")) << "the try leaves nothing";
  std::ofstream(root / "file") << "x";
  EXPECT_FALSE(PrepareFolder(root / "file"));
  EXPECT_FALSE(PrepareFolder(root / "file" / "below"));
  EXPECT_FALSE(PrepareFolder("/proc/1")) << "no files can be made there";
  fs::remove_all(root);
}

}  // namespace
}  // namespace verbatim::app
