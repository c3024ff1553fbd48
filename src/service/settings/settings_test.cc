#include "settings/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>

namespace verbatim::settings {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::string pattern = (fs::temp_directory_path() / "settings_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~SettingsTest() override { fs::remove_all(folder_); }

  fs::path WriteFile(std::string_view text) const {
    std::ofstream(folder_ / "verbatim.toml") << text;
    return folder_ / "verbatim.toml";
  }

  std::string ErrorOf(const Sources& sources) const {
    const Result<Loaded> loaded = Load(sources);
    return loaded ? "accepted" : loaded.error().message;
  }

  fs::path folder_;
};

TEST_F(SettingsTest, EveryDefaultIsAllowedAndReadBackFromItsText) {
  std::set<std::string_view> names;
  for (const Definition& definition : Definitions()) {
    EXPECT_TRUE(names.insert(definition.name).second) << definition.name;
    EXPECT_FALSE(definition.help.empty());
    Settings settings;
    const std::string text = ValueText(settings, definition);
    ASSERT_TRUE(Assign(settings, definition, text)) << definition.name << " = " << text;
    EXPECT_EQ(ValueText(settings, definition), text);
  }
}

TEST_F(SettingsTest, TheDocumentsDefaultsHold) {
  const Settings settings;
  EXPECT_EQ(settings.max_file_size_bytes, 1024ULL * 1024 * 1024);
  EXPECT_EQ(settings.chunk_upload_size, 50ULL * 1024 * 1024);
  EXPECT_EQ(settings.processing_timeout_seconds, 1800);
  EXPECT_EQ(settings.large_file_timeout_seconds, 3600);
  EXPECT_EQ(settings.min_workers, 2);
  EXPECT_EQ(settings.default_max_workers, 6);
  EXPECT_EQ(settings.max_workers_limit, 16);
  EXPECT_EQ(settings.low_memory_threshold_gb, 4.0);
  EXPECT_EQ(settings.high_memory_threshold_gb, 16.0);
  EXPECT_EQ(settings.memory_safety_factor, 0.8);
  EXPECT_TRUE(settings.enable_memory_cleanup);
  EXPECT_TRUE(settings.enable_parallel_upload);
  EXPECT_TRUE(settings.chunk_size_optimization);
}

TEST_F(SettingsTest, LaterSourcesWin) {
  const std::map<std::string, std::string> variables = {{"VERBATIM_MODEL", "small"},
                                                        {"VERBATIM_WORKERS", "3"}};
  Sources sources;
  sources.file = WriteFile(
      "model = \"tiny\"\n[uploads]\nmax_file_size_bytes = \"2 GiB\"\nworkers = 2\nbatch = 5\n");
  sources.environment = [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  sources.flags = {{"workers", "4"}};
  const Result<Loaded> loaded = Load(sources);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.model, "small");
  EXPECT_EQ(loaded->settings.max_file_size_bytes, 2ULL << 30);
  EXPECT_EQ(loaded->settings.workers, 4);
  EXPECT_EQ(loaded->settings.batch, 5);
  EXPECT_EQ(loaded->origins.at("model"), Origin::kEnvironment);
  EXPECT_EQ(loaded->origins.at("max_file_size_bytes"), Origin::kFile);
  EXPECT_EQ(loaded->origins.at("workers"), Origin::kFlag);
  EXPECT_EQ(loaded->origins.at("threads"), Origin::kDefault);
}

TEST_F(SettingsTest, SizesMayHaveUnits) {
  const Definition& size = *FindDefinition("max_file_size_bytes");
  const std::pair<std::string_view, uint64_t> cases[] = {
      {"0", 0},
      {"1048576", 1 << 20},
      {"50MiB", 50 << 20},
      {"50 MiB", 50 << 20},
      {"2 GB", 2'000'000'000},
      {"7 B", 7},
  };
  for (const auto& [text, bytes] : cases) {
    Settings settings;
    EXPECT_TRUE(Assign(settings, size, text)) << text;
    EXPECT_EQ(settings.max_file_size_bytes, bytes) << text;
  }
  for (const std::string_view text :
       {"", "-1", "1.5", "50 mib", "MiB", "1 GiB more", "99999999999999999999", "9999999 TiB"}) {
    Settings settings;
    EXPECT_FALSE(Assign(settings, size, text)) << text;
    EXPECT_EQ(settings.max_file_size_bytes, Settings().max_file_size_bytes);
  }
}

TEST_F(SettingsTest, NumbersMayHaveFractions) {
  const Definition& factor = *FindDefinition("memory_safety_factor");
  Settings settings;
  for (const auto& [text, value] :
       {std::pair<std::string_view, double>{"0.1", 0.1}, {"1", 1}, {".5", 0.5}, {"7.5e-1", 0.75}}) {
    EXPECT_TRUE(Assign(settings, factor, text)) << text;
    EXPECT_EQ(settings.memory_safety_factor, value) << text;
  }
  EXPECT_EQ(ValueText(settings, factor), "0.75");
  for (const std::string_view text : {"", "0.09", "1.01", "-0.5", "nan", "inf", "0,5", "0.5x"}) {
    EXPECT_FALSE(Assign(settings, factor, text)) << text;
    EXPECT_EQ(settings.memory_safety_factor, 0.75) << text;
  }
  Sources sources;
  sources.file = WriteFile("low_memory_threshold_gb = 2.5\nhigh_memory_threshold_gb = 8\n");
  const Result<Loaded> loaded = Load(sources);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.low_memory_threshold_gb, 2.5);
  EXPECT_EQ(loaded->settings.high_memory_threshold_gb, 8);
  sources.file = WriteFile("memory_safety_factor = 2.5\n");
  EXPECT_THAT(ErrorOf(sources),
              HasSubstr("memory_safety_factor is \"2.5\", but must be a number, 0.1 to 1"));
}

TEST_F(SettingsTest, AWrongValueNamesSettingValueRangeAndSource) {
  Sources sources;
  sources.file = WriteFile("# mine\nworkers = 99\n");
  EXPECT_EQ(ErrorOf(sources),
            sources.file->string() + ":2: workers is \"99\", but must be a whole number, 0 to 64");
  sources.file = WriteFile("log_format = \"xml\"");
  EXPECT_THAT(ErrorOf(sources), HasSubstr("log_format is \"xml\", but must be text or json"));
  sources.file = WriteFile("auto_tune = 3");
  EXPECT_THAT(ErrorOf(sources), HasSubstr("auto_tune is \"3\", but must be true or false"));
  sources.file.reset();
  sources.flags = {{"batch", "many"}};
  EXPECT_THAT(ErrorOf(sources), HasSubstr("flags: batch is \"many\""));
}

TEST_F(SettingsTest, WhatIsNoSettingIsNamedWithItsNeighbour) {
  Sources sources;
  sources.file = WriteFile("max_file_size = 1");
  EXPECT_THAT(ErrorOf(sources), HasSubstr("there is no setting \"max_file_size\"; did you mean "
                                          "\"max_file_size_bytes\"?"));
}

TEST_F(SettingsTest, FilesThatCannotBeRead) {
  Sources sources;
  sources.file = folder_ / "missing.toml";
  EXPECT_EQ(Load(sources).error().code, ErrorCode::kNotFound);
  sources.file = WriteFile("workers = = 2");
  EXPECT_THAT(ErrorOf(sources), HasSubstr("verbatim.toml:1: "));
  for (const char* text : {"[=]", "[[!]]", "[.a]"}) {
    sources.file = WriteFile(text);
    EXPECT_THAT(ErrorOf(sources), HasSubstr("verbatim.toml:1: ")) << text;
  }
  sources.file = WriteFile("workers = [1, 2]");
  EXPECT_THAT(ErrorOf(sources), HasSubstr("workers is neither"));
  sources.file = WriteFile("[a]\nworkers = 1\n[b]\nworkers = 2");
  EXPECT_THAT(ErrorOf(sources), HasSubstr(":4: workers is set twice"));
}

}  // namespace
}  // namespace verbatim::settings
