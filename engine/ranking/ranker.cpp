#include "engine/ranking/ranker.h"

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>
#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/batches/sample_order.h"
#include "engine/losses/loss.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_optimizer.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::size_t kPasses = 10, kBatch = 64, kChunk = 8;
constexpr double kRate = 6e-3, kDecay = 1e-5;
constexpr std::uint64_t kStartStream = 64, kOrderStream = 65;

struct Scale {
  CandidateFeatures mean{}, inverse{};

  void put(const CandidateFeatures& features, float* x) const noexcept {
    for (std::size_t i = 0; i < kCandidateFeatures; ++i) x[i] = (features[i] - mean[i]) * inverse[i];
  }
};

Scale scale_of(const std::vector<CandidateFeatures>& features, RowShards* shards) {
  using Numbers = Eigen::Array<double, kCandidateFeatures, 1>;
  std::array<double, 2 * kCandidateFeatures + 1> all{};  // sums, squares and the number of candidates
  Eigen::Map<Numbers> sum(all.data()), square(all.data() + kCandidateFeatures);
  for (const CandidateFeatures& t : features) {
    const Numbers x = Eigen::Map<const Eigen::Array<float, kCandidateFeatures, 1>>(t.data()).cast<double>();
    sum += x;
    square += x * x;
  }
  all.back() = static_cast<double>(features.size());
  if (shards != nullptr) shards->sum(std::span<double>(all));
  const double n = std::max(1.0, all.back());
  const Numbers mean = sum / n, variance = square / n - mean * mean;
  const Numbers inverse = (variance > 1e-12).select(variance.sqrt().inverse(), 0.0);
  Scale scale;
  Eigen::Map<Eigen::Array<float, kCandidateFeatures, 1>>(scale.mean.data()) = mean.cast<float>();
  Eigen::Map<Eigen::Array<float, kCandidateFeatures, 1>>(scale.inverse.data()) = inverse.cast<float>();
  return scale;
}

/// A sample's candidates, if some are labels of it and some not: others teach nothing.
struct Case {
  std::size_t begin, end;
  float weight;  ///< of each label's target
};

std::vector<Case> cases_of(const RankingExamples& examples) {
  std::vector<Case> cases;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < examples.ends.size(); ++i) {
    const std::size_t end = examples.ends[i];
    const auto labels = static_cast<std::size_t>(std::count_if(examples.targets.begin() + static_cast<std::ptrdiff_t>(begin),
                                                               examples.targets.begin() + static_cast<std::ptrdiff_t>(end),
                                                               [](float target) { return target != 0; }));
    if (labels != 0 && labels != end - begin)
      cases.push_back({begin, end, examples.weights[i] / std::sqrt(static_cast<float>(labels))});
    begin = end;
  }
  return cases;
}

/// Which cases of all ranks are this one's: so many from a first one on.
struct OwnCases {
  std::size_t first = 0, count = 0, all = 0;

  static OwnCases of(std::size_t count, RowShards* shards) {
    if (shards == nullptr) return {0, count, count};
    shards->tell(static_cast<double>(count));
    shards->exchange();
    OwnCases own{0, count, 0};
    for (int rank = 0; rank < shards->size(); ++rank) {
      const auto cases = static_cast<std::size_t>(shards->heard(rank, 0));
      if (rank < shards->rank()) own.first += cases;
      own.all += cases;
    }
    return own;
  }
  /// Those of a batch of all ranks' cases, by their places here.
  void pick(std::span<const std::uint32_t> batch, std::vector<std::uint32_t>& out) const {
    out.clear();
    for (const std::uint32_t one : batch) {
      if (one >= first && one < first + count) out.push_back(static_cast<std::uint32_t>(one - first));
    }
  }
};

