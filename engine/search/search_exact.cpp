#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/losses/loss.h"
#include "engine/search/best_lists.h"
#include "engine/search/moderate.h"
#include "engine/search/row_products.h"
#include "engine/search/search.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

/// Tasks are a block of samples by a strip of rows. There are about so many, whatever the number of threads: sums of exponentials
/// depend on the cut.
constexpr std::size_t kTasks = 16;
constexpr std::size_t kBlock = 256;        ///< samples that rows are packed for
constexpr std::size_t kLeastStrip = 4096;  ///< rows
constexpr float kNone = -std::numeric_limits<float>::infinity();

/// What the tasks of one strip found, one entry (k for the lists) per sample.
struct Strip {
  std::uint32_t* labels;
  float* scores;
  float* log_sums;
  double* likely;
  std::uint32_t* unfiltered_labels;
  float* unfiltered_scores;
};

/// What a search keeps beside its answer. A thread lends its own to the search that it begins; one that begins within, while that
/// waits for its tasks, finds nothing there and has some of its own.
struct ExactBuffers {
  std::vector<float> log_sums;
  std::vector<double> likely;
  std::vector<std::uint32_t> other_labels;  ///< of strips 1, 2, ...
  std::vector<float> other_scores, other_log_sums;
  std::vector<double> other_likely;
  Predictions other_unfiltered;
};

class ExactSearch {
 public:
  ExactSearch(const ParameterRows& rows, const Activations& hidden, const SearchTarget& target, ExactBuffers& buffers)
      : rows_(rows),
        hidden_(hidden),
        target_(target),
        kernels_(simd::kernels()),
        normalise_((target.probabilities || target.sums != nullptr) && is_softmax(target.loss)),
        sigmoids_(target.sums != nullptr && !is_softmax(target.loss)),
        blocks_((hidden.samples + kBlock - 1) / kBlock),
        shared_(target.blocks != nullptr && !target.blocks->empty() ? target.blocks : nullptr),
        buffers_(buffers) {
    buffers_.log_sums.assign(hidden.samples, kNone);
    buffers_.likely.assign(sigmoids_ ? hidden.samples : 0, 0.0);
    const std::size_t wanted = kTasks / std::clamp<std::size_t>(blocks_, 1, kTasks);
    strips_ = std::clamp<std::size_t>(rows.rows() / kLeastStrip, 1, wanted);
  }

  void run() {
    if (hidden_.samples == 0) return finish();
    const std::size_t others = (strips_ - 1) * hidden_.samples;
    buffers_.other_labels.assign(others * k(), Predictions::kNoLabel);
    buffers_.other_scores.assign(others * k(), kNone);
    buffers_.other_log_sums.assign(others, kNone);
    buffers_.other_likely.assign(sigmoids_ ? others : 0, 0.0);
    buffers_.other_unfiltered.labels.assign(others * unfiltered_k(), Predictions::kNoLabel);
    buffers_.other_unfiltered.scores.assign(others * unfiltered_k(), kNone);
    tbb::parallel_for(std::size_t{0}, blocks_ * strips_, [&](std::size_t task) { search_task(task % strips_, task / strips_); });
    for (std::size_t strip = 1; strip < strips_; ++strip) add_strip(strip);
    finish();
  }

 private:
  std::size_t k() const noexcept { return target_.out.k; }
  std::size_t unfiltered_k() const noexcept { return target_.unfiltered == nullptr ? 0 : target_.unfiltered->k; }

  /// Where strip 0 writes: the answer itself.
  Strip answer() noexcept {
    const std::size_t skip = target_.first_row * k();
    Predictions& unfiltered = target_.unfiltered == nullptr ? buffers_.other_unfiltered : *target_.unfiltered;
    return {target_.out.labels.data() + skip, target_.out.scores.data() + skip, buffers_.log_sums.data(),
            buffers_.likely.data(),           unfiltered.labels.data(),         unfiltered.scores.data()};
  }

