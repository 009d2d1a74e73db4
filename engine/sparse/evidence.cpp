#include "engine/sparse/evidence.h"

#include <algorithm>
#include <cmath>

#include "engine/sparse/label_rows.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kScored = 400;   ///< rows that an inverted index proposes and that are then scored exactly
constexpr std::size_t kPerPath = 100;  ///< candidates that each sparse path may name
constexpr float kLeastVotes = 1e-3f;

float& term(Terms& terms, Term which) noexcept { return terms[static_cast<std::size_t>(which)]; }

}  // namespace

Evidence::Evidence(const Config& config, const SparsePaths& paths, const ParameterRows& output,
                   std::span<const std::uint32_t> counts)
    : config_(config),
      paths_(paths),
      output_(output),
      counts_(counts),
      dense_(paths.weights.weights.size(), 0.f),
      is_candidate_(output.rows()),
      is_voted_(output.rows()),
      vote_of_(output.rows()) {}

void Evidence::gather(const Sample& sample, const LeftOut* left_out) {
  candidates_.clear();
  is_candidate_.clear();
  paths_.weights.weigh(sample.ids, sample.values, weighted_);
  if (config_.exclude_input) {
    for (const std::uint32_t id : sample.ids) {
      if (id < output_.rows()) is_candidate_.insert(id);
    }
  }
  for (std::size_t j = 0; j < sample.ids.size(); ++j) dense_[sample.ids[j]] = weighted_[j];
  for (const std::uint32_t label : sample.best) add(label);
  voted_.clear();
  if (!paths_.samples.empty()) {
    paths_.sample_index.find(sample.ids, weighted_, config_.list_budget, std::max<std::size_t>(kScored, 2 * config_.neighbours),
                             scratch_);
    find_neighbours(left_out);
  }
  if (!paths_.labels.empty()) {
    paths_.label_index.find(sample.ids, weighted_, config_.list_budget, kScored, scratch_);
    find_label_rows();
  }
  terms_.assign(candidates_.size(), Terms{});
  score_hidden(sample);
  if (!paths_.labels.empty()) score_direct(left_out);
  score_votes();
  for (std::size_t c = 0; c < candidates_.size(); ++c) {
    std::uint32_t count = counts_.empty() ? 0 : counts_[candidates_[c]];
    if (left_out != nullptr && count > 0 && std::ranges::find(left_out->labels, candidates_[c]) != left_out->labels.end()) --count;
    term(terms_[c], Term::log_count) = std::log(static_cast<float>(count) + 1.f);
  }
  for (const std::uint32_t id : sample.ids) dense_[id] = 0.f;
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

void Evidence::find_neighbours(const LeftOut* left_out) {
  if (left_out != nullptr) scratch_.drop(left_out->sample);
  const auto& found = scratch_.found();
  const SparseMatrix& rows = paths_.samples;
  scores_.resize(found.size());
  simd::kernels().sparse_dots(dense_.data(), rows.ids.data(), rows.values.data(), rows.offsets.data(), found.data(), found.size(),
                              scores_.data());
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
  simd::kernels().sparse_dots(dense_.data(), rows.ids.data(), rows.values.data(), rows.offsets.data(), found.data(), found.size(),
                              scores_.data());
  add_best(found, scores_, kPerPath);
}

void Evidence::score_hidden(const Sample& sample) {
  const simd::Kernels& kernels = simd::kernels();
  scores_.resize(candidates_.size());
  if (output_.storage() == Storage::fp32) {
    kernels.dots_f32(sample.hidden.row(sample.row), output_.weights.data(), output_.stride(), candidates_.data(),
                     candidates_.size(), output_.width(), scores_.data());
  } else {
    kernels.dots_bf16(sample.hidden.half_row(sample.row), output_.high.data(), output_.stride(), candidates_.data(),
                      candidates_.size(), output_.width(), scores_.data());
  }
  for (std::size_t c = 0; c < candidates_.size(); ++c) {
    const float z = scores_[c] + output_.bias[candidates_[c]];
    term(terms_[c], Term::hidden) = config_.loss == LossKind::softmax ? z - sample.log_sum : -std::log1p(std::exp(-z));
  }
}

void Evidence::score_direct(const LeftOut* left_out) {
  const SparseMatrix& rows = paths_.labels;
  scores_.resize(candidates_.size());
  simd::kernels().sparse_dots(dense_.data(), rows.ids.data(), rows.values.data(), rows.offsets.data(), candidates_.data(),
                              candidates_.size(), scores_.data());
  float largest = 0;
  for (std::size_t c = 0; c < candidates_.size(); ++c) {
    float& direct = scores_[c];
    if (left_out != nullptr && std::ranges::find(left_out->labels, candidates_[c]) != left_out->labels.end()) {
      direct = direct_without(candidates_[c], direct);
    }
    largest = std::max(largest, direct);
  }
  for (std::size_t c = 0; c < candidates_.size(); ++c) {
    term(terms_[c], Term::direct) = scores_[c];
    term(terms_[c], Term::direct_share) = largest > 0 ? scores_[c] / largest : 0.f;
  }
}

/// The label's row is scale * (sum over its samples, cut): takes this sample's part out of the sum, of its length and of the count.
float Evidence::direct_without(std::uint32_t label, float direct) const {
  const std::uint32_t count = counts_.empty() ? 1 : counts_[label];
  const float length = paths_.label_lengths[label];
  if (count <= 1 || length <= 0) return 0.f;
  double own = 0;
  for (std::uint64_t j = paths_.labels.offsets[label]; j < paths_.labels.offsets[label + 1]; ++j) {
    const float x = dense_[paths_.labels.ids[j]];
    own += double{x} * x;
  }
  const double with_sum = direct / label_scale(count, length);
  const double square = double{length} * length - 2 * with_sum + 1;
  if (square <= 1e-3) return 0.f;
  return static_cast<float>(with_sum - own) * label_scale(count - 1, static_cast<float>(std::sqrt(square)));
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
  }
}

}  // namespace glissade
