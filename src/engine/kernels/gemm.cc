#include "kernels/gemm.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "base/check.h"

namespace verbatim::kernels {
namespace {

using dnnl::memory;

memory::dim Dim(size_t value) { return static_cast<memory::dim>(value); }

const dnnl::engine& CpuEngine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

memory::data_type DataType(NumberType type) {
  return type == NumberType::kBf16 ? memory::data_type::bf16 : memory::data_type::f32;
}

memory::desc PlainDesc(size_t rows, size_t columns, NumberType type = NumberType::kF32) {
  return {{Dim(rows), Dim(columns)}, DataType(type), memory::format_tag::ab};
}

dnnl::matmul::primitive_desc Describe(const memory::desc& in, const memory::desc& weights,
                                      const memory::desc& out, const memory::desc* bias,
                                      Finish finish) {
  dnnl::post_ops post_ops;
  if (finish == Finish::kGelu) {
    post_ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_gelu_erf, 0, 0);
  }
  if (finish == Finish::kAdd) post_ops.append_sum(1.0F);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(post_ops);
  if (bias != nullptr) {
    return {dnnl::matmul::desc(in, weights, *bias, out), attributes, CpuEngine()};
  }
  return {dnnl::matmul::desc(in, weights, out), attributes, CpuEngine()};
}

// How oneDNN wants the weights of a panel; the same whatever the number of rows.
struct PackedLayout {
  memory::desc desc;
  bool is_blocked;  // the blocked kernels sum each row in the same order for any number of rows
};

PackedLayout LayoutFor(size_t n, size_t k, NumberType type) {
  const memory::desc any({Dim(k), Dim(n)}, DataType(type), memory::format_tag::any);
  const auto description = Describe(PlainDesc(kRowBlock, k, type), any, PlainDesc(kRowBlock, n),
                                    nullptr, Finish::kStore);
  return {description.weights_desc(), std::strncmp(description.impl_info_str(), "brg", 3) == 0};
}

// The kernels that oneDNN has for older CPUs treat leftover rows apart, with other rounding; these
// counts leave none. One or two rows of bf16 have kernels of their own on CPUs with
// tiles.
constexpr std::array<size_t, 5> kRowCountsUnblocked = {4, 12, 24, 48, 96};
constexpr std::array<size_t, 8> kRowCountsBlocked = {4, 8, 12, 16, 24, 32, 48, 96};

bool IsBlocked() {
  static const bool is_blocked = LayoutFor(64, 64, NumberType::kF32).is_blocked;
  return is_blocked;
}

struct Shape {
  size_t rows, n, k;
  NumberType type;
  Finish finish;
  bool has_bias;
  bool operator==(const Shape&) const = default;
};

struct ShapeHash {
  size_t operator()(const Shape& shape) const {
    size_t hash = static_cast<size_t>(shape.finish) * 4 + static_cast<size_t>(shape.type) * 2 +
                  (shape.has_bias ? 1 : 0);
    for (size_t value : {shape.rows, shape.n, shape.k}) {
      hash = hash * 0x9E3779B97F4A7C15U + value;
    }
    return hash ^ (hash >> 32);
  }
};

// A primitive with the memory objects that point it at data.
struct Prepared {
  dnnl::matmul primitive;
  memory in, out, bias;
};

struct PackShape {
  size_t n, k, n_stride, k_stride;
  NumberType type;
  bool operator==(const PackShape&) const = default;
};

struct PackHash {
  size_t operator()(const PackShape& shape) const {
    size_t hash = 0;
    for (size_t value :
         {shape.n, shape.k, shape.n_stride, shape.k_stride, static_cast<size_t>(shape.type)}) {
      hash = hash * 0x9E3779B97F4A7C15U + value;
    }
    return hash ^ (hash >> 32);
  }
};

struct PreparedPack {
  dnnl::reorder primitive;
  memory from;
};

// From single precision to bf16, of some numbers in a row.
struct PreparedRounding {
  dnnl::reorder primitive;
  memory from, to;
};

// What a thread has prepared so far: oneDNN's objects may not be pointed at data by two threads at
// once, and making them costs far more than a small product.
struct ThreadCache {
  dnnl::stream stream{CpuEngine()};
  std::unordered_map<Shape, Prepared, ShapeHash> products;
  std::unordered_map<PackShape, PreparedPack, PackHash> packs;
  std::vector<float> in, out;                              // dense copies of one block of rows
  std::unordered_map<size_t, PreparedRounding> roundings;  // by size
  std::vector<uint16_t> rounded;                           // a block of rows in bf16
};

ThreadCache& CacheOfThisThread() {
  thread_local ThreadCache cache;
  return cache;
}

Prepared Prepare(const Shape& shape, const memory::desc& weights) {
  const memory::desc in = PlainDesc(shape.rows, shape.k, shape.type);
  const memory::desc out = PlainDesc(shape.rows, shape.n);
  const memory::desc bias({1, Dim(shape.n)}, memory::data_type::f32, memory::format_tag::ab);
  const auto description =
      Describe(in, weights, out, shape.has_bias ? &bias : nullptr, shape.finish);
  Prepared prepared{dnnl::matmul(description), memory(in, CpuEngine(), nullptr),
                    memory(out, CpuEngine(), nullptr), memory()};
  if (shape.has_bias) prepared.bias = memory(bias, CpuEngine(), nullptr);
  return prepared;
}

void* Handle(const void* data) { return const_cast<void*>(data); }

// The numbers in bf16, rounded to the nearest; valid until the thread's next call.
const uint16_t* RoundToBf16(const float* in, size_t count) {
  ThreadCache& cache = CacheOfThisThread();
  auto found = cache.roundings.find(count);
  if (found == cache.roundings.end()) {
    const memory::desc from = PlainDesc(1, count), to = PlainDesc(1, count, NumberType::kBf16);
    found =
        cache.roundings
            .emplace(count, PreparedRounding{dnnl::reorder({CpuEngine(), from, CpuEngine(), to}),
                                             memory(from, CpuEngine(), nullptr),
                                             memory(to, CpuEngine(), nullptr)})
            .first;
  }
  if (cache.rounded.size() < count) cache.rounded.resize(count);
  const PreparedRounding& prepared = found->second;
  prepared.from.set_data_handle(Handle(in));
  prepared.to.set_data_handle(cache.rounded.data());
  const std::array<dnnl_exec_arg_t, 2> arguments = {
      {{DNNL_ARG_FROM, prepared.from.get()}, {DNNL_ARG_TO, prepared.to.get()}}};
  const dnnl_status_t status =
      dnnl_primitive_execute(prepared.primitive.get(), cache.stream.get(), 2, arguments.data());
  CHECK(status == dnnl_success);
  return cache.rounded.data();
}

// The C interface takes the arguments in an array; the C++ one would build a map for each call.
void Execute(const Prepared& prepared, const memory& weights, const dnnl::stream& stream) {
  std::array<dnnl_exec_arg_t, 4> arguments = {{{DNNL_ARG_SRC, prepared.in.get()},
                                               {DNNL_ARG_WEIGHTS, weights.get()},
                                               {DNNL_ARG_DST, prepared.out.get()},
                                               {DNNL_ARG_BIAS, nullptr}}};
  int count = 3;
  if (prepared.bias) arguments[static_cast<size_t>(count++)].memory = prepared.bias.get();
  const dnnl_status_t status =
      dnnl_primitive_execute(prepared.primitive.get(), stream.get(), count, arguments.data());
  CHECK(status == dnnl_success);
}

// Shape: in [rows, k] and out [rows, n], dense.
void MultiplyDense(const float* in, const float* bias, const Shape& shape, const memory& weights,
                   float* out) {
  ThreadCache& cache = CacheOfThisThread();
  auto found = cache.products.find(shape);
  if (found == cache.products.end()) {
    found = cache.products.emplace(shape, Prepare(shape, weights.get_desc())).first;
  }
  const Prepared& prepared = found->second;
  const bool is_rounded = shape.type == NumberType::kBf16;
  prepared.in.set_data_handle(is_rounded ? Handle(RoundToBf16(in, shape.rows * shape.k))
                                         : Handle(in));
  prepared.out.set_data_handle(out);
  if (shape.has_bias) prepared.bias.set_data_handle(Handle(bias));
  Execute(prepared, weights, cache.stream);
}

// oneDNN's fast kernels want dense rows: others pass through copies of a block, which stay in the
// cache.
void MultiplyBlock(const Product& product, Shape shape, size_t column, const memory& weights) {
  ThreadCache& cache = CacheOfThisThread();
  const float* bias = product.bias == nullptr ? nullptr : product.bias + column;
  const float* in = product.in;
  if (product.in_stride != shape.k) {
    cache.in.resize(std::max(cache.in.size(), kRowBlock * shape.k));
    for (size_t row = 0; row < product.rows; ++row) {
      std::copy_n(product.in + row * product.in_stride, shape.k, cache.in.data() + row * shape.k);
    }
    in = cache.in.data();
  }
  if (product.out_stride == shape.n) {
    MultiplyDense(in, bias, shape, weights, product.out);
    return;
  }
  cache.out.resize(std::max(cache.out.size(), kRowBlock * shape.n));
  const bool is_sum = shape.finish == Finish::kAdd;
  if (is_sum) shape.finish = Finish::kStore;
  MultiplyDense(in, bias, shape, weights, cache.out.data());
  for (size_t row = 0; row < product.rows; ++row) {
    const float* from = cache.out.data() + row * shape.n;
    float* to = product.out + row * product.out_stride + column;
    if (is_sum) {
      for (size_t i = 0; i < shape.n; ++i) to[i] += from[i];
    } else {
      std::copy_n(from, shape.n, to);
    }
  }
}

}  // namespace

