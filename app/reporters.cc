#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>

#include "json_lines.h"
#include "pipeline/languages.h"
#include "progress_line.h"
#include "report.h"
#include "speed_meter.h"
#include "text.h"

namespace verbatim::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRedrawInterval{80};

void Write(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

std::string Timestamp(SampleTime time) {
  const int64_t ms = ToMilliseconds(time);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                     ms % 1000);
}

// The text as it appears, for --verbose; with a heading when another file's text goes on.
class VerboseText {
 public:
  explicit VerboseText(const ReportSettings& settings)
      : stream_(settings.stdout_is_result ? stderr : stdout), is_on_(settings.is_verbose) {}

  bool is_on() const { return is_on_; }

  void Show(const RunStart& start, size_t file, const transcript::Segment& segment) {
    std::string text;
    if (start.files.size() > 1 && file_ != file) text = start.files.at(file) + ":\n";
    file_ = file;
    const size_t begin = std::min(segment.text.find_first_not_of(' '), segment.text.size());
    text += fmt::format("[{} -> {}] {}\n", Timestamp(segment.begin), Timestamp(segment.end),
                        segment.text.substr(begin));
    Write(stream_, ForTerminal(text));
  }

 private:
  std::FILE* stream_;
  bool is_on_;
  std::optional<size_t> file_;
};

void ComplainOfFile(const FileFailed& failed) {
  Complain(failed.path + ": " + failed.error.message);
}

// Errors and warnings alone.
class QuietReporter : public Reporter {
 public:
  explicit QuietReporter(const ReportSettings& settings) : text_(settings) {}
  void OnPull(const std::string&, const models::PullProgress&) override {}
  void OnLoading(const std::string&) override {}
  void OnStart(const RunStart& start) override { start_ = start; }
  void OnProgress(const pipeline::Progress&) override {}
  void OnSegment(size_t file, const transcript::Segment& segment) override {
    if (text_.is_on()) text_.Show(start_, file, segment);
  }
  void OnFileDone(const FileDone& done) override {
    for (const std::string& warning : done.warnings) Complain(done.path + ": warning: " + warning);
  }
  void OnFileFailed(const FileFailed& failed) override { ComplainOfFile(failed); }
  void OnWarning(const std::string& message) override { Complain("warning: " + message); }
  void OnError(const Error& error) override { Complain(error.message); }
  void OnEnd(const RunEnd&) override {}

 private:
  RunStart start_;
  VerboseText text_;
};

// One JSON object a line, on standard error.
class JsonReporter : public Reporter {
 public:
  explicit JsonReporter(const ReportSettings& settings) : is_verbose_(settings.is_verbose) {}
  void OnPull(const std::string& model, const models::PullProgress& progress) override {
    if (IsDue()) Write(stderr, PullJson(model, progress));
  }
  void OnLoading(const std::string&) override {}
  void OnStart(const RunStart& start) override {
    meter_.Start(Clock::now());
    Write(stderr, StartLine(start));
  }
  void OnProgress(const pipeline::Progress& progress) override {
    const double speed = meter_.Measure(progress, Clock::now());
    const ProgressState state{"", ToSeconds(progress.position), ToSeconds(progress.duration),
                              progress.share, speed};
    Write(stderr, ProgressJson(progress, speed, SecondsLeft(state)));
  }
  void OnSegment(size_t file, const transcript::Segment& segment) override {
    if (is_verbose_) Write(stderr, SegmentLine(file, segment));
  }
  void OnFileDone(const FileDone& done) override { Write(stderr, FileDoneLine(done)); }
  void OnFileFailed(const FileFailed& failed) override { Write(stderr, FileFailedLine(failed)); }
  void OnWarning(const std::string& message) override { Write(stderr, WarningLine(message)); }
  void OnError(const Error& error) override { Write(stderr, ErrorLine(error)); }
  void OnEnd(const RunEnd& end) override { Write(stderr, EndLine(end)); }

 private:
  // Bytes arrive thousands of times a second; their events four times.
  bool IsDue() {
    const Clock::time_point now = Clock::now();
    if (now - last_pull_ < std::chrono::milliseconds(250)) return false;
    last_pull_ = now;
    return true;
  }

  bool is_verbose_;
  SpeedMeter meter_;
  Clock::time_point last_pull_;
};

// One line that is drawn over and over, and a summary per file.
class TerminalReporter : public Reporter {
 public:
  explicit TerminalReporter(const ReportSettings& settings) : text_(settings) {}
  ~TerminalReporter() override { Clear(); }

