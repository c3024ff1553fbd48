#include "vad/segmenter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "vad/speech_detector.h"

namespace verbatim::vad {
namespace {

constexpr SampleTime kBlock{static_cast<int64_t>(kVadBlock)};

// A pause within speech must be at least this long to be a good place for a cut: 98 ms.
constexpr SampleTime kPauseCutMin{1568};

// Shorter limits than this leave no room for speech between the paddings.
constexpr SampleTime kLengthMaxMin{kSampleRate};

struct Stretch {
  SampleTime begin{0};
  SampleTime end{0};

  SampleTime length() const { return end - begin; }
};

SegmenterOptions Sane(SegmenterOptions options) {
  options.threshold_end = std::min(options.threshold_end, options.threshold);
  options.length_max = std::max(options.length_max, kLengthMaxMin);
  options.padding = std::clamp(options.padding, SampleTime{0}, options.length_max / 4);
  return options;
}

// What is added on each of the facing sides of two neighbours.
SampleTime PaddingBetween(SampleTime end, SampleTime begin, SampleTime padding) {
  return std::min(padding, (begin - end) / 2);
}

}  // namespace

// Speech without padding is called a core. A run is the open core: it starts at a likely block, and
// what it will be is known once a pause ends it or its length forces a cut.
struct Segmenter::State {
  explicit State(const SegmenterOptions& given)
      : options(Sane(given)), core_max(options.length_max - 2 * options.padding) {}

  SegmenterOptions options;
  SampleTime core_max;
  SampleTime now{0};  // end of the last block taken

  // The run. Its blocks' probabilities are kept for the means and for the choice of a cut.
  bool in_run = false;
  bool is_continued = false;  // its first part was cut off: kept however short it is
  SampleTime run_begin{0};
  std::vector<float> probabilities;       // of the block that holds run_begin, and on
  std::optional<SampleTime> pause_begin;  // the pause that may end the run
  std::vector<Stretch> pauses;            // within the run, long enough for a cut

  std::optional<SpeechSegment> waiting;  // closed, its begin padded, its end not yet
  SampleTime core_end{0};                // of the last closed core
  bool has_core = false;
  SampleTime emitted_end{0};
  std::vector<SpeechSegment> ready;

