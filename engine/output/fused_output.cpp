#include "engine/output/fused_output.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "engine/dense/blocks.h"
#include "engine/layers/in_blocks.h"
#include "engine/output/cache_size.h"
#include "engine/output/half_range.h"
#include "engine/progress/stopwatch.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

using simd::kBlockDepth;
using simd::kPanelColumns;

constexpr std::size_t kRowBlock = 4 * kPanelColumns;  ///< rows per task of the second pass

std::size_t padded(std::size_t n, std::size_t unit) noexcept { return (n + unit - 1) / unit * unit; }

/// Samples per task: as many as keep their logits in the second-level cache, though not so few that the rows' panels are read
/// again and again; but enough tasks that several threads have work. Results do not depend on it.
std::size_t sample_block(std::size_t samples, std::size_t logit_stride) noexcept {
  constexpr std::size_t kUnit = 16, kLeast = 64, kMost = 128, kTasks = 4;
  const std::size_t fitting = second_level_cache() / (logit_stride * sizeof(float)) / kUnit * kUnit;
  const std::size_t sharing = padded((samples + kTasks - 1) / kTasks, kUnit);
  return std::min(std::clamp(fitting, kLeast, kMost), sharing);
}

}  // namespace

FusedOutput::FusedOutput(const OutputParts& parts)
    : parts_(parts),
      loss_(parts.config.network.loss),
      best_element_(dense::step_element_for(parts.rows.storage())),
      element_(best_element_),
      set_(own_sets(parts), parts.all_labels(), parts.owners()),
      connected_(ConnectedProducts::pay(parts.rows, best_element_)) {
  if (connected_) best_element_ = dense::Element::f32;
  if (parts.shards != nullptr) shard_sums_.emplace(*parts.shards, parts.config.network.loss);
}

std::uint64_t FusedOutput::step_bytes(const Config& config, std::uint64_t set, std::uint64_t rows,
                                      std::uint64_t threads) noexcept {
  const dense::Element element = dense::step_element_for(config.network.storage);
  const std::uint64_t bytes = element == dense::Element::f32 ? 4 : 2;
  const std::uint64_t samples = padded(config.training.piece_samples(), kBlockDepth), width = config.network.hidden.back();
  const std::uint64_t stride = ParameterRows::padded(width);
  const std::uint64_t piece = padded(std::min<std::uint64_t>(set, output_piece(config.training.piece_samples())), kBlockDepth);
  const std::uint64_t logit_stride = piece + kPanelColumns;
  const std::uint64_t hidden = (width + 1) * samples * (element == dense::Element::f32 ? 4 : 6) +
                               (element == dense::Element::f16 ? 2 * samples * stride : 0);
  const std::uint64_t logits = threads * sample_block(config.training.piece_samples(), logit_stride) * logit_stride * 4;
  constexpr std::uint64_t kPerRow = 8, kPerActive = 12;  // stamp and place; id, weight and start
  return piece * (samples * bytes + 2 * stride * bytes) + hidden + logits + kPerActive * set + kPerRow * rows;
}

/// Rows of logits must not lie a power of two apart, or the cache would find them all in the same places.
std::size_t FusedOutput::logit_stride() const noexcept { return padded_rows() + kPanelColumns; }

/// Of the samples from `first` on.
float* FusedOutput::block_logits(std::size_t first) const {
  if (keeps_logits_) return kept_logits_.data() + first * logit_stride();
  static thread_local Array<float> logits;
  logits.reserve_discard(block_ * logit_stride());
  return logits.data();
}

