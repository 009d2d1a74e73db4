#include "engine/ranking/rank_net.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/dense/blocks.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kUnits = RankNet::kUnits, kInputs = RankNet::kInputs, kPanel = simd::kPanelColumns;
constexpr std::size_t kPanels = kUnits / kPanel;

/// sums -> f in place
void activate(std::vector<float>& sums) {
  for (float& sum : sums) sum *= 1.f / (1.f + std::abs(sum));
}

/// The same, and f' = 1 / (1 + |u|)^2 beside.
void activate(std::vector<float>& sums, std::vector<float>& slopes) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const float inverse = 1.f / (1.f + std::abs(sums[i]));
    sums[i] *= inverse;
    slopes[i] = inverse * inverse;
  }
}

/// A square matrix in panels, transposed.
void transpose_panels(const float* panels, float* transposed) {
  for (std::size_t i = 0; i < kUnits; ++i) {
    for (std::size_t j = 0; j < kUnits; ++j) {
      transposed[(i / kPanel * kUnits + j) * kPanel + i % kPanel] = panels[(j / kPanel * kUnits + i) * kPanel + j % kPanel];
    }
  }
}

}  // namespace

void RankPass::begin(std::size_t count) {
  count_ = count;
  padded_ = (count + simd::kBlockDepth - 1) / simd::kBlockDepth * simd::kBlockDepth;
  x_.assign(padded_ * kInputs, 0.f);
}

template <class Activate>
std::span<const float> RankPass::pass(const RankNet& net, const Activate& activate) {
  constexpr std::size_t kTogether = 8;  // candidates whose sums do not wait for each other
  static_assert(simd::kBlockDepth % kTogether == 0);
  const simd::Kernels& kernels = simd::kernels();
  value1_.resize(padded_ * kUnits);
  value2_.resize(padded_ * kUnits);
  kernels.block_f32(x_.data(), kInputs, padded_, kInputs, net.first(), kInputs * kPanel, kPanels, net.first_bias(),
                    value1_.data(), kUnits);
  activate(value1_, slope1_);
  kernels.block_f32(value1_.data(), kUnits, padded_, kUnits, net.second(), kUnits * kPanel, kPanels, net.second_bias(),
                    value2_.data(), kUnits);
  activate(value2_, slope2_);
  scores_.resize(padded_);
  for (std::size_t c = 0; c < padded_; c += kTogether) {
    std::array<float, kTogether> sums{};
    for (std::size_t i = 0; i < kCandidateFeatures; ++i) {
      for (std::size_t k = 0; k < kTogether; ++k) sums[k] += net.direct()[i] * x_[(c + k) * kInputs + i];
    }
    for (std::size_t h = 0; h < kUnits; ++h) {
      for (std::size_t k = 0; k < kTogether; ++k) sums[k] += net.out()[h] * value2_[(c + k) * kUnits + h];
    }
    std::ranges::copy(sums, scores_.begin() + static_cast<std::ptrdiff_t>(c));
  }
  return std::span(scores_).first(count_);
}

std::span<const float> RankPass::forward(const RankNet& net) {
  return pass(net, [](std::vector<float>& sums, std::vector<float>&) { activate(sums); });
}

std::span<const float> RankPass::forward_for_training(const RankNet& net) {
  slope1_.resize(padded_ * kUnits);
  slope2_.resize(padded_ * kUnits);
  return pass(net, [](std::vector<float>& sums, std::vector<float>& slopes) { activate(sums, slopes); });
}

/// weights (in panels, of that depth) += inputs^T by_sum, bias += the sums of by_sum's rows.
void RankPass::add_outer(const std::vector<float>& inputs, std::size_t depth, const std::vector<float>& by_sum, float* weights,
                         float* bias) {
  const simd::Kernels& kernels = simd::kernels();
  columns_.resize(depth * padded_);
  panels_.resize(padded_ * kUnits);
  kernels.transpose_f32(inputs.data(), depth, padded_, depth, columns_.data(), padded_);
  dense::pack_panels(by_sum.data(), kUnits, padded_, kPanels, panels_.data(), padded_ * kPanel);
  for (std::size_t p = 0; p < kPanels; ++p) {
    kernels.block_f32(columns_.data(), padded_, depth, padded_, panels_.data() + p * padded_ * kPanel, padded_ * kPanel, 1,
                      nullptr, weights + p * depth * kPanel, kPanel);
  }
  for (std::size_t c = 0; c < count_; ++c) {
    for (std::size_t h = 0; h < kUnits; ++h) bias[h] += by_sum[c * kUnits + h];
  }
}

void RankPass::backward(const RankNet& net, std::span<const float> by_score, RankNet& gradient) {
  const simd::Kernels& kernels = simd::kernels();
  by_sum1_.resize(padded_ * kUnits);
  by_sum2_.assign(padded_ * kUnits, 0.f);
  for (std::size_t c = 0; c < count_; ++c) {
    const float by = by_score[c];
    for (std::size_t i = 0; i < kCandidateFeatures; ++i) gradient.direct()[i] += by * x_[c * kInputs + i];
    for (std::size_t h = 0; h < kUnits; ++h) {
      gradient.out()[h] += by * value2_[c * kUnits + h];
      by_sum2_[c * kUnits + h] = by * net.out()[h] * slope2_[c * kUnits + h];
    }
  }
  add_outer(value1_, kUnits, by_sum2_, gradient.second(), gradient.second_bias());
  alignas(64) std::array<float, kUnits * kUnits> back;
  alignas(64) constexpr std::array<float, kUnits> kZeros{};
  transpose_panels(net.second(), back.data());
  kernels.block_f32(by_sum2_.data(), kUnits, padded_, kUnits, back.data(), kUnits * kPanel, kPanels, kZeros.data(),
                    by_sum1_.data(), kUnits);
  for (std::size_t i = 0; i < by_sum1_.size(); ++i) by_sum1_[i] *= slope1_[i];
  add_outer(x_, kInputs, by_sum1_, gradient.first(), gradient.first_bias());
}

}  // namespace glissade
