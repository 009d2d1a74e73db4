#include "engine/ranking/evidence.h"
#include "engine/losses/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/layers/row_logits.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kScored = 400;   ///< rows that an inverted index proposes and that are then scored exactly
constexpr std::size_t kPerPath = 100;  ///< candidates that each sparse path may name
constexpr float kLeastVotes = 1e-3f;

float& term(Terms& terms, Term which) noexcept { return terms[static_cast<std::size_t>(which)]; }

}  // namespace

float log_probability(LossKind loss, float logit, float log_sum) noexcept {
  if (is_softmax(loss)) return logit - log_sum;
  return logit < -80.f ? logit : -std::log1p(std::exp(-logit));  // the exponential would overflow, the logarithm is linear there
}

Evidence::Evidence(const Config& config, const SparsePaths& paths, const ParameterRows& output,
                   const std::vector<std::uint32_t>& counts)
    : config_(config),
      paths_(paths),
      output_(output),
      counts_(counts),
      is_candidate_(output.rows()),
      is_voted_(output.rows()),
      vote_of_(output.rows()),
      co_labels_(output.rows()) {}

void Evidence::gather(const Sample& sample, const std::vector<bool>& unknown) {
  candidates_.clear();
  is_candidate_.clear();
  if (config_.exclude_input) {
    for (const std::uint32_t id : sample.ids) {
      if (id < output_.rows()) is_candidate_.insert(id);
    }
  }
  for (const std::uint32_t label : sample.best) add(label);
  voted_.clear();
  if (!paths_.samples.empty()) {
    spread_.put(paths_.sample_weights, sample.ids, sample.values);
    paths_.sample_index.find(sample.ids, spread_.values(), config_.list_budget,
                             std::max<std::size_t>(kScored, 2 * config_.neighbours), scratch_);
    find_neighbours(unknown);
  }
  spread_.put(paths_.weights, sample.ids, sample.values);
  if (!paths_.labels.empty()) {
    paths_.label_index.find(sample.ids, spread_.values(), config_.list_budget, kScored, scratch_);
    find_label_rows();
  }
  terms_.assign(candidates_.size(), Terms{});
  score_hidden(sample);
  if (!paths_.labels.empty()) score_direct();
  score_votes();
  describe(sample);
  if (!paths_.co_labels.empty()) co_labels_.fill(paths_.co_labels, paths_.blend, candidates_, terms_);
}

void Evidence::add(std::uint32_t label) {
  if (is_candidate_.insert(label)) candidates_.push_back(label);
}

/// The `most` of `ids` with the largest scores, as candidates.
void Evidence::add_best(std::span<const std::uint32_t> ids, std::span<const float> scores, std::size_t most) {
  best_.resize(most);
  best_scores_.resize(most);
  const std::size_t found = simd::kernels().topk_f32(scores.data(), ids.size(), most, best_.data(), best_scores_.data());
  for (std::size_t i = 0; i < found; ++i) add(ids[best_[i]]);
}

void Evidence::find_neighbours(const std::vector<bool>& unknown) {
  if (!unknown.empty()) scratch_.drop(unknown);
  const auto& found = scratch_.found();
  const SparseMatrix& rows = paths_.samples;
  scores_.resize(found.size());
  simd::kernels().sparse_dots(spread_.data(), rows.ids.data(), rows.values.data(), rows.offsets.data(), found.data(),
                              found.size(), scores_.data());
  const std::size_t most = config_.neighbours;
  best_.resize(most);
  best_scores_.resize(most);
  const std::size_t count = simd::kernels().topk_f32(scores_.data(), found.size(), most, best_.data(), best_scores_.data());
  is_voted_.clear();
  all_votes_ = {};
  votes_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const float likeness = std::max(0.f, best_scores_[i]);
    const float square = likeness * likeness, fourth = square * square, eighth = fourth * fourth;
    all_votes_.square += square;
    all_votes_.fourth += fourth;
    all_votes_.eighth += eighth;
    all_votes_.likest = std::max(all_votes_.likest, likeness);
    all_votes_.count += 1;
    for (const std::uint32_t label : labels_of(paths_, found[best_[i]])) {
      if (is_voted_.insert(label)) {
        vote_of_[label] = static_cast<std::uint32_t>(voted_.size());
        voted_.push_back(label);
        votes_.push_back({});
      }
      Votes& votes = votes_[vote_of_[label]];
      votes.square += square;
      votes.fourth += fourth;
      votes.eighth += eighth;
      votes.likest = std::max(votes.likest, likeness);
      votes.count += 1;
    }
  }
  fourth_.resize(votes_.size());
  for (std::size_t i = 0; i < votes_.size(); ++i) fourth_[i] = votes_[i].fourth;
  add_best(voted_, fourth_, kPerPath);
}

