#include "engine/parameters/parameter_rows.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/topology/policy.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::uint64_t kConnectionStream = 104;

}  // namespace

OptimizerState OptimizerState::of(const Config& config) noexcept {
  const bool halves = config.optimizer.moments == MomentType::bf16;
  const First first = halves ? First::bf16 : First::fp32;
  switch (config.optimizer.kind) {
    case OptimizerKind::adam:
      if (config.optimizer.second_moment == SecondMoment::row) return {first, Second::row};
      return {first, halves ? Second::bf16 : Second::fp32};
    case OptimizerKind::adagrad: return {First::none, Second::row};
    case OptimizerKind::momentum: return {first, Second::none};
    case OptimizerKind::sgd: break;
  }
  return {};
}

ParameterRows::Options ParameterRows::Options::of(const Config& config, bool trainable) noexcept {
  Options options;
  options.storage = config.network.storage;
  options.trainable = trainable;
  options.state = OptimizerState::of(config);
  options.keeps_gradient_means = TopologyPolicy::of(config.connections.topology).grow == TopologyPolicy::Grow::momentum;
  options.starts_whole = TopologyPolicy::of(config.connections.topology).when == TopologyPolicy::When::once;
  options.connection_seed = hashing::derive(config.run.seed, kConnectionStream);
  // The mean of weights that come and go has more connections than a row.
  const bool settled = config.connections.topology == Topology::fixed || config.schedule.average == 0;
  options.compact = settled;
  return options;
}

ParameterRows::Options ParameterRows::Options::without_bias() const noexcept {
  Options options = *this;
  options.with_bias = false;
  return options;
}

ParameterRows::Options ParameterRows::Options::connected() const noexcept {
  Options options = *this;
  options.fan_in = 0;
  return options;
}

ParameterRows::Options ParameterRows::Options::masked() const noexcept {
  Options options = *this;
  options.compact = false;
  return options;
}

bool ParameterRows::Options::is_compact(std::size_t width) const noexcept {
  return compact && fan_in != 0 && block == 1 && !starts_whole && !keeps_gradient_means && 2 * padded(fan_in) <= padded(width);
}

ParameterRows::Options ParameterRows::Options::in_floats() const noexcept {
  using First = OptimizerState::First;
  using Second = OptimizerState::Second;
  Options options = *this;
  options.storage = Storage::fp32;
  if (state.first == First::bf16) options.state.first = First::fp32;
  if (state.second == Second::bf16) options.state.second = Second::fp32;
  return options;
}

ParameterRows::ParameterRows(std::size_t rows, std::size_t width, const Options& options)
    : rows_(rows),
      width_(width),
      stride_(padded(width)),
      pitch_(options.is_compact(width) ? padded(options.fan_in) : stride_),
      compact_(options.is_compact(width)),
      options_(options) {
  allocate(rows_ * pitch_);
}

ParameterRows::ParameterRows(std::span<const std::uint64_t> begins, const Options& options)
    : begins_(begins), rows_(begins.empty() ? 0 : begins.size() - 1), options_(options) {
  for (std::size_t row = 0; row < rows_; ++row) width_ = std::max(width_, width(row));
  allocate(begins.empty() ? 0 : static_cast<std::size_t>(begins.back()));
}

void ParameterRows::allocate(std::size_t elements) {
  using First = OptimizerState::First;
  using Second = OptimizerState::Second;
  const Options& options = options_;
  if (options.storage == Storage::fp32) {
    weights = Array<float>(elements);
  } else {
    high = Array<std::uint16_t>(elements);
    if (options.trainable && options.storage == Storage::bf16_mixed) low = Array<std::uint16_t>(elements);
  }
  if (options.with_bias) bias = Array<float>(rows_);
  if (options.fan_in != 0 && (options.trainable || options.block > 1 || compact_)) allocate_patterns();
  if (!options.trainable) return;
  row_steps = Array<std::uint32_t>(rows_);
  const auto [first, second] = options.state;
  if (first == First::fp32) first_moment = Array<float>(elements);
  if (first == First::bf16) first_moment_bf16 = Array<std::uint16_t>(elements);
  if (second == Second::fp32) second_moment = Array<float>(elements);
  if (second == Second::bf16) second_moment_bf16 = Array<std::uint16_t>(elements);
  if (second == Second::row) row_second_moment = Array<float>(rows_);
  if (options.fan_in != 0) {
    connection_steps = Array<std::uint32_t>(patterns());
    if (options.keeps_gradient_means) gradient_means = Array<float>(elements);
    draw_connections(0);
  }
  if (!options.with_bias) return;
  if (first != First::none) bias_first_moment = Array<float>(rows_);
  if (second != Second::none) bias_second_moment = Array<float>(rows_);
}

