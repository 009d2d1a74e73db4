// Active sets: what is in them, in what order, how often, and with what weight.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "engine/config/sampler_mix.h"
#include "engine/samplers/alias_table.h"
#include "engine/samplers/cluster_index.h"
#include "engine/samplers/label_index.h"
#include "engine/samplers/sampler.h"
#include "hashing/group_codes.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kDrawnRows = 300;
constexpr std::size_t kDrawnWidth = 12, kSamples = 20;

/// Random output rows, hidden vectors and labels, with tables over the rows.
struct SampledWorld {
  explicit SampledWorld(Config c)
      : config(std::move(c)),
        rows(kDrawnRows, kDrawnWidth, {Storage::fp32, true, true, {}}),
        index(config, rows),
        clusters(config, rows) {
    rows.randomize(1.0, 3);
    hashing::Random random(5);
    for (std::uint32_t i = 0; i < kDrawnRows; ++i) rows.bias[i] = static_cast<float>(random.unit() - 0.5);
    index.build();
    hidden.resize(kSamples, kDrawnWidth, false);
    for (std::size_t s = 0; s < kSamples; ++s) {
      for (std::size_t j = 0; j < kDrawnWidth; ++j) hidden.row(s)[j] = static_cast<float>(std::max(0.0, random.unit() - 0.4));
    }
    clusters.restart(0, 1, 1);
    clusters.advance(hidden);
    labels = random_data(kSamples, 5, kDrawnRows, 8).y;
    stride = hashing::padded(kSamples);
    codes.resize(stride * config.hash_tables.count);
    index.codes(hidden, {0, kSamples}, codes.data(), stride);
    for (std::uint32_t i = 0; i < kDrawnRows; ++i) counts.push_back(2000 / (i + 1));  // as skewed as labels are
    sampler = make_sampler(config, kDrawnRows, {&index, &rows, &clusters});
    sampler->count_labels(counts);
  }

  ActiveSet select(std::size_t first, std::size_t count, std::uint64_t seed) {
    ActiveSet set;
    set.ids = {9999};  // leftovers of an earlier group
    sampler->select({labels.view(), first, count, {codes.data() + first, stride, count}, seed, &hidden}, seen, set);
    return set;
  }

  std::set<std::uint32_t> true_labels(std::size_t first, std::size_t count) const {
    return {labels.ids.begin() + static_cast<std::ptrdiff_t>(labels.offsets[first]),
            labels.ids.begin() + static_cast<std::ptrdiff_t>(labels.offsets[first + count])};
  }

  /// Rows that share a bucket with one of the samples.
  std::set<std::uint32_t> neighbours(std::size_t first, std::size_t count) const {
    std::set<std::uint32_t> all;
    for (std::uint32_t table = 0; table < config.hash_tables.count; ++table) {
      for (std::size_t s = first; s < first + count; ++s) {
        const auto bucket = index.tables().bucket(table, codes[table * stride + s]);
        all.insert(bucket.begin(), bucket.end());
      }
    }
    return all;
  }

  float weight(std::uint32_t row, std::size_t d) const { return rows.weights[row * rows.stride() + d]; }

  Config config;
  ParameterRows rows;
  LabelIndex index;
  ClusterIndex clusters;
  Activations hidden;
  Rows labels;
  std::size_t stride;
  std::vector<std::uint32_t> codes;
  std::vector<std::uint32_t> counts;
  std::unique_ptr<Sampler> sampler;
  hashing::StampSet seen{kDrawnRows};
};

Config config_of(const SamplerMix& kind, std::uint32_t active, bool correction = true, double share = 0.5) {
  Config config = small_config();
  config.active_set.sampler = kind;
  config.active_set.size = active;
  config.active_set.correction = correction ? Correction::on : Correction::off;
  config.active_set.retrieved_share = share;
  return config;
}

SamplerMix mix(const char* text) {
  const auto parsed = config::sampler_mix(text);
  REQUIRE(parsed.ok());
  return *parsed;
}

