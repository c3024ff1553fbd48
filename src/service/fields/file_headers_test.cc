#include "fields/file_headers.h"

#include <gtest/gtest.h>

namespace verbatim::fields {
namespace {

TEST(FileHeadersTest, OnlySoundAndVideoHaveATypeOfTheirOwn) {
  EXPECT_EQ(MediaType("a.MP4"), "video/mp4");
  EXPECT_EQ(MediaType("talk.opus"), "audio/ogg");
  for (const char* name : {"a.html", "a.svg", "a.xml", "a.js", "a.pdf", "a.mp4.html", "mp4", ""}) {
    EXPECT_EQ(MediaType(name), "application/octet-stream") << name;
  }
}

TEST(FileHeadersTest, PlainNamesAreQuoted) {
  EXPECT_EQ(ContentDisposition(Disposition::kAttachment, "a talk.mp4"),
            "attachment; filename=\"a talk.mp4\"");
  EXPECT_EQ(ContentDisposition(Disposition::kInline, ""), "inline");
}

TEST(FileHeadersTest, OtherLettersAreEncodedToo) {
  EXPECT_EQ(ContentDisposition(Disposition::kAttachment, "Grüße 100%.mp4"),
            "attachment; filename=\"Gr____e 100_.mp4\"; "
            "filename*=UTF-8''Gr%C3%BC%C3%9Fe%20100%25.mp4");
}

TEST(FileHeadersTest, NothingEndsTheFieldOrNamesAnotherFolder) {
  const std::string value =
      ContentDisposition(Disposition::kAttachment, "../a\"; x=\r\nSet-Cookie: b\\c\x7f");
  EXPECT_EQ(value.find_first_of("\r\n\x7f\\/"), std::string::npos) << value;
  EXPECT_EQ(value,
            "attachment; filename=\".._a_; x=__Set-Cookie: b_c_\"; "
            "filename*=UTF-8''.._a%22%3B%20x%3D__Set-Cookie%3A%20b_c_");
}

TEST(FileHeadersTest, TranscriptsAreNamedAfterTheirMedia) {
  EXPECT_EQ(TranscriptFilename("talk.mp4", "srt"), "talk.srt");
  EXPECT_EQ(TranscriptFilename("a.b.mp4", "srt"), "a.b.srt");
  EXPECT_EQ(TranscriptFilename("talk", "srt"), "talk.srt");
  EXPECT_EQ(TranscriptFilename("", "srt"), "transcript.srt");
  EXPECT_EQ(TranscriptFilename(".mp4", "srt"), ".mp4.srt");
}

TEST(FileHeadersTest, AStemIsANameWithoutItsExtension) {
  EXPECT_EQ(Stem("talk.mp4"), "talk");
  EXPECT_EQ(Stem("a.b.c"), "a.b");
  EXPECT_EQ(Stem("talk"), "talk");
  EXPECT_EQ(Stem(".hidden"), ".hidden");
  EXPECT_EQ(Stem(""), "");
}

}  // namespace
}  // namespace verbatim::fields
