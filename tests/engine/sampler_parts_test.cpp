// The parts that samplers are made of, each against its own definition: codes of groups, inclusion probabilities, centred rows,
// sketches, the size of a learned table, the choice of tables.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <regex>
#include <set>

#include <glissade/tuning.h>

#include "engine/samplers/centred_rows.h"
#include "engine/samplers/cluster_index.h"
#include "engine/samplers/in_batch.h"
#include "engine/samplers/label_index.h"
#include "engine/samplers/lsh.h"
#include "engine/samplers/lsh_ranked.h"
#include "engine/samplers/sketches.h"
#include "hashing/group_codes.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kPartRows = 300;
constexpr std::size_t kPartWidth = 12;

ParameterRows random_rows(double limit = 1.0, std::uint32_t count = kPartRows, std::size_t width = kPartWidth) {
  ParameterRows rows(count, width, {Storage::fp32, true, true, {}});
  rows.randomize(limit, 3);
  hashing::Random random(5);
  for (std::uint32_t i = 0; i < count; ++i) rows.bias[i] = static_cast<float>(limit * (random.unit() - 0.5));
  return rows;
}

Activations random_hidden(std::size_t samples, std::size_t width = kPartWidth) {
  Activations hidden;
  hidden.resize(samples, width, false);
  hashing::Random random(9);
  for (std::size_t s = 0; s < samples; ++s) {
    for (std::size_t j = 0; j < width; ++j) hidden.row(s)[j] = static_cast<float>(random.unit() - 0.3);
  }
  return hidden;
}

/// Two samples, with labels {1, 2} and {2, 5, 7}.
Rows two_samples() {
  Rows labels;
  labels.add(std::vector<std::uint32_t>{1, 2});
  labels.add(std::vector<std::uint32_t>{2, 5, 7});
  return labels;
}

}  // namespace

TEST_CASE("the codes of a group are those of its samples, however many they are", "[unit][levels]") {
  Config config = small_config();
  const ParameterRows rows = random_rows();
  const LabelIndex index(config, rows);
  const Activations hidden = random_hidden(130);
  std::vector<std::uint32_t> alone(config.hash_tables.count * hashing::padded(1));
  for (const std::size_t count : {1u, 16u, 17u, 64u, 65u, 128u, 129u, 130u}) {
    const std::size_t stride = hashing::padded(count);
    std::vector<std::uint32_t> codes(config.hash_tables.count * stride, 77777u);
    index.codes(hidden, {0, count}, codes.data(), stride);
    for (const std::size_t s : {std::size_t{0}, count / 2, count - 1}) {
      index.codes(hidden, {s, 1}, alone.data(), hashing::padded(1));
      for (std::size_t t = 0; t < config.hash_tables.count; ++t) {
        CAPTURE(count, s, t);
        REQUIRE(codes[t * stride + s] == alone[t * hashing::padded(1)]);
      }
    }
  }
}

TEST_CASE("rows shorter than 1 are lifted to the length of the longest of them, too", "[unit]") {
  Config config = small_config();
  config.hash_tables.transform = HashTransform::simple;
  config.rehash.period = 1'000'000;
  const ParameterRows short_rows = random_rows(0.05);
  ParameterRows long_rows = random_rows(0.05);
  for (std::size_t i = 0; i < kPartRows * long_rows.stride(); ++i) long_rows.weights.data()[i] *= 64;  // exact in binary
  for (std::uint32_t i = 0; i < kPartRows; ++i) long_rows.bias[i] *= 64;
  LabelIndex a(config, short_rows), b(config, long_rows);
  a.build();
  b.build();
  for (std::uint32_t table = 0; table < config.hash_tables.count; ++table) {
    for (std::uint32_t code = 0; code < std::uint32_t{1} << a.tables().bits(); ++code) {
      const auto x = a.tables().bucket(table, code), y = b.tables().bucket(table, code);
      REQUIRE(std::equal(x.begin(), x.end(), y.begin(), y.end()));  // directions alone matter
    }
  }
}

