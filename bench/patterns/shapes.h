// What pattern_bench times: label rows over the hidden units of some samples, all of them or `fan_in` each, rows one by one or in
// blocks that share their units, at one level.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "simd/kernels.h"

namespace glissade::bench {

struct Shape {
  std::size_t width, fan_in, samples, labels;
};

/// The three products of a training step. With one sample there is only the first.
enum class Product { logits, inputs, weights };
inline constexpr Product kProducts[] = {Product::logits, Product::inputs, Product::weights};

/// One way to compute a product for all labels of a shape; `block` is 0 for dense rows, 1 for rows with units of their own.
struct Way {
  Product product;
  std::size_t block;
  std::string kernel;  ///< the kernels that it is made of
  bool halves;         ///< products of bf16 by the CPU's own instruction
  double share;        ///< of the labels, computed in one call: dense rows are many
  double bytes;        ///< of weights and ids, that a call over all labels reads or writes
  std::function<void()> run;
};

/// Data of a shape, and all ways that a level has.
class Ways {
 public:
  Ways(const Shape& shape, simd::Level level);
  const std::vector<Way>& all() const noexcept { return ways_; }

 private:
  void add_one_sample(std::size_t block);
  void add_unstructured();
  void add_strips(std::size_t block, const std::shared_ptr<std::vector<std::uint16_t>>& ids);
  void add_blocks(std::size_t block);
  void add_dense();
  std::vector<std::uint16_t> patterns(std::size_t count) const;

  Shape shape_;
  simd::Level level_;
  const simd::Kernels& kernels_;
  bool halves_;  ///< the level multiplies bf16
  std::vector<Way> ways_;
  // Inputs lie input by input, [width][samples]; weights row by row.
  std::vector<float> w_, x_, g_, out_, dx_, dw_;
  std::vector<std::uint16_t> w_half_, x_half_, g_half_;
};

}  // namespace glissade::bench
