#include "engine/inference/search_paths.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "engine/inference/candidate_pass.h"
#include "engine/inference/search_permitted.h"
#include "engine/inference/search_some.h"
#include "engine/layers/row_logits.h"
#include "engine/losses/loss.h"
#include "engine/search/moderate.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Logits of the labels that are features of a sample. Many threads use one.
class OwnLogits {
 public:
  /// Where several ranks have the rows: of all rows of `features`, at once.
  Result<void> ask(Model::Impl& impl, const SparseRows& features, const Activations& hidden) {
    offsets_.assign(1, 0);
    for (std::size_t row = 0; row < features.rows(); ++row) {
      impl.own_labels().visit(features.row_ids(row), [&](std::uint32_t label) { labels_.push_back(label); });
      offsets_.push_back(labels_.size());
    }
    logits_.resize(labels_.size());
    return impl.shards->logits(hidden, {offsets_, labels_, {}}, logits_);
  }

  /// Valid until this thread's next call.
  std::span<const float> of(const Model::Impl& impl, const SparseRows& features, const Activations& hidden,
                            std::size_t sample) const {
    if (!offsets_.empty()) return std::span(logits_).subspan(offsets_[sample], offsets_[sample + 1] - offsets_[sample]);
    static thread_local std::vector<std::uint32_t> own;
    static thread_local std::vector<float> logits;
    own.clear();
    impl.own_labels().visit(features.row_ids(sample), [&](std::uint32_t label) { own.push_back(label); });
    logits.resize(own.size());
    const ParameterRows& output = impl.network.output;
    row_logits(output, hidden, sample, own, logits.data());
    for (std::size_t i = 0; i < own.size(); ++i) logits[i] += output.bias[own[i]];
    return logits;
  }

 private:
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> labels_;
  std::vector<float> logits_;
};

/// Answers one sample after the other from its candidates and from the hidden path's list. Many threads use one.
class Answers {
 public:
  /// `others`: labels that may stand behind the candidates, by logits; null: none.
  Answers(const SearchTarget& target, Model::Impl& impl, const SparseRows& features, const HiddenBest& best,
          const Predictions* others, const SearchSums& sums, const OwnLogits& own, const PathsSearch& how)
      : target_(target),
        impl_(impl),
        features_(features),
        best_(best),
        others_(others),
        sums_(sums),
        own_(own),
        filter_(how.filter),
        permitted_rows_(how.permitted.size()),
        exact_(how.by == Search::exact),
        calibrated_(how.calibrated && !impl.paths.calibration.empty()),
        kernels_(simd::kernels()) {}

  void answer(std::size_t sample, const CandidateSearch& found) const {
    static thread_local std::vector<float> scores;
    score(found, scores);
    if (!are_moderate(scores)) {
      if (target_.not_finite != nullptr) target_.not_finite->note(sample);
      return;
    }
    static thread_local std::vector<std::uint32_t> places;
    places.resize(k());
    const std::vector<float>& offered = filter_ == nullptr ? scores : permitted_scores(found, scores);
    const std::size_t count = kernels_.topk_f32(offered.data(), offered.size(), k(), places.data(), answer_scores(sample));
    for (std::size_t i = 0; i < count; ++i) answer_labels(sample)[i] = found.labels()[places[i]];
    const float lowest = scores.empty() ? 0.f : *std::ranges::min_element(scores);
    const std::size_t all = others_ != nullptr ? count + append_others(sample, found, lowest, count) : count;
    if (target_.probabilities && calibrated_) {
      calibrate(sample, scores, all);
    } else if (target_.probabilities) {
      normalise(sample, found, scores, lowest, all);
    }
    if (target_.scored != nullptr && !exact_) (*target_.scored)[sample] = scored(scores.size());
  }

 private:
  std::size_t k() const noexcept { return target_.out.k; }
  std::uint32_t* answer_labels(std::size_t sample) const noexcept {
    return target_.out.labels.data() + (target_.first_row + sample) * k();
  }
  float* answer_scores(std::size_t sample) const noexcept {
    return target_.out.scores.data() + (target_.first_row + sample) * k();
  }
  float log_sum(std::size_t sample) const noexcept { return is_softmax(target_.loss) ? sums_.log_sums[sample] : 0.f; }

