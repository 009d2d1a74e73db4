#include "engine/dense/gemm.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <array>
#include <exception>
#include <map>

#include "simd/level.h"

namespace glissade::dense {
namespace {

/// oneDNN follows the ceiling that GLISSADE_SIMD sets, so that a level means the same everywhere. Must precede its first use.
void apply_ceiling() noexcept {
  const simd::Ceiling ceiling = simd::environment_ceiling();
  if (ceiling.status != simd::Ceiling::Status::known) return;
  static constexpr std::array kIsa = {dnnl::cpu_isa::sse41,
                                      dnnl::cpu_isa::avx2,
                                      dnnl::cpu_isa::avx512_core_vnni,
                                      dnnl::cpu_isa::avx512_core_bf16,
                                      dnnl::cpu_isa::avx512_core_bf16,
                                      dnnl::cpu_isa::all};
  dnnl::set_max_cpu_isa(kIsa[static_cast<std::size_t>(ceiling.level)]);
}

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine = [] {
    apply_ceiling();
    return dnnl::engine(dnnl::engine::kind::cpu, 0);
  }();
  return engine;
}

/// oneDNN's OpenMP team for this thread is the thread alone while one of these lives; the caller's setting comes back afterwards.
class SingleThread {
 public:
  SingleThread() noexcept : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~SingleThread() { omp_set_num_threads(before_); }
  SingleThread(const SingleThread&) = delete;
  SingleThread& operator=(const SingleThread&) = delete;

 private:
  int before_;
};

/// element, m, n, k, A strides, B strides, c_stride, accumulate
using Key = std::array<std::size_t, 10>;

struct Product {
  dnnl::matmul primitive;
  dnnl::memory a, b, c;
};

class Products {
 public:
  Products() : stream_(cpu_engine()) {}

  void run(const Key& key, const void* a, const void* b, float* c) {
    auto found = products_.find(key);
    if (found == products_.end()) {
      // The last, odd-sized blocks of ever changing active sets would pile up otherwise.
      if (products_.size() >= kMost) products_.clear();
      found = products_.emplace(key, make(key)).first;
    }
    Product& product = found->second;
    product.a.set_data_handle(const_cast<void*>(a));
    product.b.set_data_handle(const_cast<void*>(b));
    product.c.set_data_handle(c);
    product.primitive.execute(stream_, {{DNNL_ARG_SRC, product.a}, {DNNL_ARG_WEIGHTS, product.b}, {DNNL_ARG_DST, product.c}});
    stream_.wait();
  }

 private:
  static constexpr std::size_t kMost = 256;

  static Product make(const Key& key) {
    using Dims = dnnl::memory::dims;
    const auto [element, m, n, k, a_row, a_column, b_row, b_column, c_stride, accumulate] = key;
    const auto type =
        element == static_cast<std::size_t>(Element::bf16) ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
    const auto dim = [](std::size_t value) { return static_cast<dnnl::memory::dim>(value); };
    const dnnl::memory::desc a({dim(m), dim(k)}, type, Dims{dim(a_row), dim(a_column)});
    const dnnl::memory::desc b({dim(k), dim(n)}, type, Dims{dim(b_row), dim(b_column)});
    const dnnl::memory::desc c({dim(m), dim(n)}, dnnl::memory::data_type::f32, Dims{dim(c_stride), 1});
    dnnl::primitive_attr attributes;
    if (accumulate != 0) {
      dnnl::post_ops sum;
      sum.append_sum(1.f);
      attributes.set_post_ops(sum);
    }
    const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(a, b, c), attributes, cpu_engine());
    return {dnnl::matmul(description), dnnl::memory(a, cpu_engine(), nullptr), dnnl::memory(b, cpu_engine(), nullptr),
            dnnl::memory(c, cpu_engine(), nullptr)};
  }

  dnnl::stream stream_;
  std::map<Key, Product> products_;
};

}  // namespace

Element element_for(Storage storage) noexcept {
  const simd::Level level = simd::active_level();
  const bool multiplies = level == simd::Level::avx512bf16 || level == simd::Level::amx;
  return storage != Storage::fp32 && multiplies ? Element::bf16 : Element::f32;
}

Element step_element_for(Storage storage) noexcept {
  return storage != Storage::fp32 && simd::active_level() == simd::Level::avx512fp16 ? Element::f16 : element_for(storage);
}

bool multiply(Element element, std::size_t m, std::size_t n, std::size_t k, Operand a, Operand b, float* c, std::size_t c_stride,
              bool accumulate) noexcept {
  if (m == 0 || n == 0 || k == 0) return true;
  try {
    const SingleThread alone;
    thread_local Products products;
    products.run({static_cast<std::size_t>(element), m, n, k, a.row_stride, a.column_stride, b.row_stride, b.column_stride,
                  c_stride, static_cast<std::size_t>(accumulate)},
                 a.data, b.data, c);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace glissade::dense