  Strip strip(std::size_t i) noexcept {
    if (i == 0) return answer();
    const std::size_t skip = (i - 1) * hidden_.samples;
    return {buffers_.other_labels.data() + skip * k(),
            buffers_.other_scores.data() + skip * k(),
            buffers_.other_log_sums.data() + skip,
            sigmoids_ ? buffers_.other_likely.data() + skip : nullptr,
            buffers_.other_unfiltered.labels.data() + skip * unfiltered_k(),
            buffers_.other_unfiltered.scores.data() + skip * unfiltered_k()};
  }

  void search_task(std::size_t which, std::size_t block) {
    if (shared_ != nullptr) return search_blocks(which, block);
    static thread_local RowProducts products;
    static thread_local std::vector<float> scores;
    const Strip out = strip(which);
    const std::size_t begin = block * kBlock, end = std::min(hidden_.samples, begin + kBlock);
    const std::size_t piece = RowProducts::piece(rows_, end - begin), stride = RowProducts::stride(piece);
    const std::size_t last = (which + 1) * rows_.rows() / strips_;
    scores.resize(std::min(RowProducts::kMostSamples, end - begin) * stride);
    for (std::size_t first = which * rows_.rows() / strips_; first < last; first += piece) {
      const std::size_t size = std::min(piece, last - first);
      products.take(rows_, first, size, end - begin);
      for (std::size_t some = begin; some < end; some += RowProducts::kMostSamples) {
        const std::size_t some_end = std::min(end, some + RowProducts::kMostSamples);
        products.score(hidden_, some, some_end, scores.data(), stride);
        for (std::size_t s = some; s < some_end; ++s)
          take_scores(scores.data() + (s - some) * stride, size, static_cast<std::uint32_t>(first), s, out);
      }
    }
  }

  /// The same where rows share connections: in the order of their places, which stand for labels until the end.
  void search_blocks(std::size_t which, std::size_t block) {
    static thread_local UnitColumns columns;
    static thread_local std::vector<float> scores;
    const Strip out = strip(which);
    const std::size_t begin = block * kBlock, end = std::min(hidden_.samples, begin + kBlock), unit = shared_->block();
    const std::size_t piece = RowProducts::piece(rows_, end - begin) / unit * unit, stride = RowProducts::stride(piece);
    const auto cut = [&](std::size_t i) { return i == strips_ ? rows_.rows() : i * rows_.rows() / strips_ / unit * unit; };
    scores.resize(std::min(RowProducts::kMostSamples, end - begin) * stride);
    for (std::size_t some = begin; some < end; some += RowProducts::kMostSamples) {
      const std::size_t samples = std::min(RowProducts::kMostSamples, end - some);
      const bool halves = rows_.storage() != Storage::fp32;
      columns.take(hidden_.row(some), halves ? hidden_.half_row(some) : nullptr, hidden_.stride, samples, hidden_.width);
      for (std::size_t first = cut(which); first < cut(which + 1); first += piece) {
        const std::size_t size = std::min(piece, cut(which + 1) - first);
        shared_->score(columns, first, size, scores.data(), stride);
        for (std::size_t s = 0; s < samples; ++s)
          take_scores(scores.data() + s * stride, size, static_cast<std::uint32_t>(first), some + s, out);
      }
    }
  }

  /// Places become labels, and of equal scores the lower label comes first again.
  void name_labels(std::uint32_t* labels, const float* scores, std::size_t k) const {
    for (std::size_t begin = 0, end = 0; begin < k && labels[begin] != Predictions::kNoLabel; begin = end) {
      for (; end < k && labels[end] != Predictions::kNoLabel && scores[end] == scores[begin]; ++end)
        labels[end] = shared_->labels()[labels[end]];
      std::sort(labels + begin, labels + end);
    }
  }

  /// Overwrites z.
  void take_scores(float* z, std::size_t size, std::uint32_t first, std::size_t s, const Strip& out) {
    if (target_.filter == nullptr) {
      offer_scores(kernels_, z, size, first, out.labels + s * k(), out.scores + s * k(), k());
    } else {
      offer_permitted(z, size, first, s, out);
    }
    if (target_.not_finite != nullptr && !are_moderate({z, size})) target_.not_finite->note(s);
    if (normalise_) out.log_sums[s] = log_add(out.log_sums[s], kernels_.logsumexp_f32(z, size));
    if (!sigmoids_) return;
    kernels_.sigmoid_f32(z, size);
    out.likely[s] += std::accumulate(z, z + size, 0.0);
  }

