#include "engine/parameters/gradient_store.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numeric>

#include "engine/communication/wire_floats.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kRowsAtOnce = 64;
constexpr std::uint32_t kTaken = 0xffffffff;  ///< no row has this number: a place holds it plus 1

template <class Body>
void for_places(std::size_t count, const Body& body) {
  tbb::parallel_for(std::size_t{0}, (count + kRowsAtOnce - 1) / kRowsAtOnce, [&](std::size_t chunk) {
    for (std::size_t i = chunk * kRowsAtOnce; i < std::min(count, (chunk + 1) * kRowsAtOnce); ++i) body(i);
  });
}

}  // namespace

GradientStore::Block::Block(ParameterRows& of)
    : rows(of),
      place_of(of.rows()),
      row_of(of.rows()),
      gradients(of.rows() * of.stride()),
      bias_gradients(of.rows()),
      l1(of.rows()),
      steps(of.rows()) {}

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
  add(const_cast<Block&>(block_of(rows)), row, gradient, bias_gradient, share);
}

void GradientStore::add(Block& block, std::size_t row, const float* gradient, float bias_gradient, float share) noexcept {
  const ParameterRows& rows = block.rows;
  std::uint32_t& place = block.place_of[row];
  if (place == 0) {
    place = block.count.fetch_add(1, std::memory_order_relaxed) + 1;
    block.row_of[place - 1] = static_cast<std::uint32_t>(row);
    std::fill_n(block.gradients.data() + (place - 1) * rows.stride(), rows.width(), 0.f);
    block.bias_gradients[place - 1] = 0;
    block.steps[place - 1] = 0;
  }
  simd::kernels().axpy_f32(share, gradient, block.gradients.data() + (place - 1) * rows.stride(), rows.width());
  block.bias_gradients[place - 1] += share * bias_gradient;
}

std::vector<std::uint64_t> GradientStore::counts() const {
  std::vector<std::uint64_t> counts;
  for (const auto& block : blocks_) counts.push_back(block->count);
  return counts;
}

GradientStore::Places GradientStore::places_of(const Block& block, std::uint64_t count, Wire wire) noexcept {
  const std::size_t biases = count * sizeof(std::uint32_t);
  const std::size_t gradients = biases + (block.rows.bias.empty() ? 0 : count * sizeof(float));
  // What comes behind begins at a whole word again.
  return {biases, gradients, gradients + (count * block.rows.width() * wire_bytes(wire) + 3) / 4 * 4};
}

std::size_t GradientStore::packed_bytes(std::span<const std::uint64_t> counts, Wire wire) const noexcept {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) bytes += places_of(*blocks_[i], counts[i], wire).end;
  return bytes;
}

void GradientStore::pack(Wire wire, std::byte* out) {
  for (const auto& block : blocks_) {
    const std::size_t count = block->count, width = block->rows.width();
    const Places places = places_of(*block, count, wire);
    if (count != 0) std::memcpy(out, block->row_of.data(), places.biases);
    if (places.gradients != places.biases)
      std::memcpy(out + places.biases, block->bias_gradients.data(), places.gradients - places.biases);
    for_places(count, [&](std::size_t i) {
      to_wire({block->gradients.data() + i * block->rows.stride(), width}, wire,
              out + places.gradients + i * width * wire_bytes(wire));
      block->place_of[block->row_of[i]] = 0;
    });
    block->count = 0;
    out += places.end;
  }
}

Result<void> GradientStore::add_packed(std::span<const std::uint64_t> counts, Wire wire, const std::byte* in) {
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    Block& block = *blocks_[b];
    const std::size_t width = block.rows.width();
    const Places places = places_of(block, counts[b], wire);
    std::atomic<bool> sound = counts[b] <= block.rows.rows();
    for_places(sound ? counts[b] : 0, [&](std::size_t i) {
      static thread_local std::vector<float> gradient;
      gradient.resize(width);
      std::uint32_t row;
      float bias_gradient = 0;
      std::memcpy(&row, in + i * sizeof row, sizeof row);
      if (row >= block.rows.rows()) {
        sound = false;
        return;
      }
      if (places.gradients != places.biases) std::memcpy(&bias_gradient, in + places.biases + i * sizeof(float), sizeof(float));
      from_wire(in + places.gradients + i * width * wire_bytes(wire), wire, gradient);
      add(block, row, gradient.data(), bias_gradient, 1.f);
    });
    if (!sound)
      return runtime_error("another rank has sent gradients of rows that this one does not have; start all ranks alike");
    in += places.end;
  }
  return {};
}

