// For tests: WAV files made byte by byte, folders that vanish, and reading a file to its end.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/audio_reader.h"
#include "media/test_reader.h"

#ifndef VERBATIM_ROOT  // the build names the project's folder
#define VERBATIM_ROOT "."
#endif

namespace verbatim::media {

// A folder of its own for each test, removed at its end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "media_test_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path Write(const std::string& name, std::string_view bytes) const {
    const auto path = path_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct WavShape {
  int sample_rate = 16000;
  int channel_count = 1;
  int bits = 16;
  bool is_float = false;
};

template <typename Number>
void AppendNumber(std::string& bytes, Number number, size_t size = sizeof(Number)) {
  const auto raw = std::bit_cast<std::array<char, sizeof(Number)>>(number);
  bytes.append(raw.data(), size);
}

inline void AppendSample(std::string& bytes, const WavShape& shape, double value) {
  if (shape.is_float && shape.bits == 32) return AppendNumber(bytes, static_cast<float>(value));
  if (shape.is_float) return AppendNumber(bytes, value);
  const double scaled = value * (std::ldexp(1.0, shape.bits - 1) - 1);
  const auto rounded = static_cast<int64_t>(std::llround(scaled)) + (shape.bits == 8 ? 128 : 0);
  AppendNumber(bytes, rounded, static_cast<size_t>(shape.bits / 8));
}

inline std::string WavHeader(const WavShape& shape, uint32_t data_size) {
  const int frame_size = shape.channel_count * shape.bits / 8;
  std::string bytes = "RIFF";
  AppendNumber(bytes, uint32_t{36} + data_size);
  bytes += "WAVEfmt ";
  AppendNumber(bytes, uint32_t{16});
  AppendNumber(bytes, static_cast<uint16_t>(shape.is_float ? 3 : 1));
  AppendNumber(bytes, static_cast<uint16_t>(shape.channel_count));
  AppendNumber(bytes, static_cast<uint32_t>(shape.sample_rate));
  AppendNumber(bytes, static_cast<uint32_t>(int64_t{shape.sample_rate} * frame_size));
  AppendNumber(bytes, static_cast<uint16_t>(frame_size));
  AppendNumber(bytes, static_cast<uint16_t>(shape.bits));
  bytes += "data";
  AppendNumber(bytes, data_size);
  return bytes;
}

// Shape: samples of all channels in turn. Unit: -1..1.
inline std::string MakeWav(const WavShape& shape, const std::vector<double>& samples) {
  std::string data;
  for (double sample : samples) AppendSample(data, shape, sample);
  return WavHeader(shape, static_cast<uint32_t>(data.size())) + data;
}

// A tone of 440 Hz at half of full scale, alike in all channels: its level is 0.5 / sqrt(2).
inline constexpr double kToneLevel = 0.35355;
inline std::vector<double> Tone(const WavShape& shape, double seconds) {
  std::vector<double> samples;
  const auto count = static_cast<int64_t>(seconds * shape.sample_rate);
  for (int64_t i = 0; i < count; ++i) {
    const double phase = 2 * std::numbers::pi * 440.0 * static_cast<double>(i) / shape.sample_rate;
    samples.insert(samples.end(), static_cast<size_t>(shape.channel_count), 0.5 * std::sin(phase));
  }
  return samples;
}

// All that a reader gives until its end or its error.
struct ReadOut {
  std::vector<float> samples;
  std::optional<Error> error;
  std::vector<AudioReader::Damage> damages;
  MediaInfo info;
  bool is_regular = true;  // blocks follow each other, are of 1 to 16,000 samples, all within -1..1

  double length() const { return static_cast<double>(samples.size()) / 16000; }
  double Level(double begin = 0, double end = 1e9) const {
    double sum = 0;
    const auto from = static_cast<size_t>(begin * 16000);
    const auto to = std::min(samples.size(), static_cast<size_t>(end * 16000));
    for (size_t i = from; i < to; ++i) sum += std::pow(static_cast<double>(samples[i]), 2);
    return to > from ? std::sqrt(sum / static_cast<double>(to - from)) : 0;
  }
};

inline ReadOut ReadAll(const Result<std::unique_ptr<AudioReader>>& reader) {
  ReadOut out;
  if (!reader) {
    out.error = reader.error();
    return out;
  }
  out.info = (*reader)->info();
  for (double progress = 0;;) {
    auto block = (*reader)->Next({});
    if (!block) out.error = block.error();
    if (!block || !*block) break;
    const auto& samples = (*block)->samples;
    out.is_regular = out.is_regular && (*block)->begin.count() == std::ssize(out.samples) &&
                     !samples.empty() && samples.size() <= 16000 &&
                     (*reader)->progress() >= progress && (*reader)->progress() <= 1 &&
                     std::ranges::all_of(samples, [](float x) { return x >= -1 && x <= 1; });
    progress = (*reader)->progress();
    out.samples.insert(out.samples.end(), samples.begin(), samples.end());
  }
  out.damages = (*reader)->damages();
  return out;
}

inline ReadOut ReadAll(const std::filesystem::path& path, const AudioReaderOptions& options = {}) {
  return ReadAll(OpenReader(path, options));
}

inline std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::filesystem::path ProjectData(const std::string& name) {
  return std::filesystem::path(VERBATIM_ROOT) / "tests/data" / name;
}

// The folder of media and numbers that are too large for the project; may be absent.
inline std::filesystem::path SharedFolder() {
  const char* set = std::getenv("VERBATIM_SHARED");
  return set != nullptr ? set : std::filesystem::path(VERBATIM_ROOT) / "../shared";
}

}  // namespace verbatim::media