OutputReport FusedOutput::step(const OutputStep& step) {
  OutputReport report;
  {
    const PhaseWatch watch(step.phases, Phase::sampling);
    set_.choose(step, parts_.config.active_set.query_every);
  }
  const std::size_t most = parts_.piece != 0 ? parts_.piece : output_piece(step.hidden.samples);
  const std::size_t size = set_.size();
  const std::size_t largest =
      std::min(std::max<std::size_t>(1, size), connected_ ? std::min(most, ConnectedProducts::kMostRows) : most);
  const std::size_t pieces = (size + largest - 1) / largest;
  const auto piece = [&](std::size_t i) { return SetPiece{i * largest, std::min(largest, size - i * largest)}; };
  prepare(step);
  if ((pieces > 1 || shard_sums_) && loss_.needs_normaliser()) {
    sums_.begin(step.labels);
    // Between the two passes of a set in one piece other ranks are asked: its logits wait, and are not computed twice.
    keeps_logits_ = pieces == 1;
    for (std::size_t i = 0; i < pieces; ++i) {
      load(step, piece(i));
      normalise(step, piece(i));
    }
    const PhaseWatch watch(step.phases, Phase::communication);
    if (shard_sums_) shard_sums_->add_up(sums_, step.labels);
  }
  if (pieces == 0 && shard_sums_) parts_.shards->begin_sum({step.hidden_gradient, step.hidden.samples * step.hidden.stride});
  for (std::size_t i = 0; i < pieces; ++i) {
    if (!keeps_logits_) load(step, piece(i));
    differentiate(step, piece(i));
    // The hidden gradient is whole, and travels while rows are updated.
    if (shard_sums_ && i + 1 == pieces)
      parts_.shards->begin_sum({step.hidden_gradient, step.hidden.samples * step.hidden.stride});
    update(step, piece(i));
  }
  for (const SampleState& state : state_) {
    report.loss += state.loss;
    report.hits += state.hit;
  }
  const std::size_t samples = step.hidden.samples;
  report.probed = (samples + kProbeStride - 1) / kProbeStride;
  report.active_rows = samples * size;
  report.rows_touched = size;
  if (!shard_sums_) return report;
  report.hits = 0;  // a sample's best row may be another rank's
  for (std::size_t sample = 0; sample < samples; sample += kProbeStride)
    shard_sums_->tell_best(state_[sample].best, state_[sample].hit);
  return report;
}

void FusedOutput::prepare(const OutputStep& step) {
  const PhaseWatch watch(step.phases, Phase::packing);
  const Activations& hidden = step.hidden;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  state_.assign(hidden.samples, {0.0, kLowest, false});
  padded_samples_ = padded(hidden.samples, kBlockDepth);
  if (connected_) {
    products_.take(hidden);
  } else {
    transpose_hidden(hidden);
  }
  if (best_element_ == dense::Element::f16) narrow_hidden(hidden);
  in_blocks(hidden.samples, kBlockDepth, [&](std::size_t begin, std::size_t end) {
    std::memset(step.hidden_gradient + begin * hidden.stride, 0, (end - begin) * hidden.stride * sizeof(float));
  });
}

void FusedOutput::transpose_hidden(const Activations& hidden) {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t width = hidden.width, stride = padded_samples_;
  // The padding is written again each time: the buffer may have held a larger batch.
  hidden_columns_.reserve_discard((width + 1) * stride);
  in_blocks(width, kPanelColumns, [&](std::size_t begin, std::size_t end) {
    float* const columns = hidden_columns_.data() + begin * stride;
    kernels.transpose_f32(hidden.values.data() + begin, hidden.stride, hidden.samples, end - begin, columns, stride);
    for (std::size_t j = 0; j < end - begin; ++j)
      std::fill(columns + j * stride + hidden.samples, columns + (j + 1) * stride, 0.f);
  });
  float* const ones = hidden_columns_.data() + width * stride;
  std::fill_n(ones, hidden.samples, 1.f);
  std::fill(ones + hidden.samples, ones + stride, 0.f);
  if (best_element_ == dense::Element::f32) return;
  hidden_column_halves_.reserve_discard((width + 1) * stride);
  in_blocks(width + 1, kPanelColumns, [&](std::size_t begin, std::size_t end) {
    const float* const columns = hidden_columns_.data() + begin * stride;
    std::uint16_t* const halves = hidden_column_halves_.data() + begin * stride;
    if (best_element_ == dense::Element::f16) {
      kernels.scale_f16(1.f, columns, halves, (end - begin) * stride);
    } else {
      kernels.narrow_nearest(columns, halves, (end - begin) * stride);
    }
  });
}

void FusedOutput::narrow_hidden(const Activations& hidden) {
  const simd::Kernels& kernels = simd::kernels();
  hidden_halves_.reserve_discard(hidden.samples * hidden.stride);
  largest_of_block_.assign((hidden.samples + kBlockDepth - 1) / kBlockDepth, 0);
  in_blocks(hidden.samples, kBlockDepth, [&](std::size_t begin, std::size_t end) {
    largest_of_block_[begin / kBlockDepth] =
        kernels.f16_of_bf16(hidden.half_row(begin), hidden_halves_.data() + begin * hidden.stride, (end - begin) * hidden.stride);
  });
  std::uint16_t largest = 0;
  for (const std::uint16_t of_block : largest_of_block_) largest = std::max(largest, of_block);
  kernels.widen(&largest, &largest_hidden_, 1);
}