  /// Candidates, and rows that were scored for the places behind them.
  std::uint32_t scored(std::size_t candidates) const noexcept { return static_cast<std::uint32_t>(candidates + permitted_rows_); }

  /// NaN, which no list takes, for candidates that are no answers.
  const std::vector<float>& permitted_scores(const CandidateSearch& found, const std::vector<float>& scores) const {
    static thread_local std::vector<float> permitted;
    permitted = scores;
    for (std::size_t i = 0; i < permitted.size(); ++i) {
      if (!filter_->permits(found.labels()[i])) permitted[i] = std::numeric_limits<float>::quiet_NaN();
    }
    return permitted;
  }

  void score(const CandidateSearch& found, std::vector<float>& scores) const {
    static thread_local RankPass pass;
    scores.assign(found.scores().begin(), found.scores().end());
    if (!scores.empty()) return;
    scores.resize(found.features().size());
    impl_.paths.score(found.features(), pass, scores.data());
  }

  /// The places from `count` on, as far as the list of the hidden path goes: `lowest`, the worst candidate's score, plus the
  /// label's log-probability by the hidden path. Returns how many were filled.
  std::size_t append_others(std::size_t sample, const CandidateSearch& found, float lowest, std::size_t count) const {
    const std::size_t listed = others_->k;
    const std::uint32_t* const labels = others_->labels.data() + sample * listed;
    const float* const logits = others_->scores.data() + sample * listed;
    float last_logit = kInfinity, last_score = lowest;
    std::size_t filled = 0;
    for (std::size_t i = 0; i < listed && count + filled < k() && labels[i] != Predictions::kNoLabel; ++i) {
      if (found.is_taken(labels[i])) continue;
      // Rounding must not make two labels equal that the hidden path tells apart: equal ones stand in the order of their ids.
      if (logits[i] < last_logit && filled + count > 0) last_score = std::nextafter(last_score, -kInfinity);
      last_score = std::min(last_score, lowest + log_probability(target_.loss, logits[i], log_sum(sample)));
      last_logit = logits[i];
      answer_labels(sample)[count + filled] = labels[i];
      answer_scores(sample)[count + filled] = last_score;
      ++filled;
    }
    return filled;
  }

  /// What the hidden path gives to features of the sample, which are out of the question with exclude-input.
  double excluded_probability(std::size_t sample) const {
    if (!impl_.config.candidates.exclude_input) return 0;
    double sum = 0;
    for (const float logit : own_.of(impl_, features_, best_.hidden, sample))
      sum += std::exp(log_probability(target_.loss, logit, log_sum(sample)));
    return sum;
  }

  /// Turns the answers' scores into the probabilities that the calibration makes of them.
  void calibrate(std::size_t sample, const std::vector<float>& scores, std::size_t count) const {
    const CandidateShares shares = CandidateShares::of(scores);
    float* const out = answer_scores(sample);
    float last = 1;  // rounding must not change the order
    for (std::size_t i = 0; i < count; ++i) last = out[i] = std::min(last, impl_.paths.calibration.probability(out[i], shares));
  }

  /// Turns the answers' scores into probabilities, over all labels or, with lsh, over the candidates.
  void normalise(std::size_t sample, const CandidateSearch& found, const std::vector<float>& scores, float lowest,
                 std::size_t count) const {
    double candidates = 0;  // probability by the hidden path
    for (const CandidateFeatures& features : found.features()) candidates += std::exp(double{features[CandidateFeature::hidden]});
    double all = candidates;
    float log_all = scores.empty() ? -kInfinity : kernels_.logsumexp_f32(scores.data(), scores.size());
    if (exact_) {
      all = (is_softmax(target_.loss) ? 1.0 : sums_.likely[sample]) - excluded_probability(sample);
      if (const double others = all - candidates; others > 0)
        log_all = log_add(log_all, lowest + static_cast<float>(std::log(others)));
    }
    const double shared = is_softmax(target_.loss) ? 1.0 : all;
    float* const out = answer_scores(sample);
    for (std::size_t i = 0; i < count; ++i)
      out[i] = static_cast<float>(std::min(1.0, shared * std::exp(double{out[i]} - log_all)));
  }