/// exp(3 * logit) of every row for a sample.
std::vector<double> terms_of(const SampledWorld& world, std::size_t sample) {
  std::vector<double> terms(kDrawnRows);
  for (std::uint32_t id = 0; id < kDrawnRows; ++id) {
    double z = world.rows.bias[id];
    for (std::size_t j = 0; j < kDrawnWidth; ++j)
      z += double{world.rows.weights[id * world.rows.stride() + j]} * world.hidden.row(sample)[j];
    terms[id] = std::exp(3 * z);
  }
  return terms;
}

double weight_of(const ActiveSet& set, std::size_t position) {
  if (position < set.exact || set.log_weights.empty()) return 1.0;
  return std::exp(double{set.log_weights[position - set.exact]});
}

/// The softmax gradient of a sample by its hidden vector, through the logits of the set alone; of all rows for a set of
/// everything.
std::vector<double> hidden_gradient(const SampledWorld& world, std::size_t sample, const ActiveSet& set) {
  std::vector<double> terms(set.size(kDrawnRows)), gradient(kDrawnWidth);
  for (std::size_t j = 0; j < terms.size(); ++j) {
    const std::uint32_t id = set.everything ? static_cast<std::uint32_t>(j) : set.ids[j];
    double z = world.rows.bias[id] + std::log(weight_of(set, j));
    for (std::size_t d = 0; d < kDrawnWidth; ++d) z += double{world.weight(id, d)} * world.hidden.row(sample)[d];
    terms[j] = std::exp(z);
  }
  const double sum = std::accumulate(terms.begin(), terms.end(), 0.0);
  for (std::size_t j = 0; j < terms.size(); ++j) {
    const std::uint32_t id = set.everything ? static_cast<std::uint32_t>(j) : set.ids[j];
    for (std::size_t d = 0; d < kDrawnWidth; ++d) gradient[d] += terms[j] / sum * world.weight(id, d);
  }
  const auto labels = world.labels.view().row_ids(sample);
  for (const std::uint32_t label : labels) {
    for (std::size_t d = 0; d < kDrawnWidth; ++d) gradient[d] -= world.weight(label, d) / static_cast<double>(labels.size());
  }
  return gradient;
}

}  // namespace

TEST_CASE("a set starts with the labels, holds no row twice and meets its target", "[unit][levels]") {
  const std::string name = GENERATE("uniform", "lsh", "frequency", "exact", "in-batch:0.5", "lsh:0.3+frequency:0.4", "lsh:1",
                                    "lsh-topk", "lsh-threshold", "lsh-label:0.5", "lsh-learned", "lsh-learned:1");
  const auto active = GENERATE(1u, 40u, 150u, 299u, 300u, 5000u);
  const auto correction = GENERATE(true, false);
  SampledWorld world(config_of(mix(name.c_str()), active, correction));
  for (const auto& [first, count] :
       {std::pair<std::size_t, std::size_t>{0, kSamples}, {0, 1}, {7, 1}, {kSamples - 1, 1}, {3, 9}}) {
    const ActiveSet set = world.select(first, count, 11 + first);
    const auto labels = world.true_labels(first, count);
    CAPTURE(name, active, correction, first, count);
    REQUIRE(!set.everything);
    REQUIRE(set.labels == labels.size());
    REQUIRE(std::set<std::uint32_t>(set.ids.begin(), set.ids.begin() + static_cast<std::ptrdiff_t>(set.labels)) == labels);
    REQUIRE(std::set<std::uint32_t>(set.ids.begin(), set.ids.end()).size() == set.ids.size());
    REQUIRE(*std::max_element(set.ids.begin(), set.ids.end()) < kDrawnRows);
    REQUIRE(set.ids.size() == std::max<std::size_t>(labels.size(), std::min(active, kDrawnRows)));
    REQUIRE(set.exact >= set.labels);
    REQUIRE(set.exact <= set.ids.size());
    const std::size_t draws = set.ids.size() - set.exact, pool = kDrawnRows - set.exact;
    REQUIRE(set.log_weights.size() == (correction ? draws : 0));
    const bool one_weight = name.find("frequency") == std::string::npos && name != "lsh:1" && name != "lsh-learned:1";
    for (const float weight : set.log_weights) {
      REQUIRE(weight >= 0.f);
      if (one_weight) REQUIRE(weight == Approx(std::log(static_cast<double>(pool) / static_cast<double>(draws))).margin(1e-6));
    }
    if (name == "uniform" && set.ids.size() < kDrawnRows) REQUIRE(set.exact == set.labels);
    const ActiveSet again = world.select(first, count, 11 + first);
    REQUIRE(again.ids == set.ids);
    REQUIRE(again.log_weights == set.log_weights);
    if (draws > 5 && name != "lsh:1" && name != "lsh-learned:1") REQUIRE(world.select(first, count, 12345).ids != set.ids);
  }
}