void GradientStore::pour_into(GradientStore& other) {
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    Block &from = *blocks_[b], &to = *other.blocks_[b];
    const std::size_t width = from.rows.width(), stride = from.rows.stride();
    for_places(from.count, [&](std::size_t i) {
      const std::uint32_t row = from.row_of[i];
      add(to, row, from.gradients.data() + i * stride, from.bias_gradients[i], 1.f);
      from.place_of[row] = 0;
      const std::size_t place = to.place_of[row] - 1;
      const float* const gradient = to.gradients.data() + place * stride;
      float l1 = std::abs(to.bias_gradients[place]);
      for (std::size_t d = 0; d < width; ++d) l1 += std::abs(gradient[d]);
      to.l1[place] = l1;
      ++to.steps[place];
    });
    from.count = 0;
  }
}

std::vector<GradientStore::Weight> GradientStore::weights() const {
  std::vector<Weight> all;
  for (std::uint32_t b = 0; b < blocks_.size(); ++b) {
    const Block& block = *blocks_[b];
    for (std::uint32_t i = 0; i < block.count; ++i) all.push_back({b, block.row_of[i], block.l1[i], block.steps[i]});
  }
  return all;
}

void GradientStore::take(std::size_t b, std::size_t row, float* out) noexcept {
  Block& block = *blocks_[b];
  const std::size_t width = block.rows.width();
  std::uint32_t& place = block.place_of[row];
  if (place == 0) {
    std::fill_n(out, width + 1, 0.f);
    return;
  }
  std::copy_n(block.gradients.data() + (place - 1) * block.rows.stride(), width, out);
  out[width] = block.bias_gradients[place - 1];
  block.row_of[place - 1] = kTaken;
  place = 0;
}

/// The last places fill the gaps.
void GradientStore::end_of_takes() noexcept {
  for (const auto& block : blocks_) {
    std::uint32_t count = block->count;
    for (std::uint32_t i = 0; i < count; ++i) {
      while (count > i && block->row_of[count - 1] == kTaken) --count;
      if (i >= count || block->row_of[i] != kTaken) continue;
      --count;
      const std::size_t stride = block->rows.stride();
      std::copy_n(block->gradients.data() + count * stride, block->rows.width(), block->gradients.data() + i * stride);
      block->bias_gradients[i] = block->bias_gradients[count];
      block->l1[i] = block->l1[count];
      block->steps[i] = block->steps[count];
      block->row_of[i] = block->row_of[count];
      block->place_of[block->row_of[i]] = i + 1;
    }
    block->count = count;
  }
}

void GradientStore::put(const Weight& row, const float* taken) noexcept {
  Block& block = *blocks_[row.block];
  add(block, row.row, taken, taken[block.rows.width()], 1.f);
  block.steps[block.place_of[row.row] - 1] = row.steps;
}

/// Places are taken in the order in which threads come; so the sum goes by rows.
double GradientStore::norm() const {
  const std::vector<double> all = squares();
  return std::sqrt(std::accumulate(all.begin(), all.end(), 0.0));
}

std::vector<double> GradientStore::squares() const {
  std::vector<double> all;
  for (const auto& block : blocks_) {
    double& total = all.emplace_back(0);
    const std::size_t count = block->count;
    std::vector<std::pair<std::uint32_t, double>> squares(count);
    for_places(count, [&](std::size_t i) {
      const float* const gradient = block->gradients.data() + i * block->rows.stride();
      const double bias = block->bias_gradients[i];
      squares[i] = {block->row_of[i], block->rows.square_of(block->row_of[i], gradient) + bias * bias};
    });
    std::ranges::sort(squares);
    for (const auto& [row, square] : squares) total += square;
  }
  return all;
}

void GradientStore::flush(float scale, const Update& update) {
  for (const auto& block : blocks_) {
    ParameterRows& rows = block->rows;
    for_places(block->count, [&](std::size_t i) {
      float* const gradient = block->gradients.data() + i * rows.stride();
      const std::uint32_t steps = std::max(1u, block->steps[i]);
      const float factor = steps == 1 ? scale : scale / static_cast<float>(steps);
      if (factor != 1.f) simd::kernels().scale_f32(factor, gradient, rows.width());
      update(rows, block->row_of[i], gradient, factor * block->bias_gradients[i], steps);
      block->place_of[block->row_of[i]] = 0;
    });
    block->count = 0;
  }
}

}  // namespace glissade
