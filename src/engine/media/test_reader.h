// For tests of AudioReader, which run twice: in the test's process and, if VERBATIM_TEST_SANDBOX is
// set, in processes of the sandbox.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/byte_source.h"
#include "media/audio_reader.h"
#include "media/reader_process.h"
#include "sandbox/launcher.h"

namespace verbatim::media {

// Null: there is none. Forks at its first call, before any test has made a thread.
inline sandbox::Launcher* TestLauncher() {
  static const std::unique_ptr<sandbox::Launcher> launcher = [] {
    std::unique_ptr<sandbox::Launcher> started;
    if (std::getenv("VERBATIM_TEST_SANDBOX") == nullptr) return started;
    auto result = sandbox::Launcher::Start({.work = ReadMedia});
    if (result) started = *std::move(result);
    return started;
  }();
  return launcher.get();
}

inline const ::testing::Environment* const kTestLauncher = ::testing::AddGlobalTestEnvironment([] {
  class Environment : public ::testing::Environment {
    void SetUp() override { TestLauncher(); }
  };
  return new Environment;  // googletest deletes it
}());

inline Result<std::unique_ptr<AudioReader>> OpenReader(const std::filesystem::path& path,
                                                       AudioReaderOptions options = {}) {
  options.sandbox = TestLauncher();
  return AudioReader::Open(path, options);
}

inline Result<std::unique_ptr<AudioReader>> OpenReader(std::shared_ptr<ByteSource> source,
                                                       const std::string& name,
                                                       AudioReaderOptions options = {},
                                                       std::stop_token stop = {}) {
  options.sandbox = TestLauncher();
  return AudioReader::Open(std::move(source), name, options, std::move(stop));
}

}  // namespace verbatim::media
