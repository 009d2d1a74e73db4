#include "engine/sparse/ranker.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/training/sample_order.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::size_t kUnits = Ranker::kUnits;
constexpr std::size_t kCandidates = 64;  ///< of a sample that are trained on, the best by the blend; its labels come to them
constexpr std::size_t kPasses = 12, kBatch = 64, kChunk = 8;
constexpr float kRate = 3e-3f, kShrink = 1e-5f;
constexpr std::uint64_t kStartStream = 64, kOrderStream = 65;

/// What is trained, in the order of the file: w, U by term, b, v.
constexpr std::size_t kTrained = Ranker::kSize - 2 * kTerms;
struct Parameters {
  std::array<float, kTrained> all{};

  float* direct() noexcept { return all.data(); }
  float* into(std::size_t term) noexcept { return all.data() + kTerms + term * kUnits; }
  float* bias() noexcept { return into(kTerms); }
  float* out() noexcept { return into(kTerms + 1); }
  const float* direct() const noexcept { return all.data(); }
  const float* into(std::size_t term) const noexcept { return all.data() + kTerms + term * kUnits; }
  const float* bias() const noexcept { return into(kTerms); }
  const float* out() const noexcept { return into(kTerms + 1); }
};

/// f, and what its derivative is made from: f' = 1 / (1 + |u|)^2.
struct Units {
  std::array<float, kUnits> value, slope;
};

float score_of(const Parameters& p, const Terms& x, Units& units) noexcept {
  std::array<float, kUnits> sum;
  std::copy_n(p.bias(), kUnits, sum.begin());
  float score = 0;
  for (std::size_t i = 0; i < kTerms; ++i) {
    score += p.direct()[i] * x[i];
    for (std::size_t h = 0; h < kUnits; ++h) sum[h] += p.into(i)[h] * x[i];
  }
  for (std::size_t h = 0; h < kUnits; ++h) {
    const float inverse = 1.f / (1.f + std::abs(sum[h]));
    units.value[h] = sum[h] * inverse;
    units.slope[h] = inverse * inverse;
  }
  for (std::size_t h = 0; h < kUnits; ++h) score += p.out()[h] * units.value[h];
  return score;
}

void add_gradient(const Parameters& p, const Terms& x, const Units& units, float by_score, Parameters& gradient) noexcept {
  std::array<float, kUnits> by_unit;
  for (std::size_t h = 0; h < kUnits; ++h) {
    gradient.out()[h] += by_score * units.value[h];
    by_unit[h] = by_score * p.out()[h] * units.slope[h];
    gradient.bias()[h] += by_unit[h];
  }
  for (std::size_t i = 0; i < kTerms; ++i) {
    gradient.direct()[i] += by_score * x[i];
    for (std::size_t h = 0; h < kUnits; ++h) gradient.into(i)[h] += by_unit[h] * x[i];
  }
}

/// A sample's candidates as the network sees them, its labels first.
struct Case {
  std::size_t begin, end, labels;
};

struct Cases {
  std::vector<Terms> inputs;
  std::vector<float> targets;  ///< of each input; 0 behind the labels
  std::vector<Case> cases;
};

struct Scale {
  Terms mean, inverse;
};

Scale scale_of(const std::vector<Terms>& terms) {
  Scale scale;
  for (std::size_t i = 0; i < kTerms; ++i) {
    double sum = 0, square = 0;
    for (const Terms& t : terms) {
      sum += t[i];
      square += double{t[i]} * t[i];
    }
    const double n = std::max<double>(1, static_cast<double>(terms.size())), mean = sum / n, variance = square / n - mean * mean;
    scale.mean[i] = static_cast<float>(mean);
    scale.inverse[i] = variance > 1e-12 ? static_cast<float>(1 / std::sqrt(variance)) : 0.f;
  }
  return scale;
}

Terms scaled(const Scale& scale, const Terms& terms) noexcept {
  Terms x;
  for (std::size_t i = 0; i < kTerms; ++i) x[i] = (terms[i] - scale.mean[i]) * scale.inverse[i];
  return x;
}

Cases cases_of(const BlendExamples& examples, const Blend& blend, const Scale& scale) {
  Cases out;
  std::vector<std::size_t> order;
  std::vector<float> scores;
  std::size_t begin = 0;
  for (const std::size_t end : examples.ends) {
    const std::size_t first = begin;
    begin = end;
    order.resize(end - first);
    scores.resize(end - first);
    std::iota(order.begin(), order.end(), first);
    for (std::size_t c = first; c < end; ++c) scores[c - first] = blend.score(examples.terms[c]);
    const auto labels =
        std::stable_partition(order.begin(), order.end(), [&](std::size_t c) { return examples.targets[c] != 0; });
    if (labels == order.begin() || labels == order.end()) continue;
    const auto last = labels + std::min<std::ptrdiff_t>(kCandidates, order.end() - labels);
    std::partial_sort(labels, last, order.end(), [&](std::size_t a, std::size_t b) {
      return scores[a - first] != scores[b - first] ? scores[a - first] > scores[b - first] : a < b;
    });
    const std::size_t at = out.inputs.size();
    for (auto c = order.begin(); c != last; ++c) {
      out.inputs.push_back(scaled(scale, examples.terms[*c]));
      out.targets.push_back(examples.targets[*c] / static_cast<float>(labels - order.begin()));
    }
    out.cases.push_back({at, out.inputs.size(), static_cast<std::size_t>(labels - order.begin())});
  }
  return out;
}

