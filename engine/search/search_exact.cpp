#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/dense/packed_rows.h"
#include "engine/losses/loss.h"
#include "engine/search/moderate.h"
#include "engine/search/search.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kPiece = 4096;
constexpr std::size_t kSampleBlock = 64;
/// From this many samples on a matrix product beats reading the rows for each sample.
constexpr std::size_t kProductFrom = 8;

/// 0 .. kPiece - 1: the rows of a piece as ids.
const std::array<std::uint32_t, kPiece>& piece_ids() {
  static const auto ids = [] {
    std::array<std::uint32_t, kPiece> all;
    std::iota(all.begin(), all.end(), 0u);
    return all;
  }();
  return ids;
}

/// Merges a piece's best (sorted) into the sample's best so far (sorted); ties stay with the earlier piece, that is the lower
/// label.
void merge(std::uint32_t* labels, float* scores, std::size_t k, const std::uint32_t* new_labels, const float* new_scores,
           std::size_t count, std::uint32_t first) {
  thread_local std::vector<std::uint32_t> old_labels;
  thread_local std::vector<float> old_scores;
  if (count == 0 || (labels[k - 1] != Predictions::kNoLabel && !(new_scores[0] > scores[k - 1]))) return;
  old_labels.assign(labels, labels + k);
  old_scores.assign(scores, scores + k);
  for (std::size_t out = 0, a = 0, b = 0; out < k; ++out) {
    if (b < count && (old_labels[a] == Predictions::kNoLabel || new_scores[b] > old_scores[a])) {
      labels[out] = new_labels[b] + first;
      scores[out] = new_scores[b++];
    } else {
      labels[out] = old_labels[a];
      scores[out] = old_scores[a++];
    }
  }
}

class ExactSearch {
 public:
  ExactSearch(const ParameterRows& rows, const Activations& hidden, const SearchTarget& target)
      : rows_(rows),
        hidden_(hidden),
        target_(target),
        kernels_(simd::kernels()),
        element_(dense::element_for(rows.storage())),
        block_(hidden.samples < kProductFrom ? 1 : kSampleBlock),
        normalise_((target.probabilities || target.sums != nullptr) && is_softmax(target.loss)),
        log_sums_(hidden.samples, -std::numeric_limits<float>::infinity()) {}

  bool run() {
    if (target_.scored != nullptr) target_.scored->assign(hidden_.samples, static_cast<std::uint32_t>(rows_.rows()));
    if (target_.sums != nullptr) target_.sums->likely.assign(hidden_.samples, 0.0);
    for (std::size_t first = 0; first < rows_.rows(); first += kPiece)
      search_piece(first, std::min(kPiece, rows_.rows() - first));
    if (target_.probabilities) {
      for (std::size_t s = 0; s < hidden_.samples; ++s) to_probabilities(target_.loss, log_sums_[s], scores(s), k());
    }
    if (target_.sums != nullptr) target_.sums->log_sums = std::move(log_sums_);
    return ok_;
  }

 private:
  std::size_t k() const noexcept { return target_.out.k; }
  std::uint32_t* labels(std::size_t sample) const noexcept {
    return target_.out.labels.data() + (target_.first_row + sample) * k();
  }
  float* scores(std::size_t sample) const noexcept { return target_.out.scores.data() + (target_.first_row + sample) * k(); }

  void search_piece(std::size_t first, std::size_t size) {
    if (block_ > 1) packed_.take_range(rows_, first, size, element_);
    tbb::parallel_for(std::size_t{0}, (hidden_.samples + block_ - 1) / block_, [&](std::size_t block) {
      search_block(first, size, block * block_, std::min(hidden_.samples, (block + 1) * block_));
    });
  }

  void search_block(std::size_t first, std::size_t size, std::size_t begin, std::size_t end) {
    thread_local std::vector<float> logits;
    thread_local std::vector<std::uint32_t> best_labels;
    thread_local std::vector<float> best_scores;
    logits.resize(block_ * kPiece);
    best_labels.resize(k());
    best_scores.resize(k());
    score(first, size, begin, end, logits.data());
    for (std::size_t s = begin; s < end; ++s) {
      float* z = logits.data() + (s - begin) * kPiece;
      kernels_.axpy_f32(1.f, rows_.bias.data() + first, z, size);
      const std::size_t count = kernels_.topk_f32(z, size, k(), best_labels.data(), best_scores.data());
      merge(labels(s), scores(s), k(), best_labels.data(), best_scores.data(), count, static_cast<std::uint32_t>(first));
      if (target_.not_finite != nullptr && !are_moderate({z, size})) target_.not_finite->note(s);
      if (normalise_) log_sums_[s] = log_add(log_sums_[s], kernels_.logsumexp_f32(z, size));
      if (target_.sums != nullptr && !is_softmax(target_.loss)) target_.sums->likely[s] += sum_of_sigmoids(z, size);
    }
  }

  /// Overwrites z.
  double sum_of_sigmoids(float* z, std::size_t size) const noexcept {
    kernels_.sigmoid_f32(z, size);
    return std::accumulate(z, z + size, 0.0);
  }

  void score(std::size_t first, std::size_t size, std::size_t begin, std::size_t end, float* logits) {
    if (block_ > 1) {
      const void* a = element_ == dense::Element::bf16 ? static_cast<const void*>(hidden_.half_row(begin)) : hidden_.row(begin);
      if (!dense::multiply(element_, end - begin, size, rows_.width(), {a, hidden_.stride, 1}, packed_.transposed(), logits,
                           kPiece, false)) {
        ok_ = false;
      }
    } else if (rows_.storage() == Storage::fp32) {
      kernels_.dots_f32(hidden_.row(begin), rows_.weights.data() + first * rows_.stride(), rows_.stride(), piece_ids().data(),
                        size, rows_.width(), logits);
    } else {
      kernels_.dots_bf16(hidden_.half_row(begin), rows_.high.data() + first * rows_.stride(), rows_.stride(), piece_ids().data(),
                         size, rows_.width(), logits);
    }
  }

  const ParameterRows& rows_;
  const Activations& hidden_;
  const SearchTarget& target_;
  const simd::Kernels& kernels_;
  dense::Element element_;
  std::size_t block_;  ///< samples per task; 1: no products
  bool normalise_;
  PackedRows packed_;
  std::vector<float> log_sums_;
  std::atomic<bool> ok_{true};
};

}  // namespace

void to_probabilities(LossKind loss, float log_sum, float* scores, std::size_t count) noexcept {
  for (std::size_t j = 0; j < count; ++j) {
    if (std::isinf(scores[j])) continue;
    scores[j] = is_softmax(loss) ? std::exp(scores[j] - log_sum) : 1.f / (1.f + std::exp(-scores[j]));
  }
}

bool search_exact(const ParameterRows& rows, const Activations& hidden, const SearchTarget& target) {
  return ExactSearch(rows, hidden, target).run();
}

}  // namespace glissade
