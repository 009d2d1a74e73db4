// Prediction against brute force in doubles, for both searches.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <thread>

#include "hashing/group_codes.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kManyLabels = 9000;  // more than one piece

struct PredictedWorld {
  explicit PredictedWorld(Storage storage, LossKind loss = LossKind::softmax, std::uint32_t labels = kManyLabels)
      : data(random_data(20, 40, labels, 31)) {
    Config config = small_config();
    config.network.storage = storage;
    config.network.loss = loss;
    config.network.hidden = {16, 12};
    config.hash_tables.k = 5;
    model.emplace(make_model(config, data));
    scatter_weights(*model, 0.5, 9);
    // Equal rows, near and far apart (also in different pieces): ties.
    ParameterRows& output = impl_of(*model).network.output;
    std::vector<float> row(output.width());
    output.read(3, row.data());
    for (float& w : row) w = std::abs(w) + 0.25f;  // activations are positive: these rank high
    for (const std::uint32_t label : {3u, 4u, labels / 2, labels - 7, labels - 1}) {
      output.write(label, row.data());
      output.bias[label] = 0.5f;
    }
    std::vector<Activations> layers;
    REQUIRE(impl_of(*model).network.forward(data.x.view(), {}, layers));
    hidden = std::move(layers.back());
  }

  /// Exact logits of a sample over what the forward pass reads.
  std::vector<double> logits(std::size_t sample) const {
    const ParameterRows& output = impl_of(*model).network.output;
    std::vector<float> row(output.width());
    std::vector<double> z(output.rows());
    for (std::size_t i = 0; i < z.size(); ++i) {
      output.read_forward(i, row.data());
      z[i] = output.bias[i];
      for (std::size_t j = 0; j < row.size(); ++j) z[i] += double{row[j]} * hidden.row(sample)[j];
    }
    return z;
  }

  /// The labels in the buckets of each sample, ascending.
  std::vector<std::vector<std::uint32_t>> bucket_rows() const {
    const LabelIndex& index = *impl_of(*model).search_index();
    const std::size_t stride = hashing::padded(data.size());
    std::vector<std::uint32_t> codes(stride * index.tables().tables());
    index.codes(hidden, {0, data.size()}, codes.data(), stride);
    std::vector<std::vector<std::uint32_t>> out;
    for (std::size_t s = 0; s < data.size(); ++s) {
      std::set<std::uint32_t> rows;
      for (std::uint32_t table = 0; table < index.tables().tables(); ++table) {
        const auto bucket = index.tables().bucket(table, codes[table * stride + s]);
        rows.insert(bucket.begin(), bucket.end());
      }
      out.emplace_back(rows.begin(), rows.end());
    }
    return out;
  }

  Data data;
  std::optional<Model> model;
  Activations hidden;
};

SparseRows first_rows(const Data& data, std::size_t count) {
  SparseRows rows = data.x.view();
  rows.offsets = rows.offsets.first(count + 1);
  return rows;
}

/// The best k of `candidates` (ascending) agree with the predictions of `row`; near-ties may swap within rounding, exact ties may
/// not.
void check_row(const Predictions& found, std::size_t row, const std::vector<double>& z, std::vector<std::uint32_t> candidates) {
  constexpr double kRounding = 2e-6;
  std::stable_sort(candidates.begin(), candidates.end(), [&](std::uint32_t a, std::uint32_t b) { return z[a] > z[b]; });
  std::set<std::uint32_t> seen;
  for (std::size_t i = 0; i < found.k; ++i) {
    const std::uint32_t label = found.labels[row * found.k + i];
    const float score = found.scores[row * found.k + i];
    if (i >= candidates.size()) {
      REQUIRE(label == Predictions::kNoLabel);
      REQUIRE(score == -std::numeric_limits<float>::infinity());
      continue;
    }
    REQUIRE(label < z.size());
    REQUIRE(seen.insert(label).second);
    REQUIRE(score == Approx(z[label]).margin(kRounding));
    REQUIRE(z[label] == Approx(z[candidates[i]]).margin(2 * kRounding));
    if (i == 0) continue;
    const float above = found.scores[row * found.k + i - 1];
    REQUIRE(above >= score);
    if (above == score) REQUIRE(found.labels[row * found.k + i - 1] < label);  // ties to the lower label
  }
}

}  // namespace

TEST_CASE("exact search is brute force, for few samples and for many", "[unit][levels]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  const PredictedWorld world(storage);
  std::vector<std::uint32_t> all(kManyLabels);
  std::iota(all.begin(), all.end(), 0u);
  std::vector<std::vector<double>> z;
  for (std::size_t s = 0; s < world.data.size(); ++s) z.push_back(world.logits(s));
  for (const std::size_t samples : {std::size_t{1}, std::size_t{7}, std::size_t{8}, world.data.size()}) {
    for (const std::uint32_t k : {1u, 5u, 1000u}) {
      const Predictions found = must(world.model->predict(first_rows(world.data, samples), {.k = k}));
      REQUIRE(found.k == k);
      REQUIRE(found.labels.size() == samples * k);
      REQUIRE(found.candidates == samples * kManyLabels);
      for (std::size_t s = 0; s < samples; ++s) check_row(found, s, z[s], all);
    }
  }
  // The tied rows come in order of their labels.
  const Predictions found = must(world.model->predict(world.data.x.view(), {.k = 1000}));
  for (std::size_t s = 0; s < world.data.size(); ++s) {
    const auto begin = found.labels.begin() + static_cast<std::ptrdiff_t>(s * 1000);
    const auto at = std::find(begin, begin + 1000, 3u);
    if (at + 5 > begin + 1000) continue;
    REQUIRE(std::vector<std::uint32_t>(at, at + 5) ==
            std::vector<std::uint32_t>{3, 4, kManyLabels / 2, kManyLabels - 7, kManyLabels - 1});
  }
}

