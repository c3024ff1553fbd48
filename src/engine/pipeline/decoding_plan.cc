#include "pipeline/decoding_plan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "whisper/rules.h"

namespace verbatim::pipeline {
namespace {

whisper::DecodingRules RulesFor(const whisper::Model& model, SegmentTimes times) {
  const whisper::SpecialTokens& special = model.tokenizer.special();
  std::vector<int32_t> never = model.suppressed;
  for (int32_t token : {special.start_of_transcript, special.translate, special.transcribe,
                        special.start_of_previous, special.no_speech, special.no_timestamps}) {
    never.push_back(token);
  }
  std::optional<whisper::TimestampRules> timestamps;
  if (times == SegmentTimes::kTokens) {
    timestamps.emplace(special);
  } else {
    for (auto token = special.timestamp_begin; token < static_cast<int32_t>(model.shape.vocabulary);
         ++token) {
      never.push_back(token);
    }
  }
  return {whisper::SuppressTokens(std::move(never)), whisper::SuppressBlank(model.suppressed_first),
          timestamps, model.shape.vocabulary};
}

// Hotwords come first and get at most half of the room; of the prompt the end is kept, as of a text
// that came before. Source: Radford et al. 2022, section 2.3; hotwords as faster-whisper has them
// (behaviour, not code).
std::vector<int32_t> PreviousText(const whisper::Model& model, const TranscribeOptions& options) {
  const size_t room = model.shape.text_positions / 2 - 1;
  const auto encode = [&](const std::string& text) {
    return text.empty() ? std::vector<int32_t>{} : model.tokenizer.Encode(" " + text);
  };
  std::vector<int32_t> hotwords = encode(options.hotwords);
  hotwords.resize(std::min(hotwords.size(), room / 2));
  const std::vector<int32_t> prompt = encode(options.initial_prompt);
  const size_t kept = std::min(prompt.size(), room - hotwords.size());
  if (hotwords.empty() && kept == 0) return {};
  std::vector<int32_t> previous = {model.tokenizer.special().start_of_previous};
  previous.insert(previous.end(), hotwords.begin(), hotwords.end());
  previous.insert(previous.end(), prompt.end() - static_cast<ptrdiff_t>(kept), prompt.end());
  return previous;
}

Result<std::optional<whisper::LanguageGuess>> LanguageFor(const whisper::Model& model,
                                                          const TranscribeOptions& options) {
  const bool is_auto = options.language == "auto";
  if (!model.tokenizer.is_multilingual()) {
    if (is_auto || options.language == "en") return whisper::LanguageGuess{0, 1};
    return Fail(ErrorCode::kInvalidArgument,
                "this model knows English only: leave out --language " + options.language +
                    ", or choose a model without .en");
  }
  if (is_auto) return std::nullopt;
  const std::optional<int32_t> token = model.tokenizer.LanguageToken(options.language);
  if (!token)
    return Fail(ErrorCode::kInvalidArgument,
                "this model does not know the language \"" + options.language + "\"");
  return whisper::LanguageGuess{*token, 1};
}

bool HasSecondLook(const TranscribeOptions& options) {
  return options.beam_size == 1 && options.unsure_beam_size > 1 &&
         options.temperatures.front() == 0;
}

std::vector<whisper::SearchOptions> TriesFor(const TranscribeOptions& options, size_t tokens_max) {
  std::vector<whisper::SearchOptions> tries;
  for (float temperature : options.temperatures) {
    tries.push_back({options.beam_size, options.best_of, temperature, tokens_max, 0});
  }
  if (HasSecondLook(options)) {
    tries.insert(tries.begin() + 1, {options.unsure_beam_size, options.best_of, 0, tokens_max, 0});
  }
  return tries;
}

}  // namespace

SharedRules MakeSharedRules(const whisper::Model& model) {
  const auto make = [&](SegmentTimes times) {
    return std::make_shared<const whisper::DecodingRules>(RulesFor(model, times));
  };
  return {make(SegmentTimes::kAlignment), make(SegmentTimes::kTokens)};
}

Result<DecodingPlan> MakeDecodingPlan(const whisper::Model& model, const SharedRules& rules,
                                      const TranscribeOptions& options) {
  const auto is_width = [](int value) { return value >= 1 && value <= 16; };
  if (!is_width(options.beam_size) || !is_width(options.unsure_beam_size) ||
      !is_width(options.best_of)) {
    return Fail(ErrorCode::kInvalidArgument, "beam sizes and best-of must lie between 1 and 16");
  }
  const auto is_temperature = [](float value) { return value >= 0 && value <= 2; };
  if (options.temperatures.empty() || !std::ranges::all_of(options.temperatures, is_temperature)) {
    return Fail(ErrorCode::kInvalidArgument, "give at least one temperature, each between 0 and 2");
  }
  const bool is_multilingual = model.tokenizer.is_multilingual();
  if (options.task == Task::kTranslate && !is_multilingual) {
    return Fail(ErrorCode::kInvalidArgument,
                "this model knows English only and cannot translate: choose a model without .en");
  }
  const whisper::SpecialTokens& special = model.tokenizer.special();
  const size_t tokens_max = model.shape.text_positions / 2;
  std::optional<whisper::LanguageGuess> language = TRY(LanguageFor(model, options));
  return DecodingPlan{
      .previous = PreviousText(model, options),
      .language = language,
      .is_multilingual = is_multilingual,
      .task_token = options.task == Task::kTranslate ? special.translate : special.transcribe,
      .segment_times = options.segment_times,
      .tries = TriesFor(options, tokens_max),
      .has_second_look = HasSecondLook(options),
      .limits = {options.compression_ratio_max, options.logprob_min, options.no_speech_max,
                 options.logprob_min},
      .rules = options.segment_times == SegmentTimes::kAlignment ? rules.for_alignment
                                                                 : rules.for_tokens,
      .tokens_max = tokens_max};
}

DecoderSize DecoderSize::With(const DecoderSize& other) const {
  return {std::max(width, other.width), std::max(spare, other.spare),
          std::max(positions, other.positions)};
}

DecoderSize DecoderSizeFor(const whisper::Model& model, const DecodingPlan& plan) {
  constexpr size_t kSpecials = 6;  // <|notimestamps|>, the end of text ...
  size_t widest = 0;
  for (const whisper::SearchOptions& options : plan.tries) {
    widest = std::max(widest, whisper::Search::WidthOf(options));
  }
  // A retry that is wider finds room beside all others.
  const size_t first = whisper::Search::WidthOf(plan.tries.front());
  return {first, widest > first ? widest : 0,
          std::min(model.shape.text_positions, plan.previous.size() + plan.tokens_max + kSpecials)};
}

}  // namespace verbatim::pipeline