/// The start: what the linear ranker says, in units of the deviations, and hidden units that say nothing yet.
RankNet start(const LinearRanker& linear, const Scale& scale, std::uint64_t seed) {
  RankNet net;
  for (std::size_t i = 0; i < linear.weights.size(); ++i)
    net.direct()[i] = scale.inverse[i] > 0 ? linear.weights[i] / scale.inverse[i] : 0.f;
  hashing::Random random(hashing::derive(seed, kStartStream));
  const auto draw = [&](float most) { return [&random, most] { return most * static_cast<float>(2 * random.unit() - 1); }; };
  std::generate(net.first(), net.second(), draw(0.5f));  // and the biases behind
  std::generate(net.second(), net.out(), draw(0.2f));
  return net;
}

/// What a ranker's numbers are, in their order.
void unpack(const Array<float>& weights, Scale& scale, RankNet& net) {
  const std::size_t count = weights.size() == Ranker::kSize ? kCandidateFeatures : kCandidateFeatures - kNameFeatures;
  const float* from = weights.data();
  for (float* part : std::array{scale.mean.data(), scale.inverse.data(), net.direct()}) {
    std::copy_n(from, count, part);
    from += count;
  }
  std::copy(from, weights.data() + weights.size(), net.first());
}

/// The net's numbers as one row of parameters.
ParameterRows parameters_of(const RankNet& net) {
  ParameterRows::Options options;
  options.storage = Storage::fp32;
  options.with_bias = false;
  options.state = {OptimizerState::First::fp32, OptimizerState::Second::fp32};
  ParameterRows row(1, RankNet::kSize, options);
  row.write(0, net.all.data());
  return row;
}

/// The gradients of batches of cases.
class Gradients {
 public:
  Gradients(const RankingExamples& examples, const Scale& scale, RowShards* shards)
      : examples_(examples), scale_(scale), shards_(shards) {}

  /// The mean over a batch of `size` cases, of which `batch` are this rank's.
  const RankNet& of(const RankNet& net, const std::vector<Case>& cases, std::span<const std::uint32_t> batch, std::size_t size) {
    tbb::parallel_for(std::size_t{0}, parts_.size(), [&](std::size_t chunk) {
      parts_[chunk].all.fill(0.f);
      const std::size_t first = std::min(batch.size(), chunk * kChunk);
      add(net, cases, batch.subspan(first, std::min(kChunk, batch.size() - first)), parts_[chunk]);
    });
    for (std::size_t i = 0; i < RankNet::kSize; ++i) {
      float sum = 0;
      for (const RankNet& part : parts_) sum += part.all[i];
      mean_.all[i] = sum;
    }
    if (shards_ != nullptr) shards_->sum(std::span<float>(mean_.all));
    for (float& one : mean_.all) one /= static_cast<float>(size);
    return mean_;
  }

 private:
  struct Worker {
    RankPass pass;
    std::vector<float> by_score;
  };

  void add(const RankNet& net, const std::vector<Case>& cases, std::span<const std::uint32_t> chunk, RankNet& gradient) {
    if (chunk.empty()) return;
    auto& [pass, by_score] = workers_.local();
    std::size_t count = 0, at = 0;
    for (const std::uint32_t i : chunk) count += cases[i].end - cases[i].begin;
    pass.begin(count);
    for (const std::uint32_t i : chunk) {
      for (std::size_t c = cases[i].begin; c < cases[i].end; ++c) scale_.put(examples_.features[c], pass.features(at++));
    }
    const std::span<const float> z = pass.forward_for_training(net);
    by_score.resize(count);
    at = 0;
    for (const std::uint32_t i : chunk) {
      const std::size_t size = cases[i].end - cases[i].begin;
      differentiate_ranking(z.subspan(at, size), std::span(examples_.targets).subspan(cases[i].begin, size), cases[i].weight,
                            by_score.data() + at);
      at += size;
    }
    pass.backward(net, by_score, gradient);
  }

  const RankingExamples& examples_;
  const Scale& scale_;
  RowShards* shards_;
  std::array<RankNet, kBatch / kChunk> parts_;
  RankNet mean_;
  tbb::enumerable_thread_specific<Worker> workers_;
};

}  // namespace

