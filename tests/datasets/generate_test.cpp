// Generated data sets: the promised shape, the same bytes for any number of threads, popularity by a power law, and something to
// learn.
#include "datasets/generate.h"

#include <tbb/global_control.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "datasets/planted.h"
#include "datasets/read.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using glissade::DatasetView;
using testing::TemporaryFolder;

struct Pair {
  Dataset train;
  Dataset test;
};

Dataset read(const std::string& path) {
  auto data = read_dataset(path, {.use_cache = false});
  INFO((data ? "" : data.error().message));
  REQUIRE(data);
  return std::move(*data);
}

Pair generated(const GenerateSpec& spec) {
  const TemporaryFolder folder;
  const auto report = generate(spec, folder / "g");
  REQUIRE(report);
  Pair pair{read(folder / "g.train.txt"), read(folder / "g.test.txt")};
  CHECK(report->samples == pair.train.view().size() + pair.test.view().size());
  CHECK(report->features == pair.train.view().features.ids.size() + pair.test.view().features.ids.size());
  CHECK(report->labels == pair.train.view().labels.ids.size() + pair.test.view().labels.ids.size());
  CHECK(report->bytes == testing::contents(folder / "g.train.txt").size() + testing::contents(folder / "g.test.txt").size());
  CHECK(folder.entries() == 2);
  return pair;
}

double per_row(const glissade::SparseRows& rows) {
  return static_cast<double>(rows.ids.size()) / static_cast<double>(rows.rows());
}

/// P@1 of the label whose centroid of training rows has the largest product with the row.
double centroid_precision(const DatasetView& train, const DatasetView& test) {
  std::vector<std::vector<float>> centroids(train.label_count, std::vector<float>(train.feature_count));
  for (std::size_t row = 0; row < train.size(); ++row) {
    for (const std::uint32_t label : train.labels.row_ids(row)) {
      for (std::size_t i = 0; i < train.features.row_ids(row).size(); ++i) {
        centroids[label][train.features.row_ids(row)[i]] += train.features.row_values(row)[i];
      }
    }
  }
  for (auto& centroid : centroids) {
    double squares = 1e-12;
    for (const float value : centroid) squares += static_cast<double>(value) * value;
    for (float& value : centroid) value = static_cast<float>(value / std::sqrt(squares));
  }
  int hits = 0;
  for (std::size_t row = 0; row < test.size(); ++row) {
    std::uint32_t best = 0;
    double best_score = -1;
    for (std::uint32_t label = 0; label < train.label_count; ++label) {
      double score = 0;
      for (std::size_t i = 0; i < test.features.row_ids(row).size(); ++i) {
        score += static_cast<double>(test.features.row_values(row)[i]) * centroids[label][test.features.row_ids(row)[i]];
      }
      if (score > best_score) best = label, best_score = score;
    }
    const auto labels = test.labels.row_ids(row);
    hits += std::find(labels.begin(), labels.end(), best) != labels.end();
  }
  return hits / static_cast<double>(test.size());
}

/// Share of all label occurrences that the most popular label takes: the best constant answer.
std::vector<std::size_t> popularity(const DatasetView& view) {
  std::vector<std::size_t> counts(view.label_count);
  for (const std::uint32_t label : view.labels.ids) ++counts[label];
  std::sort(counts.rbegin(), counts.rend());
  return counts;
}

}  // namespace

TEST_CASE("means come out within two percent, rows are normalised", "[property]") {
  for (const GenerateSpec& spec :
       {GenerateSpec{.features = 5000, .labels = 3000, .train = 8000, .test = 2000, .mean_features = 30.3, .mean_labels = 5.45},
        GenerateSpec{.features = 100, .labels = 7, .train = 10000, .test = 1, .mean_features = 60, .mean_labels = 4.5},
        GenerateSpec{.features = 400, .labels = 50, .train = 20000, .test = 1, .mean_features = 2.5, .mean_labels = 0.6},
        GenerateSpec{.features = 1, .labels = 1, .train = 100, .test = 1, .mean_features = 1, .mean_labels = 1}}) {
    const auto [train, test] = generated(spec);
    CHECK(train.view().size() == spec.train);
    CHECK(test.view().size() == spec.test);
    CHECK(train.view().feature_count == spec.features);
    CHECK(train.view().label_count == spec.labels);
    CHECK(per_row(train.view().features) == Approx(spec.mean_features).epsilon(0.02));
    CHECK(per_row(train.view().labels) == Approx(spec.mean_labels).epsilon(0.02));
    for (std::size_t row = 0; row < 100; ++row) {
      double squares = 0;
      for (const float value : train.view().features.row_values(row)) squares += static_cast<double>(value) * value;
      if (squares > 0) CHECK(squares == Approx(1.0).margin(0.001));
    }
  }
}

