#include "engine/explanation/label_scores.h"

#include <algorithm>
#include <limits>

#include "engine/explanation/speaker_shares.h"
#include "engine/inference/candidate_pass.h"
#include "engine/inference/search_some.h"
#include "engine/layers/row_logits.h"
#include "engine/losses/loss.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

/// The hidden path's best labels of each row, and its sums.
struct HiddenLists {
  Predictions best;
  SearchSums sums;

  HiddenLists(Model::Impl& impl, const Activations& hidden, Search by) {
    best.k = HiddenBest::kPerSample;
    best.labels.assign(hidden.samples * best.k, Predictions::kNoLabel);
    best.scores.assign(hidden.samples * best.k, -std::numeric_limits<float>::infinity());
    const SearchTarget target{best,    0,       impl.config.network.loss, false, nullptr, nullptr, &sums,
                              nullptr, nullptr, &impl.output_blocks};
    if (by == Search::exact) {
      search_exact(impl.network.output, hidden, target);
    } else {
      search_some(impl, by, hidden, target);
    }
  }
};

class LabelScores {
 public:
  LabelScores(Model::Impl& impl, const Activations& hidden, std::span<const std::uint32_t> labels, Search by)
      : impl_(impl), hidden_(hidden), labels_(labels), lists_(impl, hidden, by) {}

  /// Where there are no other paths: logits.
  void by_hidden(std::size_t row, LabelScore* out) const {
    logits(row, out);
    for (std::size_t i = 0; i < labels_.size(); ++i) out[i].log_share = log_probability(loss(), out[i].score, log_sum(row));
  }

  void by_paths(std::size_t row, const CandidateSearch& found, LabelScore* out) const {
    static thread_local std::vector<float> scores;
    static thread_local RankPass pass;
    scores.resize(found.labels().size());
    impl_.paths.score(found.features(), pass, scores.data());
    const float lowest = scores.empty() ? 0.f : *std::ranges::min_element(scores);
    const float log_all = scores.empty() ? 0.f : simd::kernels().logsumexp_f32(scores.data(), scores.size());
    logits(row, out);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      const auto place = static_cast<std::size_t>(std::ranges::find(found.labels(), labels_[i]) - found.labels().begin());
      LabelScore& one = out[i];
      one.candidate = place < scores.size();
      if (one.candidate) one.features = found.features()[place];
      one.score = one.candidate ? scores[place] : lowest + log_probability(loss(), one.score, log_sum(row));
      one.lowest = lowest;
      one.log_share = one.score - log_all;
    }
  }

  HiddenBest best() const noexcept {
    return {hidden_, lists_.best, is_softmax(loss()) ? std::span<const float>(lists_.sums.log_sums) : std::span<const float>()};
  }

 private:
  LossKind loss() const noexcept { return impl_.config.network.loss; }
  float log_sum(std::size_t row) const noexcept { return is_softmax(loss()) ? lists_.sums.log_sums[row] : 0.f; }

  void logits(std::size_t row, LabelScore* out) const {
    static thread_local std::vector<float> products;
    products.resize(labels_.size());
    row_logits(impl_.network.output, hidden_, row, labels_, products.data());
    for (std::size_t i = 0; i < labels_.size(); ++i) out[i].score = products[i] + impl_.network.output.bias[labels_[i]];
  }

  Model::Impl& impl_;
  const Activations& hidden_;
  std::span<const std::uint32_t> labels_;
  HiddenLists lists_;
};

}  // namespace

void score_labels(Model::Impl& impl, const SparseRows& features, const Activations& hidden, std::span<const std::uint32_t> labels,
                  Search by, std::vector<LabelScore>& out) {
  out.assign(features.rows() * labels.size(), {});
  const LabelScores scores(impl, hidden, labels, by);
  if (impl.paths.empty()) {
    for (std::size_t row = 0; row < features.rows(); ++row) scores.by_hidden(row, out.data() + row * labels.size());
    return;
  }
  find_candidates(impl, scores.best(), features, {}, [&](std::size_t row, const CandidateSearch& found) {
    scores.by_paths(row, found, out.data() + row * labels.size());
  });
}

}  // namespace glissade
