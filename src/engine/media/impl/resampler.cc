#include "media/impl/resampler.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <bit>

#include "base/sample_time.h"

namespace verbatim::media {
namespace {

constexpr int kSampleRateMin = 1000;
constexpr int kSampleRateMax = 3'000'000;  // direct-stream digital decodes to 2.8 MHz
constexpr int kChannelsMax = 64;           // what libswresample can fold
constexpr float kLevelMax = 16.0F;         // 24 dB over full scale: no sound, but a damaged float

uint64_t MaskOf(const AVChannelLayout& layout) {
  return layout.order == AV_CHANNEL_ORDER_NATIVE ? layout.u.mask : 0;
}

AVChannelLayout StandardLayout(const AVFrame& frame) {
  AVChannelLayout layout{};
  // One or two channels are taken as they are, whatever places they claim.
  if (frame.ch_layout.nb_channels > 2 && MaskOf(frame.ch_layout) != 0) {
    av_channel_layout_from_mask(&layout, MaskOf(frame.ch_layout));
  } else {
    av_channel_layout_default(&layout, frame.ch_layout.nb_channels);
  }
  return layout;
}

// Channels without a known place: the even ones to the left, the odd ones to the right, in equal
// parts.
int SpreadEvenly(SwrContext* context, int channel_count) {
  std::vector<double> matrix(2 * static_cast<size_t>(channel_count), 0.0);
  const auto count = static_cast<size_t>(channel_count);
  for (size_t channel = 0; channel < count; ++channel) {
    const size_t side = channel % 2;
    const size_t side_count = (count + 1 - side) / 2;
    matrix[side * count + channel] = 1.0 / static_cast<double>(side_count);
  }
  return swr_set_matrix(context, matrix.data(), channel_count);
}

ResamplerHandle MakeContext(const AVFrame& frame, AVChannelLayout& layout, bool is_known) {
  AVChannelLayout output{};
  av_channel_layout_default(&output, std::min(layout.nb_channels, 2));
  SwrContext* raw = nullptr;
  const int code =
      swr_alloc_set_opts2(&raw, &output, AV_SAMPLE_FMT_FLTP, static_cast<int>(kSampleRate), &layout,
                          static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  ResamplerHandle context(raw);
  if (code < 0) return nullptr;
  // A loud film folded to stereo must not clip.
  av_opt_set_double(context.get(), "rematrix_maxval", 1.0, 0);
  if (!is_known && SpreadEvenly(context.get(), layout.nb_channels) < 0) return nullptr;
  if (swr_init(context.get()) < 0) return nullptr;
  return context;
}

// Magnitude bits order floats like their magnitudes, with infinities and NaNs above all numbers.
template <typename Float, typename Bits>
void ScrubPlane(Float* samples, size_t count) {
  constexpr Bits kMagnitude = ~Bits{0} >> 1;
  const Bits limit = std::bit_cast<Bits>(static_cast<Float>(kLevelMax));
  for (size_t i = 0; i < count; ++i) {
    if ((std::bit_cast<Bits>(samples[i]) & kMagnitude) > limit) samples[i] = 0;
  }
}

template <typename Float, typename Bits>
bool IsClean(const Float* samples, size_t count) {
  constexpr Bits kMagnitude = ~Bits{0} >> 1;
  Bits largest = 0;
  for (size_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::bit_cast<Bits>(samples[i]) & kMagnitude);
  }
  return largest <= std::bit_cast<Bits>(static_cast<Float>(kLevelMax));
}

template <typename Float, typename Bits>
bool Scrub(AVFrame& frame, int planes, size_t count) {
  for (int plane = 0; plane < planes; ++plane) {
    if (IsClean<Float, Bits>(reinterpret_cast<const Float*>(frame.extended_data[plane]), count))
      continue;
    if (av_frame_make_writable(&frame) < 0) return false;
    ScrubPlane<Float, Bits>(reinterpret_cast<Float*>(frame.extended_data[plane]), count);
  }
  return true;
}

bool ScrubFrame(AVFrame& frame) {
  const auto format = static_cast<AVSampleFormat>(frame.format);
  const bool is_planar = av_sample_fmt_is_planar(format) != 0;
  const int planes = is_planar ? frame.ch_layout.nb_channels : 1;
  const size_t count = static_cast<size_t>(frame.nb_samples) *
                       static_cast<size_t>(is_planar ? 1 : frame.ch_layout.nb_channels);
  switch (av_get_packed_sample_fmt(format)) {
    case AV_SAMPLE_FMT_FLT: return Scrub<float, uint32_t>(frame, planes, count);
    case AV_SAMPLE_FMT_DBL: return Scrub<double, uint64_t>(frame, planes, count);
    default: return true;
  }
}

Failure Damaged() { return Fail(ErrorCode::kCorruptMedia, "its sound is damaged"); }

}  // namespace

bool Resampler::Accepts(const AVFrame& frame) const {
  return context_ != nullptr && frame.sample_rate == sample_rate_ && frame.format == format_ &&
         frame.ch_layout.nb_channels == input_channels_ && MaskOf(frame.ch_layout) == input_mask_;
}

Result<void> Resampler::Configure(const AVFrame& frame) {
  context_.reset();
  if (frame.sample_rate < kSampleRateMin || frame.sample_rate > kSampleRateMax) {
    return Fail(ErrorCode::kCorruptMedia, "its sound claims an impossible sample rate of " +
                                              std::to_string(frame.sample_rate) + " Hz");
  }
  if (frame.ch_layout.nb_channels < 1 || frame.ch_layout.nb_channels > kChannelsMax) {
    return Fail(ErrorCode::kUnsupportedMedia,
                "its sound has " + std::to_string(frame.ch_layout.nb_channels) +
                    " channels; at most " + std::to_string(kChannelsMax) + " can be read");
  }
  AVChannelLayout layout = StandardLayout(frame);
  if (layout.order == AV_CHANNEL_ORDER_NATIVE) context_ = MakeContext(frame, layout, true);
  if (!context_) {
    av_channel_layout_uninit(&layout);
    layout.order = AV_CHANNEL_ORDER_UNSPEC;
    layout.nb_channels = frame.ch_layout.nb_channels;
    context_ = MakeContext(frame, layout, false);
  }
  av_channel_layout_uninit(&layout);
  if (!context_) return Damaged();
  sample_rate_ = frame.sample_rate;
  format_ = frame.format;
  input_channels_ = frame.ch_layout.nb_channels;
  input_mask_ = MaskOf(frame.ch_layout);
  output_channels_ = std::min(input_channels_, 2);
  return {};
}

Result<Resampler::Planes> Resampler::Convert(AVFrame& frame) {
  if (!ScrubFrame(frame)) return Damaged();
  return Run(const_cast<const uint8_t**>(frame.extended_data), frame.nb_samples);
}

Result<Resampler::Planes> Resampler::Drain() {
  if (!context_) return Planes{};
  const Planes tail = TRY(Run(nullptr, 0));
  if (swr_init(context_.get()) < 0) context_.reset();
  return tail;
}

Result<Resampler::Planes> Resampler::Run(const uint8_t** data, int count) {
  const int capacity = swr_get_out_samples(context_.get(), count);
  if (capacity < 0) return Damaged();
  const auto size = static_cast<size_t>(capacity);
  left_.resize(std::max(left_.size(), size));
  if (output_channels_ == 2) right_.resize(std::max(right_.size(), size));
  uint8_t* planes[2] = {reinterpret_cast<uint8_t*>(left_.data()),
                        reinterpret_cast<uint8_t*>(right_.data())};
  const int written = swr_convert(context_.get(), planes, capacity, data, count);
  if (written < 0) return Damaged();
  const auto used = static_cast<size_t>(written);
  Planes result{.left = std::span(left_).first(used), .right = {}};
  if (output_channels_ == 2) result.right = std::span(right_).first(used);
  return result;
}

}  // namespace verbatim::media