TEST_CASE("labels of the batch come with the probability that one of those looked at is they", "[unit]") {
  const Rows labels = two_samples();
  InBatchSource source;
  const auto select = [&](std::size_t quota) {
    hashing::StampSet seen(10);
    ActiveSet set;
    seen.clear();
    source.add({labels.view(), 0, 1}, {quota, 3, true}, seen, set);
    return set;
  };
  ActiveSet set = select(10);
  REQUIRE(std::set<std::uint32_t>(set.ids.begin(), set.ids.end()) == std::set<std::uint32_t>{1, 2, 5, 7});
  REQUIRE(set.inclusion.size() == 4);
  for (const float p : set.inclusion) CHECK(p == Approx(1 - std::pow(0.5, 5)));  // all five were looked at; nothing is known
  const std::vector<std::uint32_t> counts = {0, 10, 20, 0, 0, 30, 0, 40, 0, 0};
  source.count_labels(counts);
  set = select(10);
  for (std::size_t j = 0; j < set.ids.size(); ++j)
    CHECK(set.inclusion[j] == Approx(1 - std::pow(1 - counts[set.ids[j]] / 100.0, 5)));
  set = select(1);
  REQUIRE(set.ids.size() == 1);
  CHECK(set.inclusion[0] == Approx(counts[set.ids[0]] / 100.0));  // one was looked at
}

TEST_CASE("rows from tables come with the share of the group's buckets that hold them", "[unit]") {
  Config config = small_config();
  config.hash_tables.k = 2;
  const ParameterRows rows = random_rows();
  LabelIndex index(config, rows);
  index.build();
  constexpr std::size_t kSamples = 5;
  const Activations hidden = random_hidden(kSamples);
  const std::size_t stride = hashing::padded(kSamples);
  std::vector<std::uint32_t> codes(config.hash_tables.count * stride);
  index.codes(hidden, {0, kSamples}, codes.data(), stride);
  hashing::StampSet seen(kPartRows);
  seen.clear();
  ActiveSet set;
  const Rows labels = two_samples();
  LshSource(index).add({labels.view(), 0, kSamples, {codes.data(), stride, kSamples}, 0, &hidden}, {kPartRows, 4, true}, seen,
                       set);
  REQUIRE(set.ids.size() > kPartRows / 4);
  REQUIRE(set.inclusion.size() == set.ids.size());
  std::set<float> different;
  for (std::size_t j = 0; j < set.ids.size(); ++j) {
    double met = 0;
    for (std::uint32_t t = 0; t < config.hash_tables.count; ++t) {
      for (std::size_t s = 0; s < kSamples; ++s) {
        const auto bucket = index.tables().bucket(t, codes[t * stride + s]);
        met += std::ranges::find(bucket, set.ids[j]) != bucket.end();
      }
    }
    const double visits = static_cast<double>(kSamples) * config.hash_tables.count;
    REQUIRE(set.inclusion[j] == Approx(1 - std::pow(1 - met / visits, visits)));
    different.insert(set.inclusion[j]);
  }
  CHECK(different.size() > 3);
}

TEST_CASE("rows ranked by collisions come with the share of the tables in which they are met", "[unit]") {
  Config config = small_config();
  config.hash_tables.k = 2;
  const ParameterRows rows = random_rows();
  LabelIndex index(config, rows);
  index.build();
  const Activations hidden = random_hidden(1);
  const std::size_t stride = hashing::padded(1);
  std::vector<std::uint32_t> codes(config.hash_tables.count * stride);
  index.codes(hidden, {0, 1}, codes.data(), stride);
  hashing::StampSet seen(kPartRows);
  seen.clear();
  ActiveSet set;
  const Rows labels = two_samples();
  LshRankedSource(index, 1).add({labels.view(), 0, 1, {codes.data(), stride, 1}, 0, &hidden}, {20, 4, true}, seen, set);
  REQUIRE(set.ids.size() == 20);
  float last = 2;
  for (std::size_t j = 0; j < set.ids.size(); ++j) {
    double met = 0;
    for (std::uint32_t t = 0; t < config.hash_tables.count; ++t) {
      const auto bucket = index.tables().bucket(t, codes[t * stride]);
      met += std::ranges::find(bucket, set.ids[j]) != bucket.end();
    }
    REQUIRE(set.inclusion[j] == Approx(1 - std::pow(1 - met / config.hash_tables.count, config.hash_tables.count)));
    CHECK(set.inclusion[j] <= last);  // most collisions first
    last = set.inclusion[j];
  }
}