const void* FusedOutput::hidden_rows(const Activations& hidden, std::size_t first) const noexcept {
  if (element_ == dense::Element::f32) return hidden.row(first);
  return element_ == dense::Element::bf16 ? hidden.half_row(first) : hidden_halves_.data() + first * hidden.stride;
}

/// What no gradient by a logit exceeds. For softmax that is 1 / samples; for sigmoids, times the rows that a drawn row stands
/// for.
float FusedOutput::gradient_bound(const OutputStep& step, const SetPiece& piece) const {
  const auto weights = set_.log_weights_in(piece);
  const bool weighted = parts_.config.network.loss == LossKind::bce && !weights.empty();
  const float most = weighted ? std::max(1.f, std::exp(*std::ranges::max_element(weights))) : 1.f;
  const auto& targets = step.labels.values;
  const float heaviest = targets.empty() ? 1.f : std::max(1.f, *std::ranges::max_element(targets));
  return most * heaviest / static_cast<float>(step.hidden.samples);
}

void FusedOutput::load(const OutputStep& step, const SetPiece& piece) {
  const PhaseWatch watch(step.phases, Phase::packing);
  std::span<const std::uint32_t> ids = set_.ids(piece);
  if (set_.everything()) {
    all_ids_.resize(piece.size);
    std::iota(all_ids_.begin(), all_ids_.end(), static_cast<std::uint32_t>(piece.first));
    ids = all_ids_;
  }
  element_ = best_element_;
  gradient_scale_ = 1.f;
  if (connected_) {
    products_.take(parts_.rows, ids);
  } else {
    panels_.take(parts_.rows, ids, element_);
  }
  if (element_ == dense::Element::f16) {
    gradient_scale_ = half_gradient_scale({largest_hidden_, panels_.largest(), gradient_bound(step, piece)});
    if (gradient_scale_ == 0.f) {
      element_ = dense::Element::f32;
      gradient_scale_ = 1.f;
      panels_.take(parts_.rows, ids, element_);
    }
  }
  start_.assign(padded(piece.size, kBlockDepth), 0.f);
  for (std::size_t j = 0; j < piece.size; ++j) start_[j] = parts_.rows.bias[ids[j]];
  if (!is_softmax(parts_.config.network.loss)) return;
  const auto weights = set_.log_weights_in(piece);
  for (std::size_t i = 0; i < weights.size(); ++i) start_[piece.size - weights.size() + i] += weights[i];
}

void FusedOutput::compute_logits(const OutputStep& step, std::size_t begin, std::size_t end, float* logits) {
  if (connected_) {
    products_.logits(begin, end, start_.data(), logits, logit_stride());
    return;
  }
  const Activations& hidden = step.hidden;
  panels_.multiply_as_columns(hidden_rows(hidden, begin), hidden.stride, end - begin, start_.data(), logits, logit_stride());
}

std::size_t FusedOutput::samples_at_once(const OutputStep& step) const noexcept {
  return connected_ ? products_.chunk() : sample_block(step.hidden.samples, logit_stride());
}

void FusedOutput::normalise(const OutputStep& step, const SetPiece& piece) {
  const PhaseWatch watch(step.phases, Phase::scores);
  block_ = samples_at_once(step);
  if (keeps_logits_) kept_logits_.reserve_discard(step.hidden.samples * logit_stride());
  in_blocks(step.hidden.samples, block_, [&](std::size_t begin, std::size_t end) {
    static thread_local FoundLabels found;
    float* const logits = block_logits(begin);
    compute_logits(step, begin, end, logits);
    for (std::size_t sample = begin; sample < end; ++sample) {
      sums_.add(loss_, sample, logit_row(step, piece, sample, logits + (sample - begin) * logit_stride(), found));
    }
  });
}