void differentiate_ranking(std::span<const float> z, std::span<const float> targets, float weight, float* by_score) {
  static thread_local std::vector<std::uint32_t> places;
  static thread_local std::vector<float> wanted;
  places.clear();
  wanted.clear();
  for (std::size_t c = 0; c < z.size(); ++c) {
    if (targets[c] == 0) continue;
    places.push_back(static_cast<std::uint32_t>(c));
    wanted.push_back(targets[c]);
  }
  std::ranges::copy(z, by_score);
  // The loss shares 1 among the labels; here each counts whole.
  const auto scale = weight * static_cast<float>(places.size());
  const auto [loss, factor] =
      Loss(LossKind::decoupled).gradient({by_score, z.size(), places, places.size(), z.size(), {}, wanted}, scale);
  for (std::size_t c = 0; c < z.size(); ++c) by_score[c] *= factor;
}

Ranker Ranker::fit(const RankingExamples& examples, const LinearRanker& linear, std::uint64_t seed, WorkMonitor& monitor,
                   const Ranker& before, RowShards* shards) {
  Scale scale;
  RankNet net;
  if (before.empty()) {
    scale = scale_of(examples.features, shards);
    net = start(linear, scale, seed);
  } else {
    unpack(before.weights, scale, net);
  }
  const std::vector<Case> cases = cases_of(examples);
  const OwnCases own = OwnCases::of(cases.size(), shards);
  Gradients gradients(examples, scale, shards);
  ParameterRows parameters = parameters_of(net);
  const OptimizerOptions adam{.weight_decay = kDecay, .seed = seed};
  std::vector<std::uint32_t> order, picked;
  const std::size_t steps = (own.all + kBatch - 1) / kBatch * kPasses;
  std::size_t step = 0;
  monitor.begin(Activity::ranking, steps);
  for (std::size_t pass = 0; pass < kPasses && !monitor.stopped(); ++pass) {
    shuffle(order, own.all, hashing::derive(seed, kOrderStream, pass));
    for (std::size_t first = 0; first < order.size() && monitor.advance(); first += kBatch, ++step) {
      const auto batch = std::span(order).subspan(first, std::min(kBatch, order.size() - first));
      own.pick(batch, picked);
      const RankNet& gradient = gradients.of(net, cases, picked, batch.size());
      const double left = 1 - static_cast<double>(step) / static_cast<double>(steps);
      RowOptimizer(adam, kRate * left, step + 1).update(parameters, 0, gradient.all.data(), 0.f);
      parameters.read(0, net.all.data());
    }
  }
  const bool named = std::any_of(scale.inverse.end() - kNameFeatures, scale.inverse.end(), [](float i) { return i != 0; });
  const std::size_t count = named ? kCandidateFeatures : kCandidateFeatures - kNameFeatures;
  Ranker ranker;
  ranker.weights = Array<float>(named ? kSize : kSizeWithoutNames);
  float* to = ranker.weights.data();
  for (const float* part : std::array<const float*, 3>{scale.mean.data(), scale.inverse.data(), net.direct()})
    to = std::copy_n(part, count, to);
  std::copy<const float*>(net.first(), net.end(), to);
  return ranker;
}

CandidateFeatures Ranker::average() const noexcept {
  CandidateFeatures mean{};
  std::copy_n(weights.data(), weights.size() == kSize ? kCandidateFeatures : kCandidateFeatures - kNameFeatures, mean.data());
  return mean;
}

void Ranker::score(std::span<const CandidateFeatures> features, RankPass& pass, float* scores) const {
  Scale scale;
  RankNet net;
  unpack(weights, scale, net);
  pass.begin(features.size());
  for (std::size_t c = 0; c < features.size(); ++c) scale.put(features[c], pass.features(c));
  std::ranges::copy(pass.forward(net), scores);
}

}  // namespace glissade
