#include "engine/parameters/gradient_store.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kRowsAtOnce = 64;

template <class Body>
void for_places(std::size_t count, const Body& body) {
  tbb::parallel_for(std::size_t{0}, (count + kRowsAtOnce - 1) / kRowsAtOnce, [&](std::size_t chunk) {
    for (std::size_t i = chunk * kRowsAtOnce; i < std::min(count, (chunk + 1) * kRowsAtOnce); ++i) body(i);
  });
}

}  // namespace

GradientStore::Block::Block(ParameterRows& of)
    : rows(of), place_of(of.rows()), row_of(of.rows()), gradients(of.rows() * of.stride()), bias_gradients(of.rows()) {}

GradientStore::GradientStore(const std::vector<ParameterRows*>& blocks) {
  for (ParameterRows* rows : blocks) blocks_.push_back(std::make_unique<Block>(*rows));
}

const GradientStore::Block& GradientStore::block_of(const ParameterRows& rows) const noexcept {
  const auto found = std::ranges::find_if(blocks_, [&](const auto& block) { return &block->rows == &rows; });
  assert(found != blocks_.end());
  return **found;
}

void GradientStore::add(const ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient,
                        float share) noexcept {
  auto& block = const_cast<Block&>(block_of(rows));
  std::uint32_t& place = block.place_of[row];
  if (place == 0) {
    place = block.count.fetch_add(1, std::memory_order_relaxed) + 1;
    block.row_of[place - 1] = static_cast<std::uint32_t>(row);
    std::fill_n(block.gradients.data() + (place - 1) * rows.stride(), rows.width(), 0.f);
    block.bias_gradients[place - 1] = 0;
  }
  simd::kernels().axpy_f32(share, gradient, block.gradients.data() + (place - 1) * rows.stride(), rows.width());
  block.bias_gradients[place - 1] += share * bias_gradient;
}

/// Places are taken in the order in which threads come; so the sum goes by rows.
double GradientStore::norm() const {
  double total = 0;
  for (const auto& block : blocks_) {
    const std::size_t count = block->count;
    std::vector<std::pair<std::uint32_t, double>> squares(count);
    for_places(count, [&](std::size_t i) {
      const float* const gradient = block->gradients.data() + i * block->rows.stride();
      const double bias = block->bias_gradients[i];
      squares[i] = {block->row_of[i], simd::kernels().sum_squares_f32(gradient, block->rows.width()) + bias * bias};
    });
    std::ranges::sort(squares);
    for (const auto& [row, square] : squares) total += square;
  }
  return std::sqrt(total);
}

void GradientStore::flush(float scale, const Update& update) {
  for (const auto& block : blocks_) {
    ParameterRows& rows = block->rows;
    for_places(block->count, [&](std::size_t i) {
      float* const gradient = block->gradients.data() + i * rows.stride();
      if (scale != 1.f) simd::kernels().scale_f32(scale, gradient, rows.width());
      update(rows, block->row_of[i], gradient, scale * block->bias_gradients[i]);
      block->place_of[block->row_of[i]] = 0;
    });
    block->count = 0;
  }
}

}  // namespace glissade
