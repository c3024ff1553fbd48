#include "json_lines.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace verbatim::app {
namespace {

TEST(JsonLinesTest, Progress) {
  const pipeline::Progress progress{1, SampleTime{16000 * 12 + 4800}, SampleTime{16000 * 60},
                                    0.205};
  EXPECT_EQ(ProgressJson(progress, 50.12345, 0.95),
            "{\"event\":\"progress\",\"file\":1,\"position\":1.23E1,\"duration\":6E1,"
            "\"share\":2.05E-1,\"speed\":5.0123E1,\"eta\":9.5E-1}\n");
}

TEST(JsonLinesTest, WhatIsNotKnownIsNull) {
  EXPECT_EQ(ProgressJson({}, 0, -1),
            "{\"event\":\"progress\",\"file\":0,\"position\":0E0,\"duration\":null,\"share\":0E0,"
            "\"speed\":null,\"eta\":null}\n");
}

TEST(JsonLinesTest, AnyFileNameMakesOneValidLine) {
  const FileFailed failed{0, "a\"b\\\n\xFF.mp4", {ErrorCode::kCorruptMedia, "broken\nhere"}};
  const std::string line = FileFailedLine(failed);
  EXPECT_EQ(line,
            "{\"event\":\"file_failed\",\"file\":0,\"path\":\"a\\\"b\\\\\\n\xEF\xBF\xBD.mp4\","
            "\"code\":\"corrupt_media\",\"message\":\"broken\\nhere\"}\n");
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
}

TEST(JsonLinesTest, End) {
  EXPECT_EQ(EndLine({3, 1, 2.5, ExitCode::kFileFailed}),
            "{\"event\":\"done\",\"files\":3,\"failed\":1,\"elapsed\":2.5E0,\"exit_code\":1}\n");
}

}  // namespace
}  // namespace verbatim::app
