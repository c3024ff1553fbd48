// The transform without wider instructions: the body of the other sets in vectors of four, which
// every CPU of today has, because the definition would be slower than all else there.
#include <cmath>
#include <cstdint>
#include <numbers>

#include "base/check.h"
#include "kernels/impl/sets.h"
#include "kernels/spectrum.h"

#define VERBATIM_LANES 4
#define VERBATIM_SET plain
#include "kernels/impl/spectrum_body.inc"

namespace verbatim::kernels {
namespace {

template <size_t kSize>
SpectrumTables<kSize> MakeTables() {
  SpectrumTables<kSize> tables;
  for (size_t i = 0; i < kSize; ++i) {
    const double turn = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(kSize);
    tables.window[i] = static_cast<float>(0.5 - 0.5 * std::cos(turn));
    tables.turns[i][0] = static_cast<float>(std::cos(turn));
    tables.turns[i][1] = static_cast<float>(-std::sin(turn));
  }
  return tables;
}

}  // namespace

SpectrumTables<kMelFft> MakeMelTables() { return MakeTables<kMelFft>(); }
SpectrumTables<kVadFft> MakeVadTables() { return MakeTables<kVadFft>(); }

const SpectrumKernels& SpectrumKernelsFor(InstructionSet set) {
  CHECK(IsSupported(set));
  switch (set) {
#if defined(__x86_64__)
    case InstructionSet::kAvx2: return avx2::kSpectrum;
    case InstructionSet::kAvx2Vnni: return avx2_vnni::kSpectrum;
    case InstructionSet::kAvx512: return avx512::kSpectrum;
    case InstructionSet::kAvx512Vnni: return avx512_vnni::kSpectrum;
    case InstructionSet::kAvx512Bf16: return avx512_bf16::kSpectrum;
    case InstructionSet::kAmx: return amx::kSpectrum;
#endif
    default: return plain::kSpectrum;
  }
}

}  // namespace verbatim::kernels