void FusedOutput::differentiate(const OutputStep& step, const SetPiece& piece) {
  const PhaseWatch watch(step.phases, Phase::scores);
  const Activations& hidden = step.hidden;
  block_ = samples_at_once(step);
  const std::size_t gradients = padded_rows() * padded_samples_;
  if (in_halves()) {
    gradient_halves_.reserve_discard(gradients);
  } else if (!connected_) {
    gradients_.reserve_discard(gradients);
  }
  in_blocks(hidden.samples, block_, [&](std::size_t begin, std::size_t end) {
    float* const logits = block_logits(begin);
    if (!keeps_logits_) compute_logits(step, begin, end, logits);
    for (std::size_t sample = begin; sample < end; ++sample) {
      differentiate_sample(step, piece, sample, logits + (sample - begin) * logit_stride());
    }
    if (connected_) {
      products_.add_hidden_gradients(begin, end, logits, logit_stride(), step.hidden_gradient + begin * hidden.stride,
                                     hidden.stride);
      return;
    }
    const std::size_t elements_per_float = in_halves() ? 2 : 1;
    panels_.multiply_as_depth(logits, logit_stride() * elements_per_float, end - begin, 1.f / gradient_scale_,
                              step.hidden_gradient + begin * hidden.stride, hidden.stride);
    store_gradients(begin, end, logits);
  });
}

LogitRow FusedOutput::logit_row(const OutputStep& step, const SetPiece& piece, std::size_t sample, float* z,
                                FoundLabels& found) const {
  set_.find(step.labels, sample, piece, found);
  return {z,
          piece.size,
          found.positions,
          step.labels.row_ids(sample).size(),
          set_.exact_in(piece),
          set_.log_weights_in(piece),
          found.weights};
}

/// Logits in, gradients out: floats in place, or 16 bits each in the first half of the row.
void FusedOutput::differentiate_sample(const OutputStep& step, const SetPiece& piece, std::size_t sample, float* z) {
  const simd::Kernels& kernels = simd::kernels();
  static thread_local FoundLabels found;
  const LogitRow row = logit_row(step, piece, sample, z, found);
  SampleState& state = state_[sample];
  if (sample % kProbeStride == 0) probe(z, piece, found.positions, state);
  const float weight = step.sample_weight(sample), scale = weight / static_cast<float>(step.hidden.samples);
  const bool whole = piece.size == set_.size() && !shard_sums_;
  const bool counts_all = piece.first == 0 && set_.counts_all();
  const Loss::RowGradient gradient =
      whole ? loss_.gradient(row, scale) : loss_.gradient(row, scale, sums_.of(sample), counts_all);
  state.loss += weight * gradient.loss;
  std::fill(z + piece.size, z + padded_rows(), 0.f);
  if (element_ == dense::Element::f16) {
    kernels.scale_f16(gradient.factor * gradient_scale_, z, reinterpret_cast<std::uint16_t*>(z), padded_rows());
  } else if (element_ == dense::Element::bf16) {
    kernels.scale_narrow(gradient.factor, z, reinterpret_cast<std::uint16_t*>(z), padded_rows());
  } else {
    kernels.scale_f32(gradient.factor, z, piece.size);
  }
}

/// Drawn rows carry a weight that the softmax wants and that predictions do not have.
void FusedOutput::probe(const float* z, const SetPiece& piece, std::span<const std::uint32_t> positions,
                        SampleState& state) const {
  const simd::Kernels& kernels = simd::kernels();
  const auto weights = set_.log_weights_in(piece);
  static thread_local std::vector<float> plain;
  if (!weights.empty() && is_softmax(parts_.config.network.loss)) {
    plain.assign(z, z + piece.size);
    kernels.axpy_f32(-1.f, weights.data(), plain.data() + piece.size - weights.size(), weights.size());
    z = plain.data();
  }
  std::uint32_t best = 0;
  float value = 0;
  if (kernels.topk_f32(z, piece.size, 1, &best, &value) == 0 || value <= state.best) return;
  state.best = value;
  state.hit = std::ranges::find(positions, best) != positions.end();
}