TEST_CASE("retrieved rows come from the samples' buckets and keep to their share", "[unit][levels]") {
  const auto share = GENERATE(0.0, 0.25, 1.0);
  SampledWorld world(config_of(SamplerKind::lsh, 60, false, share));  // with correction a full share would be weighted
  std::size_t retrieved = 0;
  for (std::size_t s = 0; s < kSamples; ++s) {
    const ActiveSet set = world.select(s, 1, s);
    const auto near = world.neighbours(s, 1);
    const auto labels = world.true_labels(s, 1);
    for (std::size_t j = set.labels; j < set.exact; ++j) REQUIRE(near.count(set.ids[j]) == 1);
    const std::size_t found = set.exact - set.labels;
    std::size_t there = 0;
    for (const std::uint32_t id : near) there += labels.count(id) == 0;
    const auto room = static_cast<double>(60 - labels.size());
    REQUIRE(found == std::min(there, static_cast<std::size_t>(std::lround(room * share))));
    retrieved += found;
  }
  REQUIRE((share == 0) == (retrieved == 0));
}

TEST_CASE("the strength of the correction is a power of the weights", "[unit]") {
  const std::string name = GENERATE("uniform", "lsh:0.3+frequency:0.4", "lsh:1");
  SampledWorld world(config_of(mix(name.c_str()), 150));
  const ActiveSet whole = world.select(3, 9, 5);
  REQUIRE(!whole.log_weights.empty());
  for (const float strength : {0.25f, 1.f, 0.f}) {
    world.sampler->set_correction(strength);
    const ActiveSet set = world.select(3, 9, 5);
    REQUIRE(set.ids == whole.ids);
    if (strength == 0) {
      REQUIRE(set.log_weights.empty());
      continue;
    }
    REQUIRE(set.log_weights.size() == whole.log_weights.size());
    for (std::size_t i = 0; i < set.log_weights.size(); ++i)
      REQUIRE(set.log_weights[i] == Approx(strength * whole.log_weights[i]));
  }
}

TEST_CASE("the full sampler takes every row as it is", "[unit]") {
  SampledWorld world(config_of(SamplerKind::full, 10));
  const ActiveSet set = world.select(0, kSamples, 1);
  REQUIRE(set.everything);
  REQUIRE(set.ids.empty());
  REQUIRE(set.size(kDrawnRows) == kDrawnRows);
  REQUIRE(set.log_weights.empty());
}

TEST_CASE("the sampler exact finds the largest logits of every sample", "[unit][levels]") {
  SampledWorld world(config_of(mix("exact:0.5"), 120));
  const auto [first, count] = GENERATE(table<std::size_t, std::size_t>({{2, 1}, {0, kSamples}}));
  const ActiveSet set = world.select(first, count, 3);
  const std::set<std::uint32_t> in(set.ids.begin(), set.ids.begin() + static_cast<std::ptrdiff_t>(set.exact));
  const std::size_t best = count == 1 ? 25 : 1;  // each sample's first comes before anybody's second
  for (std::size_t s = first; s < first + count; ++s) {
    const auto terms = terms_of(world, s);
    std::vector<std::uint32_t> order(kDrawnRows);
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return terms[a] > terms[b]; });
    for (std::size_t i = 0; i < best; ++i) REQUIRE(in.count(order[i]) == 1);
  }
  REQUIRE(set.exact - set.labels == static_cast<std::size_t>(std::lround(0.5 * static_cast<double>(120 - set.labels))));
}