void ParameterRows::allocate_patterns() {
  connections = Array<std::uint16_t>(patterns() * options_.fan_in);
  open_ = options_.trainable && options_.block > 1;
  if (options_.block == 1) return;
  places = Array<std::uint32_t>(rows_);
  std::iota(places.data(), places.data() + rows_, 0u);
}

ParameterRows::Footprint ParameterRows::footprint(std::uint64_t rows, std::uint64_t width, const Options& options) noexcept {
  using First = OptimizerState::First;
  using Second = OptimizerState::Second;
  const auto [first, second] = options.state;
  const bool compact = options.is_compact(width);
  const std::uint64_t elements = rows * padded(compact ? options.fan_in : width);
  const std::uint64_t biases = options.with_bias ? rows : 0;
  const bool halves_only = options.storage == Storage::bf16 || (options.storage == Storage::bf16_mixed && !options.trainable);
  Footprint bytes{elements * (halves_only ? 2 : 4) + biases * 4, 0};
  const bool shared = options.fan_in != 0 && options.block > 1;
  const std::uint64_t patterns = (rows + options.block - 1) / options.block, columns = 2ull * options.fan_in * patterns;
  if (shared) bytes.weights += columns + rows * 4;
  if (compact) bytes.weights += columns;
  if (!options.trainable) return bytes;
  bytes.state = rows * 4;
  if (options.fan_in != 0)
    bytes.state += patterns * 4 + (shared || compact ? 0 : columns) + (options.keeps_gradient_means ? 4 * elements : 0);
  if (first != First::none) bytes.state += elements * (first == First::bf16 ? 2 : 4) + biases * 4;
  if (second == Second::row) bytes.state += (rows + biases) * 4;
  if (second == Second::fp32 || second == Second::bf16) bytes.state += elements * (second == Second::bf16 ? 2 : 4) + biases * 4;
  return bytes;
}

std::size_t ParameterRows::memory_bytes() const noexcept {
  return weights.bytes() + high.bytes() + low.bytes() + bias.bytes() + first_moment.bytes() + first_moment_bf16.bytes() +
         second_moment.bytes() + second_moment_bf16.bytes() + row_second_moment.bytes() + bias_first_moment.bytes() +
         bias_second_moment.bytes() + row_steps.bytes() + connections.bytes() + connection_steps.bytes() +
         gradient_means.bytes() + places.bytes();
}

namespace {

/// Connections of a compact row that are widened or narrowed at once.
constexpr std::size_t kPart = 256;

/// Calls body(first, count) for the parts of a compact row.
template <class Body>
void in_parts(std::size_t size, const Body& body) {
  for (std::size_t first = 0; first < size; first += kPart) body(first, std::min(kPart, size - first));
}

}  // namespace

void ParameterRows::widen(std::size_t at, float* out, std::size_t count) const noexcept {
  if (storage() == Storage::fp32) {
    std::memcpy(out, weights.data() + at, count * sizeof(float));
  } else {
    simd::kernels().widen(high.data() + at, out, count);
  }
}

void ParameterRows::join(std::size_t at, float* out, std::size_t count) const noexcept {
  if (storage() == Storage::bf16_mixed) {
    simd::kernels().join_f32(high.data() + at, low.data() + at, out, count);
  } else {
    widen(at, out, count);
  }
}

void ParameterRows::store(std::size_t at, const float* values, std::size_t count) noexcept {
  switch (storage()) {
    case Storage::fp32: std::memcpy(weights.data() + at, values, count * sizeof(float)); break;
    case Storage::bf16_mixed: simd::kernels().split_f32(values, high.data() + at, low.data() + at, count); break;
    case Storage::bf16: simd::kernels().narrow_nearest(values, high.data() + at, count); break;
  }
}

/// `load` is join or widen.
void ParameterRows::spread(std::size_t row, float* out, Load load) const noexcept {
  if (!compact_) return (this->*load)(begin(row), out, width(row));
  std::fill_n(out, width_, 0.f);
  const auto columns = connections_of(row);
  in_parts(columns.size(), [&](std::size_t first, std::size_t count) {
    float part[kPart];
    (this->*load)(begin(row) + first, part, count);
    for (std::size_t i = 0; i < count; ++i) out[columns[first + i]] = part[i];
  });
}

void ParameterRows::read(std::size_t row, float* out) const noexcept { spread(row, out, &ParameterRows::join); }

void ParameterRows::read_forward(std::size_t row, float* out) const noexcept { spread(row, out, &ParameterRows::widen); }

