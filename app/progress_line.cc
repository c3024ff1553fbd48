#include "progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "text.h"

namespace verbatim::app {
namespace {

constexpr int kBarColumnsMin = 10;
constexpr int kBarColumnsMax = 30;
constexpr int kNameColumnsMax = 40;
constexpr int kNameColumnsMin = 8;

std::string Bar(double share, int columns, bool has_utf8) {
  const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * columns));
  std::string bar = "[";
  for (int i = 0; i < full; ++i) bar += has_utf8 ? "█" : "#";
  bar.append(static_cast<size_t>(columns - full), ' ');
  return bar + "]";
}

// Name, bar and facts in the room there is.
std::string Fit(const std::string& name, double share, const std::string& facts,
                const LineStyle& style) {
  const int room = style.columns - 1;  // a full line would wrap on some terminals
  std::string shown = Shorten(name, std::min(kNameColumnsMax, std::max(room, 0)));
  const int bar_columns = room - Columns(shown) - Columns(facts) - 6;  // brackets and gaps
  if (bar_columns >= kBarColumnsMin) {
    const int columns = std::min(bar_columns, kBarColumnsMax);
    return fmt::format("{}  {}  {}", shown, Bar(share, columns, style.has_utf8), facts);
  }
  const int name_columns = room - Columns(facts) - 2;
  if (name_columns < kNameColumnsMin) return Shorten(facts, room);
  return fmt::format("{}  {}", Shorten(shown, name_columns), facts);
}

}  // namespace

double SecondsLeft(const ProgressState& state) {
  if (state.speed <= 0 || state.duration <= 0) return -1;
  return std::max(state.duration - state.position, 0.0) / state.speed;
}

std::string ProgressLine(const ProgressState& state, const LineStyle& style) {
  std::string facts =
      fmt::format("{:3.0f} %  {}", std::floor(std::clamp(state.share, 0.0, 1.0) * 100),
                  ClockTime(state.position));
  if (state.duration > 0) facts += " / " + ClockTime(state.duration);
  if (state.speed > 0) facts += fmt::format("  {:.{}f} x", state.speed, state.speed < 10 ? 1 : 0);
  if (const double left = SecondsLeft(state); left >= 0) facts += "  ETA " + ClockTime(left + 0.5);
  return Fit(state.name, state.share, facts, style);
}

std::string PullLine(const std::string& model, const models::PullProgress& progress,
                     const LineStyle& style) {
  const std::string name = model + ": " + progress.file;
  switch (progress.stage) {
    case models::PullStage::kWaiting:
      return Shorten(model + ": waiting for another download of it", style.columns - 1);
    case models::PullStage::kVerifying: return Shorten(name + "  checking", style.columns - 1);
    case models::PullStage::kDownloading: break;
  }
  if (progress.done_bytes == 0) return Shorten(name + "  fetching", style.columns - 1);
  return ByteLine(name, progress.done_bytes, progress.total_bytes, style);
}

std::string ByteLine(const std::string& name, uint64_t done_bytes, uint64_t total_bytes,
                     const LineStyle& style) {
  const double done = static_cast<double>(done_bytes);
  if (total_bytes == 0) {
    const std::string count = done_bytes == 0 ? "" : "  " + ByteCount(done);
    return Shorten(name + count, style.columns - 1);
  }
  const double total = static_cast<double>(total_bytes);
  const std::string facts = fmt::format("{:3.0f} %  {} / {}", std::floor(done / total * 100),
                                        ByteCount(done), ByteCount(total));
  return Fit(name, done / total, facts, style);
}

}  // namespace verbatim::app