bool HasProducts(NumberType type) {
  if (type == NumberType::kF32) return true;
  const auto limit = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (limit & needed) == needed;
}

size_t PaddedRows(size_t rows) {
  if (rows > kRowBlock) {
    const size_t whole = rows / kRowBlock * kRowBlock;
    return whole + (rows > whole ? PaddedRows(rows - whole) : 0);
  }
  const auto fits = [rows](size_t count) { return count >= rows; };
  if (IsBlocked()) return *std::ranges::find_if(kRowCountsBlocked, fits);
  return *std::ranges::find_if(kRowCountsUnblocked, fits);
}

struct PackedMatrix::Panels {
  size_t n, k, width;
  NumberType type;
  std::vector<memory> panels;
  size_t WidthOf(size_t panel) const { return std::min(width, n - panel * width); }
};

PackedMatrix::PackedMatrix(size_t n, size_t k, size_t panel_width, NumberType type)
    : data_(std::make_unique<Panels>(Panels{n, k, std::min(panel_width, n), type, {}})) {
  CHECK(HasProducts(type));
  PackedLayout layout = LayoutFor(data_->width, k, type);
  for (size_t begin = 0; begin < n; begin += data_->width) {
    if (n - begin < data_->width) layout = LayoutFor(n - begin, k, type);
    data_->panels.emplace_back(layout.desc, CpuEngine());
  }
}