void ParameterRows::read_halves(std::size_t row, std::uint16_t* out) const noexcept {
  const std::uint16_t* const from = high.data() + begin(row);
  if (!compact_) {
    std::memcpy(out, from, width(row) * sizeof(std::uint16_t));
    return;
  }
  std::fill_n(out, width_, std::uint16_t{0});
  const auto columns = connections_of(row);
  for (std::size_t i = 0; i < columns.size(); ++i) out[columns[i]] = from[i];
}

void ParameterRows::write(std::size_t row, const float* values) noexcept {
  if (!compact_) {
    store(begin(row), values, width(row));
    if (fan_in() != 0 && !is_whole(row)) cut_to_connections(row);
    return;
  }
  const auto columns = std::as_const(*this).connections_of(row);
  in_parts(columns.size(), [&](std::size_t first, std::size_t count) {
    float part[kPart];
    for (std::size_t i = 0; i < count; ++i) part[i] = values[columns[first + i]];
    store(begin(row) + first, part, count);
  });
}

void ParameterRows::read_kept(std::size_t row, float* out) const noexcept { join(begin(row), out, kept(row)); }

void ParameterRows::write_kept(std::size_t row, const float* values) noexcept {
  if (!compact_) return write(row, values);
  store(begin(row), values, kept(row));
}

namespace {

template <class T>
void resize(Array<T>& array, std::size_t size) {
  if (array.empty() || array.size() == size) return;
  Array<T> other(size);
  std::copy_n(array.data(), std::min(size, array.size()), other.data());
  array = std::move(other);
}

}  // namespace

void ParameterRows::resize_patterns(std::size_t rows) {
  const std::size_t count = (rows + block() - 1) / block();
  resize(connection_steps, count);
  resize(connections, count * options_.fan_in);
  const std::size_t before = places.size();
  resize(places, rows);
  for (std::size_t row = before; row < places.size(); ++row) places[row] = static_cast<std::uint32_t>(row);
}

void ParameterRows::resize_arrays(std::size_t rows) {
  for (Array<float>* by_row : {&bias, &row_second_moment, &bias_first_moment, &bias_second_moment}) resize(*by_row, rows);
  resize(row_steps, rows);
  resize_patterns(rows);
  resize(gradient_means, rows * pitch_);
  // Those that grow() asks how much room there is come last: where memory runs out before, the next call resizes all again.
  for (Array<float>* by_weight : {&first_moment, &second_moment, &weights}) resize(*by_weight, rows * pitch_);
  for (Array<std::uint16_t>* by_weight : {&low, &first_moment_bf16, &second_moment_bf16, &high})
    resize(*by_weight, rows * pitch_);
}

void ParameterRows::grow(std::size_t rows) {
  constexpr std::size_t kShare = 8, kLeast = 64;
  const std::size_t room = pitch_ == 0 ? rows : std::max(weights.size(), high.size()) / pitch_;
  if (rows > room) resize_arrays(rows + rows / kShare + kLeast);
  const std::size_t before = std::min(patterns(), (rows + block() - 1) / block());
  rows_ = rows;
  if (fan_in() != 0) draw_connections(before);
}

void ParameterRows::with_exact_arrays() { resize_arrays(rows_); }

void ParameterRows::take_forward(const ParameterRows& from) {
  if (!places.empty()) {
    std::copy_n(from.places.data(), places.size(), places.data());
    std::copy_n(from.connections.data(), connections.size(), connections.data());
  }
  constexpr std::size_t kGrain = 4096;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows_, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t row = range.begin(); row != range.end(); ++row) take_forward(from, row);
  });
}

void ParameterRows::take_forward(const ParameterRows& from, std::size_t row) noexcept {
  const std::size_t at = row * pitch_;
  if (storage() == Storage::fp32) {
    std::memcpy(weights.data() + at, from.weights.data() + at, pitch_ * sizeof(float));
  } else {
    std::memcpy(high.data() + at, from.high.data() + at, pitch_ * sizeof(std::uint16_t));
  }
  if (compact_) std::ranges::copy(from.connections_of(row), connections_of(row).begin());
  if (!bias.empty()) bias[row] = from.bias[row];
}

void ParameterRows::randomize(double limit, std::uint64_t seed, const RowOwners& owners) {
  constexpr std::size_t kGrain = 256;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows_, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    std::vector<float> values(width_);
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      hashing::Random random(hashing::derive(seed, owners.row_at(static_cast<std::uint32_t>(row))));
      for (float& value : values) value = static_cast<float>((2.0 * random.unit() - 1.0) * limit);
      write(row, values.data());
    }
  });
}

}  // namespace glissade