/// Adds the gradient of one sample's loss: the mean over its labels of -log(exp z / (exp z + those of all that are no labels)).
void differentiate(const Parameters& p, const Cases& cases, const Case& one, std::vector<Units>& units, std::vector<float>& z,
                   Parameters& gradient) {
  const std::size_t size = one.end - one.begin;
  units.resize(size);
  z.resize(size);
  float highest = -1e30f;
  for (std::size_t c = 0; c < size; ++c) highest = std::max(highest, z[c] = score_of(p, cases.inputs[one.begin + c], units[c]));
  float others = 0;
  for (std::size_t c = 0; c < size; ++c) {
    z[c] = std::exp(z[c] - highest);
    if (c >= one.labels) others += z[c];
  }
  others = std::max(others, 1e-20f);
  const float* const targets = cases.targets.data() + one.begin;
  float factor = 0;  // of the others' exponentials
  for (std::size_t c = 0; c < one.labels; ++c) factor += targets[c] / (z[c] + others);
  for (std::size_t c = 0; c < size; ++c) {
    const float by_score = c < one.labels ? -targets[c] * others / (z[c] + others) : factor * z[c];
    add_gradient(p, cases.inputs[one.begin + c], units[c], by_score, gradient);
  }
}

/// The start: what the blend says, in units of the deviations, and hidden units that say nothing yet.
Parameters start(const Blend& blend, const Scale& scale, std::uint64_t seed) {
  Parameters p;
  for (std::size_t i = 0; i < blend.weights.size(); ++i)
    p.direct()[i] = scale.inverse[i] > 0 ? blend.weights[i] / scale.inverse[i] : 0.f;
  hashing::Random random(hashing::derive(seed, kStartStream));
  const auto draw = [&] { return static_cast<float>(2 * random.unit() - 1); };
  std::generate(p.into(0), p.out(), draw);  // and the biases behind
  return p;
}

class Adam {
 public:
  void step(Parameters& p, const Parameters& gradient, float rate) noexcept {
    constexpr float kKeep1 = 0.9f, kKeep2 = 0.999f;
    power1_ *= kKeep1;
    power2_ *= kKeep2;
    auto& w = p.all;
    const auto& g = gradient.all;
    for (std::size_t i = 0; i < kTrained; ++i) {
      first_[i] = kKeep1 * first_[i] + (1 - kKeep1) * g[i];
      second_[i] = kKeep2 * second_[i] + (1 - kKeep2) * g[i] * g[i];
      w[i] -= rate * (first_[i] / (1 - power1_) / (std::sqrt(second_[i] / (1 - power2_)) + 1e-8f) + kShrink * w[i]);
    }
  }

 private:
  std::array<float, kTrained> first_{}, second_{};
  float power1_ = 1, power2_ = 1;
};

Parameters gradient_of(const Parameters& p, const Cases& cases, std::span<const std::uint32_t> batch) {
  std::array<Parameters, kBatch / kChunk> parts{};
  tbb::parallel_for(std::size_t{0}, parts.size(), [&](std::size_t chunk) {
    static thread_local std::vector<Units> units;
    static thread_local std::vector<float> z;
    for (std::size_t i = chunk * kChunk; i < std::min(batch.size(), (chunk + 1) * kChunk); ++i) {
      differentiate(p, cases, cases.cases[batch[i]], units, z, parts[chunk]);
    }
  });
  Parameters sum;
  for (std::size_t i = 0; i < kTrained; ++i) {
    for (const Parameters& part : parts) sum.all[i] += part.all[i];
    sum.all[i] /= static_cast<float>(batch.size());
  }
  return sum;
}

}  // namespace

Ranker Ranker::fit(const BlendExamples& examples, const Blend& blend, std::uint64_t seed) {
  const Scale scale = scale_of(examples.terms);
  const Cases cases = cases_of(examples, blend, scale);
  Parameters p = start(blend, scale, seed);
  Adam adam;
  std::vector<std::uint32_t> order;
  const std::size_t steps = (cases.cases.size() + kBatch - 1) / kBatch * kPasses;
  std::size_t step = 0;
  for (std::size_t pass = 0; pass < kPasses; ++pass) {
    shuffle(order, cases.cases.size(), hashing::derive(seed, kOrderStream, pass));
    for (std::size_t first = 0; first < order.size(); first += kBatch, ++step) {
      const Parameters gradient = gradient_of(p, cases, std::span(order).subspan(first, std::min(kBatch, order.size() - first)));
      adam.step(p, gradient, kRate * (1 - static_cast<float>(step) / static_cast<float>(steps)));
    }
  }
  Ranker ranker;
  ranker.weights = Array<float>(kSize);
  float* const to = ranker.weights.data();
  std::ranges::copy(scale.mean, to);
  std::ranges::copy(scale.inverse, to + kTerms);
  std::ranges::copy(p.all, to + 2 * kTerms);
  return ranker;
}

void Ranker::score(std::span<const Terms> terms, float* scores) const noexcept {
  Scale scale;
  Parameters p;
  std::copy_n(weights.data(), kTerms, scale.mean.data());
  std::copy_n(weights.data() + kTerms, kTerms, scale.inverse.data());
  std::copy_n(weights.data() + 2 * kTerms, kTrained, p.all.begin());
  Units units;
  for (std::size_t c = 0; c < terms.size(); ++c) scores[c] = score_of(p, scaled(scale, terms[c]), units);
}

}  // namespace glissade