  void offer_permitted(const float* z, std::size_t size, std::uint32_t first, std::size_t s, const Strip& out) {
    static thread_local std::vector<float> permitted;
    const std::size_t best = unfiltered_k();
    offer_scores(kernels_, z, size, first, out.unfiltered_labels + s * best, out.unfiltered_scores + s * best, best);
    permitted.assign(z, z + size);
    if (shared_ == nullptr) mask_forbidden(*target_.filter, first, permitted.data(), size);
    for (std::size_t i = 0; shared_ != nullptr && i < size; ++i) {
      if (!target_.filter->permits(shared_->labels()[first + i])) permitted[i] = std::numeric_limits<float>::quiet_NaN();
    }
    offer_scores(kernels_, permitted.data(), size, first, out.labels + s * k(), out.scores + s * k(), k());
  }

  /// Merges a sample's list of a strip into that of all.
  static void merge_list(std::uint32_t* labels, float* scores, const std::uint32_t* new_labels, const float* new_scores,
                         std::size_t k) {
    if (k == 0) return;
    const auto found = static_cast<std::size_t>(std::find(new_labels, new_labels + k, Predictions::kNoLabel) - new_labels);
    merge_best(labels, scores, k, new_labels, new_scores, found, 0);
  }

  void add_strip(std::size_t which) {
    const Strip all = answer(), part = strip(which);
    for (std::size_t s = 0; s < hidden_.samples; ++s) {
      merge_list(all.labels + s * k(), all.scores + s * k(), part.labels + s * k(), part.scores + s * k(), k());
      const std::size_t best = s * unfiltered_k();
      merge_list(all.unfiltered_labels + best, all.unfiltered_scores + best, part.unfiltered_labels + best,
                 part.unfiltered_scores + best, unfiltered_k());
      if (normalise_) all.log_sums[s] = log_add(all.log_sums[s], part.log_sums[s]);
      if (sigmoids_) all.likely[s] += part.likely[s];
    }
  }

  void finish() {
    if (target_.scored != nullptr) target_.scored->assign(hidden_.samples, static_cast<std::uint32_t>(rows_.rows()));
    const Strip all = answer();
    for (std::size_t s = 0; shared_ != nullptr && s < hidden_.samples; ++s) {
      name_labels(all.labels + s * k(), all.scores + s * k(), k());
      name_labels(all.unfiltered_labels + s * unfiltered_k(), all.unfiltered_scores + s * unfiltered_k(), unfiltered_k());
    }
    for (std::size_t s = 0; target_.probabilities && s < hidden_.samples; ++s)
      to_probabilities(target_.loss, buffers_.log_sums[s], all.scores + s * k(), k());
    if (target_.sums == nullptr) return;
    std::swap(target_.sums->log_sums, buffers_.log_sums);
    std::swap(target_.sums->likely, buffers_.likely);
    target_.sums->likely.resize(hidden_.samples);
  }

  const ParameterRows& rows_;
  const Activations& hidden_;
  const SearchTarget& target_;
  const simd::Kernels& kernels_;
  bool normalise_, sigmoids_;
  std::size_t blocks_, strips_ = 1;
  const BlockRows* shared_;
  ExactBuffers& buffers_;
};

}  // namespace

void to_probabilities(LossKind loss, float log_sum, float* scores, std::size_t count) noexcept {
  for (std::size_t j = 0; j < count; ++j) {
    if (std::isinf(scores[j])) continue;
    scores[j] = is_softmax(loss) ? std::exp(scores[j] - log_sum) : 1.f / (1.f + std::exp(-scores[j]));
  }
}

void mask_forbidden(const LabelFilter& filter, std::uint32_t first, float* z, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (!filter.permits(first + static_cast<std::uint32_t>(i))) z[i] = std::numeric_limits<float>::quiet_NaN();
  }
}

void search_exact(const ParameterRows& rows, const Activations& hidden, const SearchTarget& target) {
  static thread_local ExactBuffers own;
  ExactBuffers buffers = std::move(own);
  ExactSearch(rows, hidden, target, buffers).run();
  own = std::move(buffers);
}

}  // namespace glissade