TEST_CASE("more labels asked for than there are: the rest is empty", "[unit][levels]") {
  const PredictedWorld world(Storage::bf16_mixed, LossKind::softmax, 30);
  std::vector<std::uint32_t> all(30);
  std::iota(all.begin(), all.end(), 0u);
  for (const std::size_t samples : {std::size_t{3}, std::size_t{20}}) {
    const Predictions found = must(world.model->predict(first_rows(world.data, samples), {.k = 100}));
    for (std::size_t s = 0; s < samples; ++s) check_row(found, s, world.logits(s), all);
  }
}

TEST_CASE("LSH search scores exactly the rows in the sample's buckets, all where these are fewer than k", "[unit][levels]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  const PredictedWorld world(storage);
  const auto buckets = world.bucket_rows();
  std::vector<std::uint32_t> all(kManyLabels);
  std::iota(all.begin(), all.end(), 0u);
  const std::uint32_t k = GENERATE(5u, 1000u);
  const Predictions found = must(world.model->predict(world.data.x.view(), {.k = k, .search = Search::lsh}));
  std::uint64_t candidates = 0, fallbacks = 0;
  for (std::size_t s = 0; s < world.data.size(); ++s) {
    const bool enough = buckets[s].size() >= k;
    candidates += enough ? buckets[s].size() : kManyLabels;
    fallbacks += !enough;
    check_row(found, s, world.logits(s), enough ? buckets[s] : all);
  }
  REQUIRE(found.candidates == candidates);
  REQUIRE(found.fallbacks == fallbacks);
  REQUIRE(fallbacks < world.data.size());
  REQUIRE(candidates < world.data.size() * kManyLabels);
}

TEST_CASE("probabilities: a softmax over all labels or those of the buckets, a sigmoid each for bce", "[unit][levels]") {
  const auto loss = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  const auto search = GENERATE(Search::exact, Search::lsh);
  const auto samples = GENERATE(std::size_t{4}, std::size_t{20});
  const PredictedWorld world(Storage::bf16_mixed, loss, 200);
  const auto buckets = world.bucket_rows();
  constexpr std::uint32_t kAsked = 4;
  const Predictions plain = must(world.model->predict(first_rows(world.data, samples), {.k = kAsked, .search = search}));
  const Predictions found =
      must(world.model->predict(first_rows(world.data, samples), {.k = kAsked, .search = search, .probabilities = true}));
  REQUIRE(found.labels == plain.labels);
  std::size_t from_buckets = 0;
  for (std::size_t s = 0; s < samples; ++s) {
    const auto z = world.logits(s);
    const bool few = search == Search::lsh && buckets[s].size() >= kAsked;
    from_buckets += few;
    double normaliser = 0;
    for (std::uint32_t label = 0; label < z.size(); ++label) {
      if (!few || std::ranges::find(buckets[s], label) != buckets[s].end()) normaliser += std::exp(z[label]);
    }
    for (std::size_t i = 0; i < kAsked; ++i) {
      const double logit = z[found.labels[s * kAsked + i]];
      REQUIRE(found.scores[s * kAsked + i] ==
              Approx(loss != LossKind::bce ? std::exp(logit) / normaliser : 1 / (1 + std::exp(-logit))).epsilon(2e-5));
    }
  }
  REQUIRE((search == Search::exact || from_buckets > 0));
}

TEST_CASE("probabilities over several pieces share one normaliser", "[unit][levels]") {
  const PredictedWorld world(Storage::fp32);
  for (const std::size_t samples : {std::size_t{2}, std::size_t{20}}) {
    const Predictions found = must(world.model->predict(first_rows(world.data, samples), {.k = 10, .probabilities = true}));
    for (std::size_t s = 0; s < samples; ++s) {
      const auto z = world.logits(s);
      double sum = 0;
      for (const double value : z) sum += std::exp(value);
      for (std::size_t i = 0; i < 10; ++i)
        REQUIRE(found.scores[s * 10 + i] == Approx(std::exp(z[found.labels[s * 10 + i]]) / sum).epsilon(1e-5));
    }
  }
}