  void Take(float probability);
  void EndRun(SampleTime end);
  void CutRun();
  SampleTime LeastLikely() const;
  void DropBefore(SampleTime time);
  void Close(Stretch core);
  void Emit(SampleTime end);
  void EmitIfKnown();
  SampleTime BeginPadded(SampleTime begin) const;
  SampleTime RunBlock() const { return run_begin / kBlock * kBlock; }
};

void Segmenter::State::Take(float probability) {
  const SampleTime block_begin = now;
  now += kBlock;
  const bool is_speech = probability >= options.threshold;
  if (!in_run) {
    if (!is_speech) return;
    run_begin = block_begin;
    in_run = true;
  }
  probabilities.push_back(probability);
  if (is_speech && pause_begin) {
    const Stretch pause{*pause_begin, block_begin};
    if (pause.length() >= kPauseCutMin) pauses.push_back(pause);
    pause_begin.reset();
  }
  if (probability < options.threshold_end && !pause_begin) pause_begin = block_begin;
  if (pause_begin) {
    // Neither speech nor silence may go on for a while, but not until the segment is too long.
    const bool is_over = probability < options.threshold_end || now - run_begin > core_max;
    if (is_over && now - *pause_begin >= options.silence_min) EndRun(*pause_begin);
  } else {
    while (now - run_begin > core_max) CutRun();
  }
}

void Segmenter::State::EndRun(SampleTime end) {
  if (is_continued || end - run_begin >= options.speech_min) Close({run_begin, end});
  in_run = false;
  is_continued = false;
  pause_begin.reset();
  pauses.clear();
  probabilities.clear();
}

// Cuts the run at its longest pause, else at its least likely block; of equals the later one, which
// leaves fewer pieces.
void Segmenter::State::CutRun() {
  Stretch pause;
  for (const Stretch& candidate : pauses) {
    if (candidate.length() >= pause.length()) pause = candidate;
  }
  if (pauses.empty()) {
    const SampleTime cut = LeastLikely();
    pause = {cut, cut};
  }
  Close({run_begin, pause.begin});
  DropBefore(pause.end);
  is_continued = true;
}

// The middle of the least likely block in the later half of what one segment can hold; never in the
// last block, which may reach beyond the end of the stream.
SampleTime Segmenter::State::LeastLikely() const {
  SampleTime best{0};
  float lowest = 0;
  for (size_t i = 0; i + 1 < probabilities.size(); ++i) {
    const SampleTime cut = RunBlock() + static_cast<int64_t>(i) * kBlock + kBlock / 2;
    if (cut - run_begin < core_max / 2 || cut - run_begin > core_max || cut == run_begin) continue;
    if (best == SampleTime{0} || probabilities[i] <= lowest) {
      best = cut;
      lowest = probabilities[i];
    }
  }
  return best;
}

// The run goes on from `time`.
void Segmenter::State::DropBefore(SampleTime time) {
  const auto blocks = (time / kBlock * kBlock - RunBlock()) / kBlock;
  probabilities.erase(probabilities.begin(), probabilities.begin() + blocks);
  std::erase_if(pauses, [&](const Stretch& pause) { return pause.begin < time; });
  run_begin = time;
}

// A core is certain. With its begin known, so is the end of the one before.
void Segmenter::State::Close(Stretch core) {
  if (waiting) Emit(core_end + PaddingBetween(core_end, core.begin, options.padding));
  SpeechSegment segment;
  segment.begin = BeginPadded(core.begin);
  const auto blocks = (core.end - RunBlock() + kBlock - SampleTime{1}) / kBlock;
  double sum = 0;
  for (int64_t i = 0; i < blocks; ++i) {
    const float probability = probabilities[static_cast<size_t>(i)];
    sum += static_cast<double>(probability);
    segment.probability_max = std::max(segment.probability_max, probability);
  }
  segment.probability_mean = static_cast<float>(sum / static_cast<double>(blocks));
  waiting = segment;
  core_end = core.end;
  has_core = true;
}

SampleTime Segmenter::State::BeginPadded(SampleTime begin) const {
  if (has_core) return begin - PaddingBetween(core_end, begin, options.padding);
  return std::max(SampleTime{0}, begin - options.padding);
}

void Segmenter::State::Emit(SampleTime end) {
  waiting->end = end;
  emitted_end = end;
  ready.push_back(*waiting);
  waiting.reset();
}

// The waiting segment's end depends on where the next core begins, if that is near.
void Segmenter::State::EmitIfKnown() {
  if (!waiting) return;
  if (in_run) {
    const SampleTime certain = pause_begin.value_or(now) - run_begin;
    const bool is_far = run_begin - core_end >= 2 * options.padding;
    if (is_far || is_continued || certain >= options.speech_min) {
      Emit(core_end + PaddingBetween(core_end, run_begin, options.padding));
    }
  } else if (now - kBlock >= core_end + 2 * options.padding) {
    // The last block may be filled up with zeros, so only what lies before it is surely part of the
    // stream.
    Emit(core_end + options.padding);
  }
}

Segmenter::Segmenter(const SegmenterOptions& options) : state_(std::make_unique<State>(options)) {}
Segmenter::~Segmenter() = default;
Segmenter::Segmenter(Segmenter&&) noexcept = default;
Segmenter& Segmenter::operator=(Segmenter&&) noexcept = default;

std::vector<SpeechSegment> Segmenter::Push(float probability) {
  state_->Take(probability);
  state_->EmitIfKnown();
  return std::exchange(state_->ready, {});
}

std::vector<SpeechSegment> Segmenter::Finish(SampleTime end) {
  State& state = *state_;
  if (state.in_run) state.EndRun(state.pause_begin.value_or(state.now));
  if (state.waiting) state.Emit(state.core_end + state.options.padding);
  for (SpeechSegment& segment : state.ready) segment.end = std::min(segment.end, end);
  std::erase_if(state.ready, [](const SpeechSegment& s) { return s.begin >= s.end; });
  return std::exchange(state.ready, {});
}

SampleTime Segmenter::settled() const {
  const State& state = *state_;
  if (state.waiting) return state.waiting->begin;
  if (state.in_run) return state.BeginPadded(state.run_begin);
  return std::max(state.emitted_end, state.now - state.options.padding);
}

}  // namespace verbatim::vad