TEST_CASE("centred rows and queries have their means at 0", "[unit][levels]") {
  const ParameterRows rows = random_rows();
  const Activations hidden = random_hidden(40);
  std::vector<std::uint32_t> all(kPartRows);
  std::iota(all.begin(), all.end(), 0u);
  CentredRows frame;
  frame.measure(rows, all, hidden);
  std::vector<float> vector(kPartWidth + 1);
  std::vector<double> row_sum(kPartWidth + 1), query_sum(kPartWidth + 1);
  for (const std::uint32_t id : all) {
    frame.row(rows, id, vector.data());
    for (std::size_t d = 0; d <= kPartWidth; ++d) row_sum[d] += vector[d];
  }
  for (std::size_t s = 0; s < hidden.samples; ++s) {
    frame.query(hidden.row(s), vector.data());
    CHECK(vector[kPartWidth] == 1.f);
    for (std::size_t d = 0; d < kPartWidth; ++d) query_sum[d] += vector[d];
  }
  for (std::size_t d = 0; d <= kPartWidth; ++d) CHECK(row_sum[d] / kPartRows == Approx(0).margin(1e-5));
  for (std::size_t d = 0; d < kPartWidth; ++d) CHECK(query_sum[d] / 40 == Approx(0).margin(1e-5));
}

TEST_CASE("a sketch's lookup holds each nibble's sum of projections, to half a step, and uses all steps", "[unit]") {
  std::vector<float> projections(Sketches::kBits);
  hashing::Random random(4);
  for (float& projection : projections) projection = static_cast<float>(random.unit() - 0.4);
  Sketches::Lookup lookup;
  Sketches::prepare(projections.data(), lookup);
  constexpr std::size_t kNibbles = Sketches::kBits / 4;
  const double most = -lookup.shift / static_cast<double>(kNibbles);
  int lowest = 255, highest = 0;
  for (std::size_t nibble = 0; nibble < kNibbles; ++nibble) {
    for (unsigned value = 0; value < 16; ++value) {
      double sum = 0;
      for (unsigned i = 0; i < 4; ++i) sum += (value >> i & 1u ? 1 : -1) * double{projections[nibble * 4 + i]};
      const int step = lookup.tables[nibble * 16 + value];
      CHECK(lookup.unit * step - most == Approx(sum).margin(0.5001 * lookup.unit));
      lowest = std::min(lowest, step);
      highest = std::max(highest, step);
    }
  }
  CHECK(lowest == 0);
  CHECK(highest == 255);
}