TEST_CASE("the bytes depend on the seed and not on the threads", "[unit]") {
  const TemporaryFolder folder;
  auto spec = *named_shape("3000x2000x500");
  const auto bytes = [&](int threads) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
    REQUIRE(generate(spec, folder / "g"));
    return testing::contents(folder / "g.train.txt") + testing::contents(folder / "g.test.txt");
  };
  const std::string one = bytes(1);
  CHECK(one.size() > 100'000);
  CHECK(bytes(2) == one);
  CHECK(bytes(4) == one);
  spec.seed = 2;
  CHECK(bytes(2) != one);
}

TEST_CASE("training and test samples differ", "[unit]") {
  auto spec = *named_shape("300x2000x500");
  spec.test = 300;
  const auto [train, test] = generated(spec);
  CHECK_FALSE(testing::same(train.view(), test.view()));
}

TEST_CASE("label popularity follows a power law", "[property]") {
  const auto [train, test] =
      generated({.features = 300, .labels = 4000, .train = 60000, .test = 1, .mean_features = 2, .mean_labels = 3});
  const auto counts = popularity(train.view());
  // Between ranks 30 and 1000 the slope of ln(count) over ln(rank) is near -3/4.
  const double slope = std::log(static_cast<double>(counts[1000]) / static_cast<double>(counts[30])) / std::log(1000.0 / 30.0);
  CHECK(slope < -0.55);
  CHECK(slope > -0.95);
  CHECK(counts[0] > 20 * counts[2000]);
  CHECK(counts[3500] > 0);
}

TEST_CASE("a label can be learned from its features", "[property]") {
  const auto [train, test] =
      generated({.features = 2000, .labels = 200, .train = 3000, .test = 400, .mean_features = 30, .mean_labels = 2});
  const double constant = static_cast<double>(popularity(test.view())[0]) / static_cast<double>(test.view().size());
  const double precision = centroid_precision(train.view(), test.view());
  INFO("centroids " << precision << ", most popular label " << constant);
  CHECK(precision > 0.6);
  CHECK(precision > 3 * constant);
  CHECK(precision < 1.0);
}

TEST_CASE("a power law is sampled over its whole range", "[unit]") {
  const PowerLaw law(1000, 10);
  CHECK(law.at(0) == 0);
  CHECK(law.at(0.9999999) == 999);
  CHECK(PowerLaw(1, 10).at(0.999999999) == 0);
  // The share of ranks below r is (r + 10)^(1/4) on a linear scale.
  int below = 0;
  for (int i = 0; i < 10000; ++i) below += law.at((i + 0.5) / 10000) < 100;
  const double expected = (std::pow(110, 0.25) - std::pow(10, 0.25)) / (std::pow(1010, 0.25) - std::pow(10, 0.25));
  CHECK(below / 10000.0 == Approx(expected).margin(0.001));
}

TEST_CASE("shapes by name", "[unit]") {
  const auto amazon = named_shape("amazon-670k");
  REQUIRE(amazon);
  CHECK(amazon->labels == 670'091);
  CHECK(amazon->train == 490'449);
  CHECK(named_shape("wikilsh-325k")->features == 1'617'899);
  const auto free = named_shape("1000x200x30");
  REQUIRE(free);
  CHECK(free->train == 1000);
  CHECK(free->test == 100);
  CHECK(free->features == 200);
  CHECK(free->labels == 30);
  CHECK(check_shape(*named_shape("1x1x1")).ok());
  for (const char* name :
       {"", "amazon", "1000x200", "1000x200x30x4", "0x1x1", "1xx1", "-1x2x3", "10x5000000000x3", "1000x200x30 "}) {
    const auto unknown = named_shape(name);
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().kind == glissade::Error::Kind::usage);
    CHECK(unknown.error().message ==
          "unknown shape '" + std::string(name) +
              "'; choose amazon-670k, wikilsh-325k or SAMPLESxFEATURESxLABELS such as 100000x50000x20000");
  }
}

TEST_CASE("a shape that cannot be is refused, an unwritable prefix leaves nothing", "[unit]") {
  const TemporaryFolder folder;
  const auto complaint = [&](const GenerateSpec& spec, const std::string& prefix) {
    return generate(spec, prefix).error().message;
  };
  GenerateSpec spec{.features = 10, .labels = 10, .train = 5, .test = 5, .mean_features = 11, .mean_labels = 2};
  CHECK(complaint(spec, folder / "g") == "11 features per sample cannot be drawn from 10; choose more than 0 and at most 10");
  spec.mean_features = 2;
  spec.mean_labels = std::nan("");
  CHECK(complaint(spec, folder / "g") == "nan labels per sample cannot be drawn from 10; choose more than 0 and at most 10");
  spec.mean_labels = 1;
  CHECK(complaint(spec, folder / "none/g") ==
        "cannot write '" + folder / "none/g.train.txt" +
            "': No such file or directory; check the folder, its permissions and the free space");
  CHECK(folder.entries() == 0);
}
