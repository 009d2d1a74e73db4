#include "engine/ranking/candidate_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/layers/row_logits.h"
#include "engine/losses/loss.h"

namespace glissade {

float log_probability(LossKind loss, float logit, float log_sum) noexcept {
  if (is_softmax(loss)) return logit - log_sum;
  return logit < -80.f ? logit : -std::log1p(std::exp(-logit));  // the exponential would overflow, the logarithm is linear there
}

CandidateSearch::CandidateSearch(const Config& config, const RankedPaths& paths, const ParameterRows& output, std::size_t labels,
                                 const std::vector<std::uint32_t>& counts, const OwnLabels& own)
    : config_(config), paths_(paths), output_(output), counts_(counts), own_(own), candidates_(labels), co_labels_(labels) {
  // The path that was built last proposes first: the order of candidates decides ties, and sums over them are taken in it.
  const auto all = paths.all();
  for (auto path = all.rbegin(); path != all.rend(); ++path) {
    if (!(*path)->empty()) proposers_.push_back((*path)->proposer(config, labels));
  }
}

void CandidateSearch::begin(const Sample& sample) {
  candidates_.clear();
  scores_ = {};
  if (config_.candidates.exclude_input) own_.visit(sample.ids, [&](std::uint32_t label) { candidates_.exclude(label); });
}

void CandidateSearch::find(const Sample& sample, const std::vector<bool>& unknown) {
  propose(sample, unknown);
  logits_.resize(labels().size());
  row_logits(output_, sample.hidden, sample.row, labels(), logits_.data());
  for (std::size_t c = 0; c < logits_.size(); ++c) logits_[c] += output_.bias[labels()[c]];
  describe_by_hidden(sample, logits_);
  if (!paths_.co_labels.empty()) fill_co_labels(CoLabelRows(paths_.co_labels));
}

void CandidateSearch::propose(const Sample& sample, const std::vector<bool>& unknown) {
  begin(sample);
  for (const std::uint32_t label : sample.best) candidates_.add(label);
  query_.begin(sample.ids, sample.values);
  for (const auto& proposer : proposers_) proposer->propose(query_, unknown, candidates_);
  proposed_ = candidates_.labels().size();
  for (const std::uint32_t label : sample.also) candidates_.add(label);
  candidates_.begin_features();
  for (const auto& proposer : proposers_) proposer->describe(query_, candidates_);
  describe_alone(sample);
}

void CandidateSearch::take(const Sample& sample, std::span<const std::uint32_t> labels,
                           std::span<const CandidateFeatures> features, std::span<const float> scores) {
  begin(sample);
  candidates_.take(labels, features);
  scores_ = scores;
  proposed_ = labels.size();
}

void CandidateSearch::speakers(std::vector<std::uint32_t>& out) {
  co_labels_.speakers(paths_.linear, candidates_.labels(), candidates_.features(), out);
}

void CandidateSearch::fill_co_labels(const CoLabelRows& rows) {
  co_labels_.fill(rows, paths_.linear, candidates_.labels(), candidates_.features());
}

void CandidateSearch::tell(const Sample& sample, const std::vector<bool>& unknown, std::vector<ToldRows>& told) {
  told.resize(proposers_.size());
  query_.begin(sample.ids, sample.values);
  for (std::size_t path = 0; path < proposers_.size(); ++path) {
    told[path].clear();
    proposers_[path]->tell(query_, unknown, told[path]);
  }
}

void CandidateSearch::hear(const Sample& sample, std::span<const ToldRows> told) {
  begin(sample);
  for (const std::uint32_t label : sample.best) candidates_.add(label);
  for (std::size_t path = 0; path < proposers_.size(); ++path) proposers_[path]->hear(told[path], candidates_);
  proposed_ = candidates_.labels().size();
}

std::vector<std::size_t> CandidateSearch::numbers_by_path() const {
  std::vector<std::size_t> numbers;
  for (const auto& proposer : proposers_) numbers.push_back(proposer->numbers());
  return numbers;
}

std::size_t CandidateSearch::numbers() const noexcept {
  std::size_t numbers = 0;
  for (const auto& proposer : proposers_) numbers += proposer->numbers();
  return numbers;
}

void CandidateSearch::measure(const Sample& sample, std::span<const std::uint32_t> places, std::vector<float>& out) {
  query_.begin(sample.ids, sample.values);
  for (const auto& proposer : proposers_) proposer->measure(query_, places, out);
}

void CandidateSearch::describe(const Sample& sample, std::span<const float> measured) {
  const std::size_t stride = numbers();
  candidates_.begin_features();
  std::size_t first = 0;
  for (const auto& proposer : proposers_) {
    proposer->describe(measured.subspan(std::min(first, measured.size())), stride, candidates_);
    first += proposer->numbers();
  }
  describe_alone(sample);
}

void CandidateSearch::describe_by_hidden(const Sample& sample, std::span<const float> logits) {
  float best = -std::numeric_limits<float>::infinity();
  for (std::size_t c = 0; c < logits.size(); ++c) {
    const float hidden = log_probability(config_.network.loss, logits[c], sample.log_sum);
    candidates_.features()[c][CandidateFeature::hidden] = hidden;
    best = std::max(best, hidden);
  }
  for (CandidateFeatures& features : candidates_.features())
    features[CandidateFeature::hidden_gap] = features[CandidateFeature::hidden] - best;
}

/// What the sample and the label are, each without the other.
void CandidateSearch::describe_alone(const Sample& sample) {
  const float log_features = std::log(static_cast<float>(sample.ids.size()) + 1.f);
  for (std::size_t c = 0; c < labels().size(); ++c) {
    CandidateFeatures& features = candidates_.features()[c];
    features[CandidateFeature::log_features] = log_features;
    if (!counts_.empty()) features[CandidateFeature::log_count] = std::log(static_cast<float>(counts_[labels()[c]]) + 1.f);
  }
}

}  // namespace glissade
