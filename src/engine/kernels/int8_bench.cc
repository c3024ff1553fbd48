// 8-bit products beside oneDNN's, in the shapes of Whisper base.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "base/check.h"
#include "kernels/cpu.h"
#include "kernels/int8.h"

namespace verbatim::kernels {
namespace {

void Report(benchmark::State& state) {
  const double operations = 2.0 * static_cast<double>(state.range(0)) *
                            static_cast<double>(state.range(1)) *
                            static_cast<double>(state.range(2));
  state.counters["Gop/s"] =
      benchmark::Counter(operations / 1e9, benchmark::Counter::kIsIterationInvariantRate);
}

void Own(benchmark::State& state) {
  PrepareThread();
  const auto rows = static_cast<size_t>(state.range(0));
  const auto inputs = static_cast<size_t>(state.range(1));
  const auto outputs = static_cast<size_t>(state.range(2));
  const Result<InstructionSet> set = ChooseInstructionSet();
  CHECK(set.has_value());
  Int8Matrix matrix(outputs, inputs, *set);
  const std::vector<float> weights(outputs * inputs, 0.5F);
  matrix.Pack(weights.data(), 0, matrix.panels());
  const std::vector<float> in(rows * inputs, 0.25F);
  std::vector<float> out(rows * outputs);
  Int8Rows quantised;
  quantised.Resize(matrix.kernels(), rows, inputs);
  for (auto _ : state) {
    for (size_t row = 0; row < rows; ++row) {
      quantised.Quantise(matrix.kernels(), row, in.data() + row * inputs);
    }
    matrix.Multiply({&quantised, 0, rows, nullptr, out.data(), outputs, Finish::kStore}, 0,
                    matrix.panels());
    benchmark::ClobberMemory();
  }
  Report(state);
}

// s8 x s8 -> s32 alone: what must follow (scales, bias) is not counted.
void OneDnn(benchmark::State& state) {
  PrepareThread();
  using dnnl::memory;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const memory::dim rows = state.range(0), inputs = state.range(1), outputs = state.range(2);
  const memory::desc in({rows, inputs}, memory::data_type::u8, memory::format_tag::ab);
  const memory::desc any({inputs, outputs}, memory::data_type::s8, memory::format_tag::any);
  const memory::desc out({rows, outputs}, memory::data_type::s32, memory::format_tag::ab);
  const dnnl::matmul::primitive_desc description({in, any, out}, engine);
  const dnnl::matmul product(description);
  memory in_memory(in, engine), weights(description.weights_desc(), engine),
      out_memory(out, engine);
  std::memset(weights.get_data_handle(), 1, description.weights_desc().get_size());
  for (auto _ : state) {
    product.execute(
        stream,
        {{DNNL_ARG_SRC, in_memory}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, out_memory}});
  }
  Report(state);
}

void Shapes(benchmark::internal::Benchmark* bench) {
  for (int64_t rows : {1, 4, 8, 16, 24, 48, 96}) {
    bench->Args({rows, 512, 512})->Args({rows, 512, 2048})->Args({rows, 2048, 512});
  }
  bench->Args({8, 512, 51865})->Args({16, 512, 51865});
}

BENCHMARK(Own)->Apply(Shapes);
BENCHMARK(OneDnn)->Apply(Shapes);

}  // namespace
}  // namespace verbatim::kernels
