#include "kernels/limits.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

namespace verbatim::kernels {
namespace {

using dnnl::memory;
using SystemClock = std::chrono::steady_clock;

// The best of several short tries: others' work on the machine spoils some of them, not all.
constexpr int kTries = 8;
constexpr double kTrySeconds = 0.015;

// Calls `work` for the parts of a try, the more the faster they are; returns the best rate of units
// per second, when a part has `units`.
template <typename Part>
double BestRate(ThreadPool& pool, double units, const Part& part) {
  double best = 0;
  size_t count = pool.threads();
  for (int i = 0; i < kTries;) {
    const SystemClock::time_point begin = SystemClock::now();
    pool.Run(count, part);
    const std::chrono::duration<double> seconds = SystemClock::now() - begin;
    if (seconds.count() < kTrySeconds && count < (size_t{1} << 24)) {
      count *= 2;
      continue;
    }
    best = std::max(best, units * static_cast<double>(count) / seconds.count());
    ++i;
  }
  return best;
}

struct ProductShape {
  memory::dim rows, n, k;
};

// Rows that fill a cache, with weights of small and middle models.
constexpr std::array<ProductShape, 4> kProductShapes = {
    {{96, 1536, 384}, {96, 2048, 512}, {192, 512, 512}, {384, 1024, 1024}}};

struct Types {
  memory::data_type in, weights, out;
};

Types TypesOf(NumberFormat format) {
  using Type = memory::data_type;
  switch (format) {
    case NumberFormat::kF32: return {Type::f32, Type::f32, Type::f32};
    case NumberFormat::kBf16: return {Type::bf16, Type::bf16, Type::f32};
    case NumberFormat::kInt8: return {Type::u8, Type::s8, Type::s32};
  }
  return {Type::f32, Type::f32, Type::f32};
}

// The weights are shared, as in a model; the rest belongs to a thread.
class ProductProbe {
 public:
  ProductProbe(const ProductShape& shape, const Types& types, size_t threads)
      : engine_(dnnl::engine::kind::cpu, 0) {
    const memory::desc in({shape.rows, shape.k}, types.in, memory::format_tag::ab);
    const memory::desc any({shape.k, shape.n}, types.weights, memory::format_tag::any);
    const memory::desc out({shape.rows, shape.n}, types.out, memory::format_tag::ab);
    const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(in, any, out), engine_);
    const memory weights = Zeros(description.weights_desc());
    for (size_t i = 0; i < threads; ++i) {
      threads_.push_back(
          {dnnl::matmul(description),
           dnnl::stream(engine_),
           {{DNNL_ARG_SRC, Zeros(in)}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, Zeros(out)}}});
    }
  }

  void Multiply(size_t thread) {
    Thread& own = threads_[thread];
    own.primitive.execute(own.stream, own.arguments);
  }

 private:
  struct Thread {
    dnnl::matmul primitive;
    dnnl::stream stream;
    std::unordered_map<int, memory> arguments;
  };

  memory Zeros(const memory::desc& desc) const {
    memory made(desc, engine_);
    std::memset(made.get_data_handle(), 0, desc.get_size());
    return made;
  }

  dnnl::engine engine_;
  std::vector<Thread> threads_;
};

}  // namespace

double MeasureProducts(NumberFormat format, ThreadPool& pool) {
  double best = 0;
  for (const ProductShape& shape : kProductShapes) {
    try {
      ProductProbe probe(shape, TypesOf(format), pool.threads());
      const double operations = 2.0 * static_cast<double>(shape.rows * shape.n * shape.k);
      best = std::max(
          best, BestRate(pool, operations, [&](size_t, size_t thread) { probe.Multiply(thread); }));
    } catch (const dnnl::error&) {
      return best;  // the library has no such product on this machine
    }
  }
  return best;
}

double MeasureCopy(ThreadPool& pool) {
  constexpr size_t kBlock = size_t{1} << 20;
  constexpr size_t kBlocks = 64;
  std::vector<char> from(kBlock * kBlocks, 1);
  std::vector<char> to(from.size(), 2);
  std::atomic<size_t> turn{0};
  return BestRate(pool, 2.0 * kBlock, [&](size_t, size_t) {
    const size_t at = turn.fetch_add(1, std::memory_order_relaxed) % kBlocks * kBlock;
    std::memcpy(to.data() + at, from.data() + at, kBlock);
  });
}

// One word of each cache line is enough: memory brings whole lines.
double MeasureReading(size_t bytes, ThreadPool& pool) {
  constexpr size_t kLine = 8;              // words
  constexpr size_t kPiece = 2048 * kLine;  // words
  struct alignas(64) Thread {
    size_t turn = 0;
    uint64_t sum = 0;
  };
  std::vector<Thread> own(pool.threads());
  const size_t pieces =
      std::max<size_t>(1, bytes / sizeof(uint64_t) / (kPiece * own.size()));  // of each thread
  const std::vector<uint64_t> words(own.size() * pieces * kPiece, 1);
  return BestRate(pool, kPiece * sizeof(uint64_t), [&](size_t, size_t thread) {
    Thread& here = own[thread];
    const uint64_t* piece = words.data() + (thread * pieces + here.turn) * kPiece;
    here.turn = here.turn + 1 == pieces ? 0 : here.turn + 1;
    std::array<uint64_t, 4> sums{};
    for (size_t i = 0; i < kPiece; i += 4 * kLine) {
      for (size_t line = 0; line < 4; ++line) sums[line] += piece[i + line * kLine];
    }
    here.sum += sums[0] + sums[1] + sums[2] + sums[3];
  });
}

}  // namespace verbatim::kernels