void FusedOutput::store_gradients(std::size_t begin, std::size_t end, const float* logits) {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t panel_stride = padded_samples_ * kPanelColumns;
  const std::size_t rows = padded_rows();
  // The last block fills the batch up to a multiple of kBlockDepth with samples of 0.
  const std::size_t until = end == state_.size() ? padded_samples_ : end;
  if (!in_halves()) {
    dense::pack_panels(logits, logit_stride(), end - begin, rows / kPanelColumns, gradients_.data() + begin * kPanelColumns,
                       panel_stride);
    for (std::size_t p = 0; p < rows / kPanelColumns; ++p) {
      float* const panel = gradients_.data() + p * panel_stride;
      std::fill(panel + end * kPanelColumns, panel + until * kPanelColumns, 0.f);
    }
    return;
  }
  static thread_local std::vector<std::uint16_t> zeros;
  zeros.assign(rows, 0);
  const auto* const halves = reinterpret_cast<const std::uint16_t*>(logits);
  const auto half_row = [&](std::size_t sample) {
    return sample < end ? halves + (sample - begin) * 2 * logit_stride() : zeros.data();
  };
  // A few panels at a time, so that no more than a few pages are written to at once.
  constexpr std::size_t kSpan = 8 * kPanelColumns;
  for (std::size_t first = 0; first < rows; first += kSpan) {
    const std::size_t span = std::min(kSpan, rows - first);
    std::uint16_t* const panel = gradient_halves_.data() + first / kPanelColumns * panel_stride;
    for (std::size_t sample = begin; sample < until; sample += 2) {
      kernels.pair_rows_bf16(half_row(sample) + first, half_row(sample + 1) + first, span, panel + sample * kPanelColumns,
                             panel_stride);
    }
  }
}

void FusedOutput::update(const OutputStep& step, const SetPiece& piece) {
  const PhaseWatch watch(step.phases, Phase::output_update);
  in_blocks(piece.size, kRowBlock, [&](std::size_t begin, std::size_t end) {
    connected_ ? update_connected(step, piece, begin, end) : update_block(step, piece, begin, end);
  });
}

void FusedOutput::update_connected(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end) {
  static thread_local std::vector<float> gradients, whole;
  const std::size_t fan_in = parts_.rows.kept(0);
  std::array<float, kRowBlock> bias_gradients;
  gradients.resize(kRowBlock * fan_in);
  products_.row_gradients(begin, end - begin, gradients.data(), bias_gradients.data());
  for (std::size_t j = begin; j < end; ++j) {
    const std::uint32_t row = set_.id(piece.first + j);
    const float bias_gradient = bias_gradients[j - begin];
    step.optimizer.prefetch(parts_.rows, set_.id(piece.first + std::min(j + 1, end - 1)));
    float change = 0;
    if (step.optimizer.needs_whole_gradient(parts_.rows, row)) {
      whole.resize(parts_.rows.width());
      products_.whole_gradient(j, step.hidden, whole.data());
      change = step.optimizer.update(parts_.rows, row, whole.data(), bias_gradient);
    } else {
      change = step.optimizer.update_kept(parts_.rows, row, gradients.data() + (j - begin) * fan_in, bias_gradient);
    }
    if (parts_.drift != nullptr) parts_.drift->add(row, change);
  }
}

void FusedOutput::update_block(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end) {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t width = step.hidden.width, stride = step.hidden.stride, panel_stride = padded_samples_ * kPanelColumns;
  static thread_local std::vector<float> columns, row_gradients, zeros;
  // Columns of the product are rows of the layer; its last row is the biases' gradient.
  columns.resize((width + 1) * kRowBlock);
  row_gradients.resize(kRowBlock * stride);
  zeros.assign(kRowBlock, 0.f);
  const bool halves = in_halves();
  const void* const a = halves ? static_cast<const void*>(hidden_column_halves_.data()) : hidden_columns_.data();
  const std::size_t skip = begin / kPanelColumns * panel_stride;
  const void* const b = halves ? static_cast<const void*>(gradient_halves_.data() + skip) : gradients_.data() + skip;
  const std::size_t panel_count = (end - begin + kPanelColumns - 1) / kPanelColumns;
  dense::multiply_panels(element_, {a, padded_samples_}, width + 1, padded_samples_, {b, panel_stride}, panel_count,
                         1.f / gradient_scale_, zeros.data(), columns.data(), kRowBlock);
  kernels.transpose_f32(columns.data(), kRowBlock, width, end - begin, row_gradients.data(), stride);
  const float* const bias_gradients = columns.data() + width * kRowBlock;
  for (std::size_t j = begin; j < end; ++j) {
    const std::uint32_t row = set_.id(piece.first + j);
    step.optimizer.prefetch(parts_.rows, set_.id(piece.first + std::min(j + 1, end - 1)));
    const float change =
        step.optimizer.update(parts_.rows, row, row_gradients.data() + (j - begin) * stride, bias_gradients[j - begin]);
    if (parts_.drift != nullptr) parts_.drift->add(row, change);
  }
}

}  // namespace glissade
