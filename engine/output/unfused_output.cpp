#include "engine/output/unfused_output.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/layers/in_blocks.h"
#include "engine/progress/stopwatch.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

/// Samples per task: a quarter of the batch, so that small batches keep several threads busy, but not so few that packing the
/// rows for each product shows, nor so many that their logits fall out of the caches.
std::size_t sample_block(std::size_t samples) noexcept {
  constexpr std::size_t kStep = 32, kMost = 256;
  return std::clamp((samples / 4 + kStep - 1) / kStep * kStep, kStep, kMost);
}

}  // namespace

UnfusedOutput::UnfusedOutput(const OutputParts& parts)
    : parts_(parts),
      loss_(parts.config.network.loss),
      element_(dense::element_for(parts.rows.storage())),
      set_(own_sets(parts), parts.rows.rows(), {}) {}

OutputReport UnfusedOutput::step(const OutputStep& step) {
  OutputReport report;
  ok_ = true;
  {
    const PhaseWatch watch(step.phases, Phase::sampling);
    set_.choose(step, parts_.config.active_set.query_every);
  }
  const std::size_t samples = step.hidden.samples;
  const std::size_t size = set_.size();
  const std::size_t pieces = (size + kPiece - 1) / kPiece;
  const auto piece = [size](std::size_t i) { return SetPiece{i * kPiece, std::min(kPiece, size - i * kPiece)}; };
  block_ = sample_block(samples);
  logits_.reserve_discard(samples * kPiece);
  bias_gradients_.reserve_discard((samples + block_ - 1) / block_ * kPiece);
  if (element_ == dense::Element::bf16) gradient_halves_.reserve_discard(samples * kPiece);
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  state_.assign(samples, {0.0, kLowest, false});

  if (pieces > 1 && loss_.needs_normaliser()) {
    sums_.begin(step.labels);
    for (std::size_t i = 0; i < pieces; ++i) {
      load(step, piece(i));
      normalise_piece(step, piece(i));
    }
  }
  for (std::size_t i = 0; i < pieces; ++i) {
    load(step, piece(i));
    differentiate_piece(step, piece(i));
    update_piece(step, piece(i));
  }
  for (std::size_t sample = 0; sample < samples; ++sample) {
    report.loss += state_[sample].loss;
    report.hits += state_[sample].hit;
  }
  report.probed = (samples + kProbeStride - 1) / kProbeStride;
  report.active_rows = samples * size;
  report.rows_touched = size;
  report.ok = ok_;
  return report;
}

void UnfusedOutput::load(const OutputStep& step, const SetPiece& piece) {
  const PhaseWatch watch(step.phases, Phase::packing);
  bias_.resize(piece.size);
  for (std::size_t j = 0; j < piece.size; ++j) bias_[j] = parts_.rows.bias[set_.id(piece.first + j)];
  if (set_.everything()) {
    packed_.take_range(parts_.rows, piece.first, piece.size, element_);
  } else {
    packed_.take(parts_.rows, set_.ids(piece), element_);
  }
}

void UnfusedOutput::forward_block(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end) {
  const Activations& hidden = step.hidden;
  const void* a = element_ == dense::Element::bf16 ? static_cast<const void*>(hidden.half_row(begin)) : hidden.row(begin);
  float* z = logits_.data() + begin * kPiece;
  if (!dense::multiply(element_, end - begin, piece.size, hidden.width, {a, hidden.stride, 1}, packed_.transposed(), z, kPiece,
                       false)) {
    ok_ = false;
  }
  const simd::Kernels& kernels = simd::kernels();
  for (std::size_t sample = begin; sample < end; ++sample) {
    kernels.axpy_f32(1.f, bias_.data(), logits_.data() + sample * kPiece, piece.size);
  }
}

LogitRow UnfusedOutput::logit_row(const OutputStep& step, const SetPiece& piece, std::size_t sample, FoundLabels& found) {
  set_.find(step.labels, sample, piece, found);
  return {
      logits_.data() + sample * kPiece, piece.size,   found.positions, step.labels.row_ids(sample).size(), set_.exact_in(piece),
      set_.log_weights_in(piece),       found.weights};
}