TEST_CASE("many threads predict at once what one predicts, tables built on the way", "[unit]") {
  const auto search = GENERATE(Search::exact, Search::lsh);
  const PredictedWorld alone(Storage::bf16_mixed), together(Storage::bf16_mixed);
  const Predictions expected = must(alone.model->predict(alone.data.x.view(), {.k = 10, .search = search}));
  std::vector<Predictions> found(6);
  std::vector<std::thread> threads;
  threads.reserve(found.size());
  for (Predictions& result : found) {
    threads.emplace_back([&] {
      for (int round = 0; round < 3; ++round) {
        auto predictions = together.model->predict(together.data.x.view(), {.k = 10, .search = search});
        if (predictions) result = std::move(predictions).value();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Predictions& result : found) {
    REQUIRE(result.labels == expected.labels);
    REQUIRE(result.scores == expected.scores);
    REQUIRE(result.candidates == expected.candidates);
  }
}

TEST_CASE("rows in more than one piece of samples", "[unit]") {
  const PredictedWorld world(Storage::bf16_mixed, LossKind::softmax, 50);
  Rows many;
  for (std::size_t i = 0; i < 4100; ++i) {
    const auto row = world.data.x.view();
    many.add(row.row_ids(i % 20), row.row_values(i % 20));
  }
  for (const auto search : {Search::exact, Search::lsh}) {
    const Predictions few = must(world.model->predict(world.data.x.view(), {.k = 3, .search = search}));
    const Predictions found = must(world.model->predict(many.view(), {.k = 3, .search = search}));
    CHECK(found.candidates == 205 * few.candidates);
    CHECK(found.fallbacks == 205 * few.fallbacks);
    for (std::size_t i = 0; i < 4100; ++i) {
      for (std::size_t j = 0; j < 3; ++j) REQUIRE(found.labels[i * 3 + j] == few.labels[i % 20 * 3 + j]);
    }
  }
}

TEST_CASE("absent values count as 1; no rows, empty rows", "[unit]") {
  const PredictedWorld world(Storage::fp32, LossKind::softmax, 50);
  Rows bare, ones;
  const std::vector<std::uint32_t> ids = {1, 5, 9};
  bare.add(ids);
  ones.add(ids, std::vector<float>{1, 1, 1});
  const Predictions a = must(world.model->predict(bare.view())), b = must(world.model->predict(ones.view()));
  REQUIRE(a.labels == b.labels);
  REQUIRE(a.scores == b.scores);
  REQUIRE(must(world.model->predict({})).labels.empty());
  for (const auto search : {Search::exact, Search::lsh}) {
    REQUIRE(must(world.model->predict(Rows().view(), {.search = search})).labels.empty());
    Rows empty;
    empty.add({});
    REQUIRE(must(world.model->predict(empty.view(), {.search = search})).labels.size() == 5);
  }
}

TEST_CASE("k and ids out of range are refused", "[unit]") {
  const PredictedWorld world(Storage::fp32, LossKind::softmax, 50);
  for (const std::uint32_t k : {0u, 1001u, 0xffffffffu}) {
    const auto result = world.model->predict(world.data.x.view(), {.k = k});
    REQUIRE(!result.ok());
    REQUIRE(result.error().kind == Error::Kind::usage);
    REQUIRE_THAT(result.error().message, Catch::Matchers::Contains("1 .. 1000"));
  }
  Rows rows;
  rows.add(std::vector<std::uint32_t>{3});
  rows.add(std::vector<std::uint32_t>{40});
  const auto result = world.model->predict(rows.view());
  REQUIRE(!result.ok());
  REQUIRE_THAT(result.error().message, Catch::Matchers::Contains("feature row 1"));
}

TEST_CASE("tables follow training: none, uniform or lsh", "[unit]") {
  const auto sampler = GENERATE(SamplerKind::uniform, SamplerKind::lsh);
  Config config = small_config();
  config.active_set.sampler = sampler;
  const Data data = planted_data(200, 80, 60, 5);
  Model model = make_model(config, data);
  must(model.predict(data.x.view(), {.search = Search::lsh}));  // builds tables over rows that training then moves
  train(model, data, 3);
  const Predictions found = must(model.predict(data.x.view(), {.k = 1, .search = Search::lsh}));
  const Predictions all = must(model.predict(data.x.view(), {.k = 1}));
  std::size_t best_found = 0;
  for (std::size_t s = 0; s < data.size(); ++s) best_found += found.labels[s] == all.labels[s];
  CAPTURE(best_found, found.candidates, all.candidates);
  REQUIRE(found.fallbacks < 50);
  REQUIRE(found.candidates < all.candidates);
  REQUIRE(best_found > 150);
}

TEST_CASE("rows that buckets had too few labels for are counted over all pieces", "[unit]") {
  const PredictedWorld world(Storage::bf16_mixed, LossKind::softmax, 50);
  Rows many;
  const auto rows = world.data.x.view();
  for (std::size_t i = 0; i < 4100; ++i) many.add(rows.row_ids(i % 20), rows.row_values(i % 20));
  const Predictions few = must(world.model->predict(rows, {.k = 50, .search = Search::lsh}));
  REQUIRE(few.fallbacks > 16);  // some of the four rows of the second piece, too
  CHECK(must(world.model->predict(many.view(), {.k = 50, .search = Search::lsh})).fallbacks == 205 * few.fallbacks);
}

}  // namespace glissade::test