  void OnPull(const std::string& model, const models::PullProgress& progress) override {
    Draw(PullLine(model, progress, Style()), progress.stage != stage_);
    stage_ = progress.stage;
  }
  void OnBytes(const std::string& doing, uint64_t done, uint64_t total) override {
    Draw(ByteLine(doing, done, total, Style()), done == 0);
  }
  void OnLoading(const std::string& model) override {
    Draw("loading model " + ForTerminal(model), true);
  }
  void OnStart(const RunStart& start) override {
    start_ = start;
    meter_.Start(Clock::now());
  }
  void OnProgress(const pipeline::Progress& progress) override {
    const double speed = meter_.Measure(progress, Clock::now());
    if (progress.file != current_) return;  // a file that is read ahead
    const std::string name = std::filesystem::path(start_.files.at(current_)).filename().string();
    const std::string prefix =
        start_.files.size() > 1 ? fmt::format("[{}/{}] ", current_ + 1, start_.files.size()) : "";
    const ProgressState state{prefix + ForTerminal(name), ToSeconds(progress.position),
                              ToSeconds(progress.duration), progress.share, speed};
    Draw(ProgressLine(state, Style()), false);
  }
  void OnSegment(size_t file, const transcript::Segment& segment) override {
    if (!text_.is_on()) return;
    const std::string line = line_;
    Clear();
    text_.Show(start_, file, segment);
    Draw(line, true);
  }
  void OnFileDone(const FileDone& done) override {
    Clear();
    Finish(done.file);
    sound_seconds_ += done.duration_seconds;
    Write(stderr, ForTerminal(Summary(done)));
  }
  void OnFileFailed(const FileFailed& failed) override {
    Clear();
    Finish(failed.file);
    ComplainOfFile(failed);
  }
  void OnWarning(const std::string& message) override {
    Clear();
    Complain("warning: " + message);
  }
  void OnError(const Error& error) override {
    Clear();
    Complain(error.message);
  }
  void OnEnd(const RunEnd& end) override {
    Clear();
    if (end.file_count < 2) return;
    Write(stderr,
          fmt::format("{} files, {} of sound, in {} ({:.0f} x), {} failed\n", end.file_count,
                      ClockTime(sound_seconds_), ClockTime(end.elapsed_seconds),
                      sound_seconds_ / std::max(end.elapsed_seconds, 1e-3), end.failed_count));
  }

 private:
  static LineStyle Style() {
    winsize size{};
    const bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    std::string locale;
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
      const char* value = std::getenv(name);
      if (value == nullptr || *value == '\0') continue;
      locale = value;
      break;
    }
    const bool has_utf8 =
        locale.find("UTF-8") != std::string::npos || locale.find("utf8") != std::string::npos;
    return {is_known ? size.ws_col : 80, has_utf8};
  }

  // Several files are transcribed together, so the time of one alone would say nothing.
  std::string Summary(const FileDone& done) const {
    std::string text = fmt::format("{}: {} of sound", done.path, ClockTime(done.duration_seconds));
    if (start_.files.size() == 1) {
      text += fmt::format(" in {:.1f} s ({:.0f} x)", done.elapsed_seconds,
                          done.duration_seconds / std::max(done.elapsed_seconds, 1e-3));
    }
    text += fmt::format(", {} words, {}", done.word_count, pipeline::LanguageTitle(done.language));
    for (size_t i = 0; i < done.outputs.size(); ++i)
      text += (i == 0 ? " -> " : ", ") + done.outputs[i];
    text += "\n";
    for (const std::string& warning : done.warnings) text += "  warning: " + warning + "\n";
    return text;
  }

  void Finish(size_t file) {
    finished_.insert(file);
    while (finished_.contains(current_)) ++current_;
  }

  void Draw(const std::string& line, bool is_urgent) {
    const Clock::time_point now = Clock::now();
    if (!is_urgent && now - last_draw_ < kRedrawInterval) return;
    last_draw_ = now;
    line_ = line;
    Write(stderr, "\r\x1B[K" + line);
  }
  void Clear() {
    if (!line_.empty()) Write(stderr, "\r\x1B[K");
    line_.clear();
  }

  RunStart start_;
  VerboseText text_;
  SpeedMeter meter_;
  models::PullStage stage_ = models::PullStage::kWaiting;
  std::set<size_t> finished_;
  double sound_seconds_ = 0;  // of all finished files
  size_t current_ = 0;        // the first file that is not finished
  std::string line_;          // what stands on the terminal
  Clock::time_point last_draw_;
};

}  // namespace

std::unique_ptr<Reporter> MakeReporter(const ReportSettings& settings) {
  if (settings.progress == ProgressMode::kJson) return std::make_unique<JsonReporter>(settings);
  const bool is_watched = settings.progress == ProgressMode::kAuto && isatty(STDERR_FILENO) == 1;
  if (is_watched) return std::make_unique<TerminalReporter>(settings);
  return std::make_unique<QuietReporter>(settings);
}

void Complain(std::string_view message) {
  Write(stderr, ForTerminal(fmt::format("verbatim: {}\n", message)));
}

}  // namespace verbatim::app