PackedMatrix::PackedMatrix(PackedMatrix&&) noexcept = default;
PackedMatrix& PackedMatrix::operator=(PackedMatrix&&) noexcept = default;
PackedMatrix::~PackedMatrix() = default;

size_t PackedMatrix::outputs() const { return data_->n; }
size_t PackedMatrix::inputs() const { return data_->k; }
size_t PackedMatrix::panels() const { return data_->panels.size(); }

void PackedMatrix::Pack(const WeightsView& weights, size_t panel) {
  ThreadCache& cache = CacheOfThisThread();
  const PackShape shape{data_->WidthOf(panel), data_->k, weights.n_stride, weights.k_stride,
                        data_->type};
  memory& to = data_->panels[panel];
  auto found = cache.packs.find(shape);
  if (found == cache.packs.end()) {
    const memory::desc from({Dim(shape.k), Dim(shape.n)}, memory::data_type::f32,
                            memory::dims{Dim(shape.k_stride), Dim(shape.n_stride)});
    const dnnl::reorder::primitive_desc description(CpuEngine(), from, CpuEngine(), to.get_desc());
    found = cache.packs
                .emplace(shape, PreparedPack{dnnl::reorder(description),
                                             memory(from, CpuEngine(), nullptr)})
                .first;
  }
  const PreparedPack& prepared = found->second;
  prepared.from.set_data_handle(Handle(weights.data));
  const std::array<dnnl_exec_arg_t, 2> arguments = {
      {{DNNL_ARG_FROM, prepared.from.get()}, {DNNL_ARG_TO, to.get()}}};
  const dnnl_status_t status =
      dnnl_primitive_execute(prepared.primitive.get(), cache.stream.get(), 2, arguments.data());
  CHECK(status == dnnl_success);
}

void PackedMatrix::Multiply(const Product& product, size_t panel) const {
  DCHECK(panel < panels());
  const size_t column = panel * data_->width;
  const size_t width = data_->WidthOf(panel);
  Product block = product;
  for (size_t done = 0; done < product.rows; done += kRowBlock) {
    block.rows = std::min(kRowBlock, product.rows - done);
    block.in = product.in + done * product.in_stride;
    block.out = product.out + done * product.out_stride;
    const Shape shape{PaddedRows(block.rows), width, data_->k, data_->type, product.finish,
                      product.bias != nullptr};
    MultiplyBlock(block, shape, column, data_->panels[panel]);
  }
}

}  // namespace verbatim::kernels