TEST_CASE("with query-every the samples that ask find what they would find alone", "[unit][levels]") {
  const std::string name = GENERATE("exact:0.5", "lsh:0.5", "lsh-topk:0.5", "lsh-threshold:0.5", "lsh-learned:0.5");
  SampledWorld world(config_of(mix(name.c_str()), 150));
  constexpr std::size_t kEvery = 3, kAsking = (kSamples + kEvery - 1) / kEvery;
  const std::size_t stride = hashing::padded(kAsking);
  std::vector<std::uint32_t> codes(stride * world.config.hash_tables.count);
  world.index.codes(world.hidden, {0, kAsking, kEvery}, codes.data(), stride);
  const hashing::GroupCodes of_asking{codes.data(), stride, kAsking};
  ActiveSet some, alone, all = world.select(0, kSamples, 4);
  world.sampler->select({world.labels.view(), 0, kSamples, of_asking, 4, &world.hidden, kEvery}, world.seen, some);

  Activations hidden;
  hidden.resize(kAsking, kDrawnWidth, false);
  for (std::size_t i = 0; i < kAsking; ++i) std::copy_n(world.hidden.row(i * kEvery), kDrawnWidth, hidden.row(i));
  Rows labels = world.labels;  // all of them, so that the same places are left
  labels.offsets.assign(kAsking + 1, labels.ids.size());
  labels.offsets[0] = 0;
  world.sampler->select({labels.view(), 0, kAsking, of_asking, 4, &hidden}, world.seen, alone);
  CAPTURE(name);
  REQUIRE(some.exact > some.labels);
  REQUIRE(some.ids == alone.ids);
  REQUIRE(some.exact == alone.exact);
  REQUIRE(some.ids != all.ids);
}

TEST_CASE("the sampler in-batch takes other samples' labels only", "[unit]") {
  SampledWorld world(config_of(mix("in-batch:1"), 200));
  const ActiveSet set = world.select(4, 1, 9);
  const auto all = world.true_labels(0, kSamples);
  REQUIRE(set.inclusion.size() == all.size() - world.true_labels(4, 1).size());
  for (std::size_t j = 0; j < set.labels + set.inclusion.size(); ++j) REQUIRE(all.count(set.ids[j]) == 1);
  for (const float p : set.inclusion) REQUIRE((p > 0.f && p <= 1.f));
}

TEST_CASE("an alias table draws by its probabilities", "[property]") {
  const std::vector<std::uint32_t> counts = {0, 5, 100, 1, 0, 37, 2, 2, 900};
  const double power = GENERATE(0.0, 0.75, 1.0);
  const AliasTable table(counts, power);
  hashing::Random random(3);
  std::vector<double> drawn(counts.size());
  constexpr std::size_t kDraws = 200000;
  for (std::size_t i = 0; i < kDraws; ++i) ++drawn[table.draw(random)];
  double sum = 0, chi_square = 0;
  for (const std::uint32_t count : counts) sum += std::pow(count + 1.0, power);
  for (std::uint32_t id = 0; id < counts.size(); ++id) {
    const double p = std::pow(counts[id] + 1.0, power) / sum;
    REQUIRE(table.probability(id) == Approx(p).epsilon(1e-6));
    chi_square += std::pow(drawn[id] - kDraws * p, 2) / (kDraws * p);
  }
  REQUIRE(chi_square < 8 + 5 * std::sqrt(16.0));
}

TEST_CASE("frequent labels are drawn more often", "[property]") {
  SampledWorld world(config_of(SamplerKind::frequency, 60));
  double low = 0, high = 0;
  for (std::size_t round = 0; round < 200; ++round) {
    const ActiveSet set = world.select(4, 1, hashing::mix(round));
    for (std::size_t j = set.labels; j < set.ids.size(); ++j) (set.ids[j] < kDrawnRows / 4 ? low : high) += 1;
  }
  // A quarter of the rows have five sixths of the counts; sets of a fifth of all rows even that out.
  REQUIRE(low / 0.25 > 2 * high / 0.75);
}