  const SearchTarget& target_;
  Model::Impl& impl_;
  const SparseRows& features_;
  const HiddenBest& best_;
  const Predictions* others_;
  const SearchSums& sums_;
  const OwnLogits& own_;
  const LabelFilter* filter_;
  std::size_t permitted_rows_;
  bool exact_, calibrated_;
  const simd::Kernels& kernels_;
};

std::size_t longest_row(const SparseRows& rows) noexcept {
  std::size_t longest = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) longest = std::max(longest, rows.row_ids(row).size());
  return longest;
}

}  // namespace

std::size_t allowed_labels(const Model::Impl& impl, std::span<const std::uint32_t> feature_ids,
                           const LabelFilter* filter) noexcept {
  const std::size_t labels = filter == nullptr ? impl.shape.labels : filter->permitted();
  if (impl.paths.empty() || !impl.config.candidates.exclude_input) return labels;
  if (filter == nullptr) return labels - impl.own_labels().count(feature_ids);
  std::size_t own = 0;
  impl.own_labels().visit(feature_ids, [&](std::uint32_t label) { own += filter->permits(label) ? 1 : 0; });
  return labels - own;
}

Result<void> search_paths(const SearchTarget& target, Model::Impl& impl, const SparseRows& features, const Activations& hidden,
                          const PathsSearch& how, PathsBuffers& buffers) {
  const bool exact = how.by == Search::exact;
  const auto begin_list = [&](Predictions& out, std::size_t k) {
    out.k = static_cast<std::uint32_t>(k);
    out.labels.assign(hidden.samples * k, Predictions::kNoLabel);
    out.scores.assign(hidden.samples * k, -kInfinity);
  };
  const std::size_t listed = std::max<std::size_t>(how.listed, HiddenBest::kPerSample);
  const bool all = exact && how.filter == nullptr;
  auto& [best, permitted, sums] = buffers;
  begin_list(best, all ? listed : HiddenBest::kPerSample);
  begin_list(permitted, 0);
  if (how.filter != nullptr && (exact || !how.permitted.empty()))
    begin_list(permitted, exact ? listed : std::min(how.permitted.size(), target.out.k + longest_row(features)));
  SearchTarget from{all || !exact ? best : permitted, 0, target.loss, false, target.scored, target.not_finite, &sums};
  from.blocks = &impl.output_blocks;
  if (exact && !all) {
    from.filter = how.filter;
    from.unfiltered = &best;
  }
  if (impl.shards) {
    if (auto found = impl.shards->search(hidden, from); !found) return found;
  } else if (exact) {
    search_exact(impl.network.output, hidden, from);
  } else {
    search_some(impl, how.by, hidden, from);
  }
  if (!exact && permitted.k != 0)
    search_permitted(impl.network.output, hidden, how.permitted, {},
                     {permitted, 0, target.loss, false, nullptr, target.not_finite});
  const HiddenBest hidden_best{hidden, best,
                               is_softmax(target.loss) ? std::span<const float>(sums.log_sums) : std::span<const float>()};
  const Predictions* const others = all ? &best : permitted.k != 0 ? &permitted : nullptr;
  OwnLogits own;
  if (impl.shards && impl.config.candidates.exclude_input) {
    if (auto asked = own.ask(impl, features, hidden); !asked) return asked;
  }
  const Answers answers(target, impl, features, hidden_best, others, sums, own, how);
  const Predictions& known = best;
  const auto answer = [&](std::size_t sample, const CandidateSearch& found) {
    // Without a label from the buckets there is no log_sum to measure the others by: search the row exactly.
    if (exact || known.labels[sample * known.k] != Predictions::kNoLabel) answers.answer(sample, found);
  };
  if (impl.shards) return find_candidates_among(impl, hidden_best, features, {}, true, std::cref(answer));
  find_candidates(impl, hidden_best, features, {}, std::cref(answer));  // by reference: a copy would be allocated
  return {};
}

}  // namespace glissade
