#include "bench/patterns/shapes.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>

namespace glissade::bench {
namespace {

using simd::kPanelColumns;

std::vector<float> random_floats(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(static_cast<double>(engine() >> 11) * 0x1p-52 - 1.0);
  return values;
}

std::vector<std::uint16_t> halves_of(const std::vector<float>& values) {
  std::vector<std::uint16_t> halves(values.size());
  simd::kernels().narrow_nearest(values.data(), halves.data(), values.size());
  return halves;
}

template <class T>
using Shared = std::shared_ptr<std::vector<T>>;

template <class T>
Shared<T> shared(std::vector<T> values) {
  return std::make_shared<std::vector<T>>(std::move(values));
}

}  // namespace

Ways::Ways(const Shape& shape, simd::Level level)
    : shape_(shape),
      level_(level),
      kernels_(simd::kernels_of(level)),
      halves_(level >= simd::Level::avx512bf16),
      w_(random_floats(shape.labels * shape.fan_in, 1)),
      x_(random_floats(shape.width * shape.samples, 2)),
      g_(random_floats(shape.labels * shape.samples, 3)),
      out_(shape.labels * shape.samples),
      w_half_(halves_of(w_)),
      x_half_(halves_of(x_)) {
  if (shape.samples == 1) {
    for (const std::size_t block : {1u, 16u, 32u}) add_one_sample(block);
    return;
  }
  dx_.resize(shape.width * shape.samples);
  dw_.resize(shape.labels * shape.fan_in);
  g_half_ = halves_of(g_);
  add_unstructured();
  for (const std::size_t block : {16u, 32u}) add_blocks(block);
  add_dense();
}

std::vector<std::uint16_t> Ways::patterns(std::size_t count) const {
  std::mt19937_64 engine(count);
  std::vector<std::uint16_t> ids(count * shape_.fan_in), units(shape_.width);
  std::iota(units.begin(), units.end(), std::uint16_t{0});
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(i * shape_.fan_in);
    for (std::size_t d = 0; d < shape_.fan_in; ++d) std::swap(units[d], units[d + engine() % (shape_.width - d)]);
    std::copy_n(units.begin(), shape_.fan_in, begin);
    std::sort(begin, begin + static_cast<std::ptrdiff_t>(shape_.fan_in));
  }
  return ids;
}

// One sample, rows of bf16 from memory: what a query reads of a model that is stored in 16 bits.
void Ways::add_one_sample(std::size_t block) {
  const std::size_t fan_in = shape_.fan_in, labels = shape_.labels;
  const auto ids = shared(patterns(labels / block));
  const double weights = static_cast<double>(labels * fan_in) * sizeof(std::uint16_t);
  if (block == 1) {
    const auto wide = shared(std::vector<std::uint32_t>(ids->begin(), ids->end()));
    const auto offsets = shared(std::vector<std::uint64_t>(labels + 1));
    const auto rows = shared(std::vector<std::uint32_t>(labels));
    for (std::size_t i = 0; i <= labels; ++i) (*offsets)[i] = i * fan_in;
    std::iota(rows->begin(), rows->end(), 0u);
    ways_.push_back({Product::logits, 1, "sparse_dots", false, 1, weights + static_cast<double>(labels * fan_in) * 4, [=, this] {
                       kernels_.sparse_dots(x_.data(), wide->data(), w_half_.data(), offsets->data(), rows->data(), labels,
                                            out_.data());
                     }});
    return;
  }
  const auto in_order = shared(std::vector<std::uint32_t>(block));
  std::iota(in_order->begin(), in_order->end(), 0u);
  // The next block's inputs are gathered before this block's products: what was just written cannot be read in wider words at
  // once.
  const auto gathered = shared(std::vector<std::uint16_t>(2 * fan_in));
  const double id_bytes = static_cast<double>(labels / block * fan_in) * sizeof(std::uint16_t);
  ways_.push_back({Product::logits, block, "gather, dots_bf16", false, 1, weights + id_bytes, [=, this] {
                     const auto gather = [&](std::size_t b) {
                       const std::uint16_t* const pattern = ids->data() + b * fan_in;
                       std::uint16_t* const to = gathered->data() + b % 2 * fan_in;
                       for (std::size_t d = 0; d < fan_in; ++d) to[d] = x_half_[pattern[d]];
                       return to;
                     };
                     const std::uint16_t* next = gather(0);
                     for (std::size_t b = 0; b < labels / block; ++b) {
                       const std::uint16_t* const x = next;
                       if (b + 1 < labels / block) next = gather(b + 1);
                       kernels_.dots_bf16(x, w_half_.data() + b * block * fan_in, fan_in, in_order->data(), block, fan_in,
                                          out_.data() + b * block);
                     }
                   }});
}