TEST_CASE("uniform draws take every other row equally often", "[property]") {
  SampledWorld world(config_of(SamplerKind::uniform, 60));
  constexpr std::size_t kRounds = 4000;
  std::vector<double> counts(kDrawnRows);
  const auto labels = world.true_labels(4, 1);
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (const std::uint32_t id : world.select(4, 1, hashing::mix(round)).ids) ++counts[id];
  }
  const double draws = 60 - static_cast<double>(labels.size()), pool = kDrawnRows - static_cast<double>(labels.size());
  const double p = draws / pool, expected = kRounds * p;
  double chi_square = 0;
  for (std::uint32_t id = 0; id < kDrawnRows; ++id) {
    if (labels.count(id) != 0) {
      REQUIRE(counts[id] == kRounds);
    } else {
      chi_square += std::pow(counts[id] - expected, 2) / (expected * (1 - p));
    }
  }
  // Without replacement the counts sum to a constant: pool - 1 degrees of freedom, scaled by pool / (pool - 1). Mean 298,
  // deviation 24.
  REQUIRE(chi_square > pool - 5 * std::sqrt(2 * pool));
  REQUIRE(chi_square < pool + 5 * std::sqrt(2 * pool));
}

TEST_CASE("weighted sums over active sets estimate those over all rows without bias", "[property]") {
  const std::string name = GENERATE("uniform", "lsh", "frequency", "exact:0.3", "in-batch:0.2", "lsh:0.3+frequency:0.4",
                                    "lsh-topk:0.5", "lsh-threshold:0.3+lsh-label:0.3", "lsh-learned:0.3+frequency:0.4");
  const auto [first, count] = GENERATE(table<std::size_t, std::size_t>({{2, 1}, {0, kSamples}}));
  CAPTURE(name, first);
  SampledWorld world(config_of(mix(name.c_str()), 90));
  // exp of the first sample's logits; the other functions follow from the same weights.
  const std::vector<double> terms = terms_of(world, first);
  const double full = std::accumulate(terms.begin(), terms.end(), 0.0);
  constexpr std::size_t kRounds = 3000;
  double sum = 0, square = 0;
  for (std::size_t round = 0; round < kRounds; ++round) {
    const ActiveSet set = world.select(first, count, hashing::mix(1000 + round));
    double estimate = 0;
    for (std::size_t j = 0; j < set.ids.size(); ++j) estimate += terms[set.ids[j]] * weight_of(set, j);
    sum += estimate;
    square += estimate * estimate;
  }
  const double mean = sum / kRounds, error = std::sqrt((square / kRounds - mean * mean) / kRounds);
  CAPTURE(mean, full, error);
  REQUIRE(error > 0);
  REQUIRE(error < 0.01 * full);
  REQUIRE(std::abs(mean - full) < 4.5 * error);
}

TEST_CASE("the expected gradient over corrected sets is that of the full softmax, and over uncorrected ones it is not",
          "[property]") {
  const std::string name = GENERATE("uniform", "frequency", "lsh-topk:0.25+frequency:0.5", "lsh-learned:0.3", "lsh-label:0.3");
  ActiveSet all;
  all.everything = true;
  constexpr std::size_t kRounds = 2000;
  for (const bool correction : {true, false}) {
    SampledWorld world(config_of(mix(name.c_str()), 180, correction));
    const std::vector<double> full = hidden_gradient(world, 0, all);
    std::vector<double> sum(kDrawnWidth), square(kDrawnWidth);
    for (std::size_t round = 0; round < kRounds; ++round) {
      const auto estimate = hidden_gradient(world, 0, world.select(0, kSamples, hashing::mix(round)));
      for (std::size_t d = 0; d < kDrawnWidth; ++d) sum[d] += estimate[d], square[d] += estimate[d] * estimate[d];
    }
    double off = 0;  // of the mean, in standard errors
    for (std::size_t d = 0; d < kDrawnWidth; ++d) {
      const double mean = sum[d] / kRounds, error = std::sqrt((square[d] / kRounds - mean * mean) / kRounds);
      off = std::max(off, std::abs(mean - full[d]) / error);
    }
    CAPTURE(name, correction, off);
    REQUIRE((correction ? off < 4.5 : off > 9));
  }
}

}  // namespace glissade::test