void UnfusedOutput::normalise_piece(const OutputStep& step, const SetPiece& piece) {
  const PhaseWatch watch(step.phases, Phase::scores);
  in_blocks(step.hidden.samples, block_, [&](std::size_t begin, std::size_t end) {
    static thread_local FoundLabels found;
    forward_block(step, piece, begin, end);
    for (std::size_t sample = begin; sample < end; ++sample) {
      const LogitRow row = logit_row(step, piece, sample, found);
      loss_.weigh(row);
      sums_.add(loss_, sample, row);
    }
  });
}

void UnfusedOutput::differentiate_piece(const OutputStep& step, const SetPiece& piece) {
  const PhaseWatch watch(step.phases, Phase::scores);
  in_blocks(step.hidden.samples, block_, [&](std::size_t begin, std::size_t end) {
    forward_block(step, piece, begin, end);
    differentiate_block(step, piece, begin, end);
  });
}

void UnfusedOutput::differentiate_block(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end) {
  const simd::Kernels& kernels = simd::kernels();
  static thread_local FoundLabels found;
  const bool one_piece = piece.size == set_.size();
  float* bias_gradient = bias_gradients_.data() + begin / block_ * kPiece;
  std::fill_n(bias_gradient, piece.size, 0.f);
  for (std::size_t sample = begin; sample < end; ++sample) {
    SampleState& state = state_[sample];
    const LogitRow row = logit_row(step, piece, sample, found);
    if (sample % kProbeStride == 0) {
      std::uint32_t best = 0;
      float value = 0;
      if (kernels.topk_f32(row.z, row.size, 1, &best, &value) != 0 && value > state.best) {
        state.best = value;
        state.hit = std::ranges::find(found.positions, best) != found.positions.end();
      }
    }
    loss_.weigh(row);
    const float weight = step.sample_weight(sample), scale = weight / static_cast<float>(step.hidden.samples);
    const Loss::RowGradient gradient =
        one_piece ? loss_.gradient(row, scale) : loss_.gradient(row, scale, sums_.of(sample), piece.first == 0);
    state.loss += weight * gradient.loss;
    kernels.scale_f32(gradient.factor, row.z, row.size);
    kernels.axpy_f32(1.f, row.z, bias_gradient, row.size);
    if (element_ == dense::Element::bf16) kernels.narrow_nearest(row.z, gradient_halves_.data() + sample * kPiece, row.size);
  }
  const void* gradient = element_ == dense::Element::bf16 ? static_cast<const void*>(gradient_halves_.data() + begin * kPiece)
                                                          : logits_.data() + begin * kPiece;
  const bool done =
      dense::multiply(element_, end - begin, step.hidden.width, piece.size, {gradient, kPiece, 1}, packed_.operand(),
                      step.hidden_gradient + begin * step.hidden.stride, step.hidden.stride, piece.first != 0);
  if (!done) ok_ = false;
}

void UnfusedOutput::update_piece(const OutputStep& step, const SetPiece& piece) {
  const PhaseWatch watch(step.phases, Phase::output_update);
  in_blocks(piece.size, kRowBlock, [&](std::size_t begin, std::size_t end) { update_block(step, piece, begin, end); });
}

void UnfusedOutput::update_block(const OutputStep& step, const SetPiece& piece, std::size_t begin, std::size_t end) {
  const Activations& hidden = step.hidden;
  const bool halves = element_ == dense::Element::bf16;
  static thread_local std::vector<float> sums;
  sums.resize(kRowBlock * hidden.stride);
  const void* gradient = halves ? static_cast<const void*>(gradient_halves_.data() + begin) : logits_.data() + begin;
  const void* inputs = halves ? static_cast<const void*>(hidden.halves.data()) : hidden.values.data();
  if (!dense::multiply(element_, end - begin, hidden.width, hidden.samples, {gradient, 1, kPiece}, {inputs, hidden.stride, 1},
                       sums.data(), hidden.stride, false)) {
    ok_ = false;
    return;
  }
  const std::size_t blocks = (hidden.samples + block_ - 1) / block_;
  for (std::size_t j = begin; j < end; ++j) {
    float bias_gradient = 0;
    for (std::size_t block = 0; block < blocks; ++block) bias_gradient += bias_gradients_[block * kPiece + j];
    const std::uint32_t row = set_.id(piece.first + j);
    const float change = step.optimizer.update(parts_.rows, row, sums.data() + (j - begin) * hidden.stride, bias_gradient);
    if (parts_.drift != nullptr) parts_.drift->add(row, change);
  }
}

}  // namespace glissade