TEST_CASE("a learned table has about as many buckets as rows in a bucket, and holds about what is said", "[unit]") {
  CHECK(ClusterIndex::clusters_for(1) == 1);
  CHECK(ClusterIndex::clusters_for(10'000) >= 100);
  CHECK(ClusterIndex::clusters_for(10'000) < 100 + simd::kBlockDepth);
  CHECK(ClusterIndex::clusters_for(1'000'000) >= 1000);
  CHECK(ClusterIndex::clusters_for(1'000'000) < 1000 + simd::kBlockDepth);
  constexpr std::size_t kWide = 200;
  for (const std::uint32_t count : {400u, 3000u}) {
    const ParameterRows rows = random_rows(1.0, count, kWide);
    const Activations hidden = random_hidden(8, kWide);
    ClusterIndex index(small_config(), rows);
    index.restart(0, 1, 1);
    index.advance(hidden);  // the whole pass
    index.advance(hidden);  // a second: both halves are filled
    const double clusters = static_cast<double>(ClusterIndex::clusters_for(count));
    const double means = clusters * static_cast<double>(ParameterRows::padded(kWide + 1)) * 4;
    const double row_bytes = count * (simd::kSketchBytes + 8.0);
    const auto held = static_cast<double>(index.memory_bytes()),
               said = static_cast<double>(ClusterIndex::most_bytes(count, kWide));
    CAPTURE(count, held, said, means, row_bytes);
    CHECK(held >= 4 * means + 2 * row_bytes);  // two sets of means, as rows and packed; rows in a pass and in buckets
    CHECK(held <= said);
    const double sample = static_cast<double>(std::min<std::size_t>(count, 32 * ClusterIndex::clusters_for(count)));
    const double working = sample * static_cast<double>(ParameterRows::padded(kWide + 1)) * 6;
    CHECK(said - working < 1.7 * held);
    CHECK(held + working <= said);
  }
  // Narrow rows: what fills buckets up to whole blocks counts.
  const ParameterRows narrow = random_rows(1.0, 400, 2);
  const Activations hidden = random_hidden(8, 2);
  ClusterIndex index(small_config(), narrow);
  index.restart(0, 1, 1);
  index.advance(hidden);
  index.advance(hidden);
  const double working = 400.0 * static_cast<double>(ParameterRows::padded(3)) * 6;
  CHECK(static_cast<double>(index.memory_bytes()) + working <= static_cast<double>(ClusterIndex::most_bytes(400, 2)));
}

TEST_CASE("in a learned table the codes rank what its buckets hold", "[unit][levels]") {
  // No groups: buckets tell little, so that of the 500 rows for each one asked for only the codes find the best.
  constexpr std::uint32_t kCount = 4000;
  constexpr std::size_t kWide = 32, kDepth = 8;
  const ParameterRows rows = random_rows(1.0, kCount, kWide);
  const Activations hidden = random_hidden(30, kWide);
  Config config = small_config();
  config.hash_tables.probes = 4096;
  ClusterIndex index(config, rows);
  index.restart(0, 1, 1);
  index.advance(hidden);
  std::vector<std::uint32_t> ids(hidden.samples * kDepth);
  index.rank(hidden, {0, hidden.samples}, kDepth, ids.data());
  std::size_t found = 0;
  for (std::size_t s = 0; s < hidden.samples; ++s) {
    std::vector<std::pair<float, std::uint32_t>> logits;
    for (std::uint32_t id = 0; id < kCount; ++id) {
      float z = rows.bias[id];
      for (std::size_t d = 0; d < kWide; ++d) z += rows.weights[id * rows.stride() + d] * hidden.row(s)[d];
      logits.emplace_back(-z, id);
    }
    std::partial_sort(logits.begin(), logits.begin() + kDepth, logits.end());
    for (std::size_t i = 0; i < kDepth; ++i) {
      const auto own = std::span(ids).subspan(s * kDepth, kDepth);
      found += std::ranges::find(own, logits[i].second) != own.end();
    }
  }
  const double recall = static_cast<double>(found) / static_cast<double>(hidden.samples * kDepth);
  CAPTURE(recall);
  CHECK(recall > 0.8);
}

TEST_CASE("tuned tables: the cheapest where none can be afforded, one code where one is best, and honest numbers", "[unit]") {
  const auto tuned = [](double budget, std::uint32_t labels) {
    Config config;
    config.active_set.sampler = SamplerKind::lsh_topk;
    config.active_set.size = 8192;
    config.training.batch = 1024;
    config.hash_tables.budget = budget;
    const std::string why = tune_tables(config, {1000, labels});
    std::smatch found;
    REQUIRE(std::regex_search(why, found, std::regex("met with probability ([^,]*),")));
    const double probability = std::stod(found[1]);
    CHECK(probability >= 0);
    CHECK(probability <= 1);
    // Of each table's codes a near row shares one in (3 / 2)^k.
    CHECK(probability ==
          Approx(1 - std::pow(1 - std::pow(2.0 / 3.0, config.hash_tables.k), config.hash_tables.count)).margin(0.006));
    return config;
  };
  const Config tiny = tuned(1e-6, 670'091);
  CHECK(tiny.hash_tables.count == 1);
  const auto cost = [](const Config& config, double k) {  // of one table
    return 0.16 + 0.0033 * 670'091 / std::exp2(k) + 2e-5 * k * std::max(8.0, config.network.hidden.back() / 3.0);
  };
  for (std::uint32_t k = 1; k <= 20; ++k) {
    CAPTURE(k);
    CHECK(cost(tiny, tiny.hash_tables.k) <= cost(tiny, k) + 1e-12);
  }
  CHECK(tuned(100, 10).hash_tables.k == 1);
}

}  // namespace glissade::test