void Evidence::find_label_rows() {
  const auto& found = scratch_.found();
  const SparseMatrix& rows = paths_.labels;
  scores_.resize(found.size());
  simd::kernels().sparse_dots(spread_.data(), rows.ids.data(), rows.values.data(), rows.offsets.data(), found.data(),
                              found.size(), scores_.data());
  add_best(found, scores_, kPerPath);
}

void Evidence::score_hidden(const Sample& sample) {
  scores_.resize(candidates_.size());
  row_logits(output_, sample.hidden, sample.row, candidates_, scores_.data());
  for (std::size_t c = 0; c < candidates_.size(); ++c) {
    const float z = scores_[c] + output_.bias[candidates_[c]];
    term(terms_[c], Term::hidden) = log_probability(config_.loss, z, sample.log_sum);
  }
}

void Evidence::score_direct() {
  const SparseMatrix& rows = paths_.labels;
  scores_.resize(candidates_.size());
  simd::kernels().sparse_dots(spread_.data(), rows.ids.data(), rows.values.data(), rows.offsets.data(), candidates_.data(),
                              candidates_.size(), scores_.data());
  float largest = 0;
  for (const float direct : scores_) largest = std::max(largest, direct);
  for (std::size_t c = 0; c < candidates_.size(); ++c) {
    term(terms_[c], Term::direct) = scores_[c];
    term(terms_[c], Term::direct_share) = largest > 0 ? scores_[c] / largest : 0.f;
  }
}

void Evidence::score_votes() {
  if (paths_.samples.empty()) return;
  const auto share = [](float part, float all) { return all > 0 ? part / all : 0.f; };
  for (std::size_t c = 0; c < candidates_.size(); ++c) {
    const std::uint32_t label = candidates_[c];
    Votes votes;
    if (is_voted_.contains(label)) votes = votes_[vote_of_[label]];
    Terms& terms = terms_[c];
    term(terms, Term::votes_2) = share(votes.square, all_votes_.square);
    term(terms, Term::votes_4) = share(votes.fourth, all_votes_.fourth);
    term(terms, Term::votes_8) = share(votes.eighth, all_votes_.eighth);
    term(terms, Term::log_votes) = std::log(term(terms, Term::votes_4) + kLeastVotes);
    term(terms, Term::voters) = share(votes.count, all_votes_.count);
    term(terms, Term::likeness) = votes.likest;
    term(terms, Term::best_likeness) = all_votes_.likest;
  }
}

/// What is to be known of the sample and of the label beside what the paths say of the two together.
void Evidence::describe(const Sample& sample) {
  float best_hidden = -std::numeric_limits<float>::infinity(), best_direct = 0;
  for (Terms& terms : terms_) {
    best_hidden = std::max(best_hidden, term(terms, Term::hidden));
    best_direct = std::max(best_direct, term(terms, Term::direct));
  }
  const float log_features = std::log(static_cast<float>(sample.ids.size()) + 1.f);
  for (std::size_t c = 0; c < candidates_.size(); ++c) {
    Terms& terms = terms_[c];
    term(terms, Term::hidden_gap) = term(terms, Term::hidden) - best_hidden;
    term(terms, Term::direct_best) = best_direct;
    term(terms, Term::log_features) = log_features;
    if (!counts_.empty()) term(terms, Term::log_count) = std::log(static_cast<float>(counts_[candidates_[c]]) + 1.f);
  }
}

}  // namespace glissade
