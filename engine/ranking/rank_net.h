#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "engine/ranking/linear_ranker.h"
#include "simd/kernel_list.h"

namespace glissade {

/// Two small hidden layers over the features x of a candidate, and a way past them:
///
///   score = w . x + v . f(W2 f(W1 x + b1) + b2),   f(u) = u / (1 + |u|)
///
/// Candidates go through it many at once, as block products; so W1 and W2 are in panels (simd/kernel_list.h) and inputs are
/// padded to their depth.
struct RankNet {
  static constexpr std::size_t kUnits = 2 * simd::kPanelColumns;
  static constexpr std::size_t kInputs = simd::kBlockDepth;
  static_assert(kCandidateFeatures <= kInputs && kUnits % simd::kBlockDepth == 0);
  static constexpr std::size_t kSize = kCandidateFeatures + (kInputs + kUnits + 3) * kUnits;

  /// w, W1, b1, W2, b2, v
  std::array<float, kSize> all{};

  float* direct() noexcept { return all.data(); }
  float* first() noexcept { return all.data() + kCandidateFeatures; }
  float* first_bias() noexcept { return first() + kInputs * kUnits; }
  float* second() noexcept { return first_bias() + kUnits; }
  float* second_bias() noexcept { return second() + kUnits * kUnits; }
  float* out() noexcept { return second_bias() + kUnits; }

  const float* direct() const noexcept { return const_cast<RankNet*>(this)->direct(); }
  const float* first() const noexcept { return const_cast<RankNet*>(this)->first(); }
  const float* first_bias() const noexcept { return const_cast<RankNet*>(this)->first_bias(); }
  const float* second() const noexcept { return const_cast<RankNet*>(this)->second(); }
  const float* second_bias() const noexcept { return const_cast<RankNet*>(this)->second_bias(); }
  const float* end() const noexcept { return all.data() + kSize; }
  const float* out() const noexcept { return const_cast<RankNet*>(this)->out(); }
};

/// A block of candidates on its way through a net. One per thread; allocates nothing once its buffers have grown.
class RankPass {
 public:
  /// Inputs of `count` candidates to be filled in: features(i), 0 at first.
  void begin(std::size_t count);
  float* features(std::size_t i) noexcept { return x_.data() + i * RankNet::kInputs; }

  /// The candidates' scores.
  std::span<const float> forward(const RankNet& net);
  /// The same, and what backward() needs.
  std::span<const float> forward_for_training(const RankNet& net);

  /// Adds the gradient of sum_i by_score[i] * score[i] by the net's weights; after forward_for_training() with
  /// the same net.
  void backward(const RankNet& net, std::span<const float> by_score, RankNet& gradient);

 private:
  template <class Activate>
  std::span<const float> pass(const RankNet& net, const Activate& activate);
  void add_outer(const std::vector<float>& inputs, std::size_t depth, const std::vector<float>& by_sum, float* weights,
                 float* bias);

  std::size_t count_ = 0;
  std::size_t padded_ = 0;                ///< count_, to a multiple of kBlockDepth
  std::vector<float> x_;                  ///< [padded x kInputs]
  std::vector<float> value1_, value2_;    ///< f of both layers' sums: [padded x kUnits]
  std::vector<float> slope1_, slope2_;    ///< f' there
  std::vector<float> by_sum1_, by_sum2_;  ///< derivatives by these sums
  std::vector<float> scores_, columns_, panels_;
};

}  // namespace glissade