// Several ways each: the fastest is the one that blocks are held against.
void Ways::add_unstructured() {
  const std::size_t fan_in = shape_.fan_in, labels = shape_.labels, samples = shape_.samples;
  const auto ids = shared(patterns(labels));
  const auto wide = shared(std::vector<std::uint32_t>(ids->begin(), ids->end()));
  const double entries = static_cast<double>(labels * fan_in), narrow = entries * 6, four = entries * 8;
  const auto by_row = [=](auto body) {
    return [=] {
      for (std::size_t l = 0; l < labels; ++l) body(l, l * fan_in);
    };
  };
  ways_.push_back({Product::logits, 1, "bag_f32", false, 1, four, by_row([=, this](std::size_t l, std::size_t at) {
                     kernels_.bag_f32(x_.data(), samples, wide->data() + at, w_.data() + at, fan_in, samples,
                                      out_.data() + l * samples);
                   })});
  ways_.push_back({Product::logits, 1, "bag_bf16", false, 1, four, by_row([=, this](std::size_t l, std::size_t at) {
                     kernels_.bag_bf16(x_half_.data(), samples, wide->data() + at, w_.data() + at, fan_in, samples,
                                       out_.data() + l * samples);
                   })});
  ways_.push_back({Product::inputs, 1, "axpy_f32", false, 1, four, by_row([=, this](std::size_t l, std::size_t at) {
                     for (std::size_t d = at; d < at + fan_in; ++d)
                       kernels_.axpy_f32(w_[d], g_.data() + l * samples, dx_.data() + (*wide)[d] * samples, samples);
                   })});
  add_strips(1, ids);
  ways_.push_back({Product::weights, 1, "dots_f32", false, 1, four, by_row([=, this](std::size_t l, std::size_t at) {
                     kernels_.dots_f32(g_.data() + l * samples, x_.data(), samples, wide->data() + at, fan_in, samples,
                                       dw_.data() + at);
                   })});
  ways_.push_back({Product::weights, 1, "dots_bf16", halves_, 1, four, by_row([=, this](std::size_t l, std::size_t at) {
                     kernels_.dots_bf16(g_half_.data() + l * samples, x_half_.data(), samples, wide->data() + at, fan_in, samples,
                                        dw_.data() + at);
                   })});
  ways_.push_back({Product::weights, 1, "pattern_weights_f32", false, 1, narrow, by_row([=, this](std::size_t l, std::size_t at) {
                     kernels_.pattern_weights_f32(g_.data() + l * samples, samples, 1, ids->data() + at, fan_in, x_.data(),
                                                  samples, samples, dw_.data() + at, fan_in);
                   })});
}

// All rows for some samples, whose inputs lie together, then for the next ones: fewer inputs have to stay in a cache.
void Ways::add_strips(std::size_t block, const std::shared_ptr<std::vector<std::uint16_t>>& ids) {
  const std::size_t fan_in = shape_.fan_in, labels = shape_.labels, samples = shape_.samples;
  const std::size_t width = shape_.width;
  const double entries = static_cast<double>(labels * fan_in), bytes = entries * 4 + entries / static_cast<double>(block) * 2;
  const auto start = shared(std::vector<float>(block));
  for (std::size_t strip = samples; strip >= kPanelColumns; strip /= 2) {
    const std::string of = strip == samples ? "" : " by " + std::to_string(strip);
    const auto by_block = [=](auto body) {
      return [=] {
        for (std::size_t s = 0; s < samples; s += strip) {
          for (std::size_t b = 0; b < labels / block; ++b) body(b * block, b * fan_in, s);
        }
      };
    };
    ways_.push_back({Product::logits, block, "pattern_logits_f32" + of, false, 1, bytes,
                     by_block([=, this](std::size_t l, std::size_t at, std::size_t s) {
                       kernels_.pattern_logits_f32(w_.data() + l * fan_in, fan_in, block, ids->data() + at, fan_in,
                                                   x_.data() + s * width, strip, strip, start->data(),
                                                   out_.data() + l * samples + s, samples);
                     })});
    ways_.push_back({Product::inputs, block, "pattern_inputs_f32" + of, false, 1, bytes,
                     by_block([=, this](std::size_t l, std::size_t at, std::size_t s) {
                       kernels_.pattern_inputs_f32(w_.data() + l * fan_in, fan_in, block, ids->data() + at, fan_in,
                                                   g_.data() + l * samples + s, samples, strip, dx_.data() + s * width, strip);
                     })});
  }
}

void Ways::add_blocks(std::size_t block) {
  const std::size_t fan_in = shape_.fan_in, labels = shape_.labels, samples = shape_.samples, panels = samples / kPanelColumns;
  const auto ids = shared(patterns(labels / block));
  const auto wide = shared(std::vector<std::uint32_t>(ids->begin(), ids->end()));
  const double entries = static_cast<double>(labels * fan_in), id_bytes = entries / static_cast<double>(block) * 2;
  const auto by_block = [=](auto body) {
    return [=] {
      for (std::size_t b = 0; b < labels / block; ++b) body(b * block, b * fan_in);
    };
  };
  add_strips(block, ids);
  ways_.push_back({Product::weights, block, "pattern_weights_f32", false, 1, entries * 4 + id_bytes,
                   by_block([=, this](std::size_t l, std::size_t at) {
                     kernels_.pattern_weights_f32(g_.data() + l * samples, samples, block, ids->data() + at, fan_in, x_.data(),
                                                  samples, samples, dw_.data() + l * fan_in, fan_in);
                   })});
  if (!halves_) return;
  const auto packed = shared(std::vector<std::uint16_t>(fan_in * samples));
  const auto starts = shared(std::vector<float>(std::max(samples, fan_in)));
  ways_.push_back({Product::logits, block, "pattern_panels_bf16, block_bf16", true, 1, entries * 2 + id_bytes,
                   by_block([=, this](std::size_t l, std::size_t at) {
                     kernels_.pattern_panels_bf16(x_half_.data(), samples, ids->data() + at, fan_in, samples, packed->data(),
                                                  fan_in * kPanelColumns);
                     kernels_.block_bf16(w_half_.data() + l * fan_in, fan_in, block, fan_in, packed->data(),
                                         fan_in * kPanelColumns, panels, starts->data(), out_.data() + l * samples, samples);
                   })});
  ways_.push_back({Product::weights, block, "columns_bf16, block_bf16", true, 1, entries * 4 + id_bytes,
                   by_block([=, this](std::size_t l, std::size_t at) {
                     for (std::size_t d = 0; d < fan_in; d += kPanelColumns) {
                       kernels_.columns_bf16(x_half_.data(), samples, wide->data() + at + d, kPanelColumns, samples,
                                             packed->data() + d * samples);
                     }
                     kernels_.block_bf16(g_half_.data() + l * samples, samples, block, samples, packed->data(),
                                         samples * kPanelColumns, fan_in / kPanelColumns, starts->data(), dw_.data() + l * fan_in,
                                         fan_in);
                   })});
}

// All units, of as many labels as have 2^20 weights; the time is multiplied. Operands are packed already.
void Ways::add_dense() {
  const std::size_t width = shape_.width, samples = shape_.samples;
  const std::size_t labels = std::min(shape_.labels, (std::size_t{1} << 20) / width);
  const double share = static_cast<double>(labels) / static_cast<double>(shape_.labels);
  const double weights = static_cast<double>(shape_.labels * width);
  constexpr std::size_t kStep = 256;  // of a panel, 16 KiB: it stays in the first-level cache
  // C is m x n, k deep.
  const auto add = [&](Product product, std::size_t m, std::size_t k, std::size_t n) {
    const auto a = shared(random_floats(m * k, 5)), b = shared(random_floats(k * n, 6));
    const auto c = shared(std::vector<float>(m * n)), start = shared(std::vector<float>(n));
    const auto run = [=](auto block, auto left, auto right) {
      return [=] {
        for (std::size_t d = 0; d < k; d += kStep) {
          block(left->data() + d, k, m, std::min(kStep, k - d), right->data() + d * kPanelColumns, k * kPanelColumns,
                n / kPanelColumns, d == 0 ? start->data() : nullptr, c->data(), n);
        }
      };
    };
    if (halves_) {
      ways_.push_back({product, 0, "block_bf16", true, share, weights * 2,
                       run(kernels_.block_bf16, shared(halves_of(*a)), shared(halves_of(*b)))});
    } else {
      ways_.push_back({product, 0, "block_f32", false, share, weights * 4, run(kernels_.block_f32, a, b)});
    }
  };
  add(Product::logits, labels, width, samples);
  add(Product::inputs, width, labels, samples);
  add(Product::weights, labels, samples, width);
}

}  // namespace glissade::bench
