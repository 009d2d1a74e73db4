#include <glissade/run_memory.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>

#include "engine/ranking/ranked_paths.h"
#include "engine/sparse_rows/label_rows.h"
#include "tests/engine/models.h"

namespace glissade {
namespace {

constexpr std::uint64_t kMib = 1 << 20;

std::uint64_t part(const RunMemory& memory, std::string_view what) {
  std::uint64_t bytes = 0;
  for (const auto& one : memory.parts) {
    if (one.what == what) bytes += one.bytes;
  }
  return bytes;
}

TEST_CASE("the length of sparse rows is estimated from some of the labels", "[unit]") {
  const test::Data data = test::planted_data(20'000, 5'000, 12'000, 3);
  std::vector<std::uint32_t> all(data.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint32_t>(i);
  for (const std::uint32_t fan_in : {4u, 64u}) {
    Config config;
    config.sparse_rows.fan_in = fan_in;
    const double estimate = static_cast<double>(data_size(config, data.view(), false).label_row_entries);
    const FeatureWeights weights(SparseWeighting::given, data.view());
    const double real = static_cast<double>(label_rows(data.view(), all, weights, fan_in).rows.entries());
    CHECK(estimate == Approx(real).epsilon(0.05));
  }
  CHECK(data_size(Config{}, data.view(), false).label_row_entries == 0);
}

TEST_CASE("sparse paths are counted as large as they become", "[unit]") {
  const test::Data data = test::planted_data(3'000, 400, 200, 5);
  std::vector<std::uint32_t> all(data.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint32_t>(i);
  Config config;
  config.sparse_rows.fan_in = 32;
  config.candidates.neighbours = 10;
  const Shape shape{data.features, data.labels};
  const DataSize size = data_size(config, data.view(), false);
  const RunMemory with = estimate_run_memory(config, shape, size, 0);
  const auto real = build_paths(config, data.view(), all).memory_bytes();
  const std::uint64_t counted = part(with, "sparse rows and neighbours");
  CHECK(counted >= real);
  CHECK(static_cast<double>(counted) < 1.25 * static_cast<double>(real));
}

TEST_CASE("the memory of a run follows what it is made of", "[unit]") {
  Config config;
  const Shape shape{100'000, 500'000};
  DataSize data{400'000, 30'000'000, 2'000'000, 0, true};
  const auto total = [&] { return estimate_run_memory(config, shape, data, 50 * kMib).total(); };
  const MemoryEstimate network = estimate_training_memory(config, shape);
  const std::uint64_t whole = total();
  CHECK(whole > network.total() + 50 * kMib + 30'000'000 * 8);
  config.training.shuffle_block = 4096;  // a quarter of the rows at a time
  CHECK(total() < whole - 150'000'000);
  config.training.batches = BatchKind::similar;  // goes through all of them
  CHECK(total() == whole);
  config.training.batches = BatchKind::shuffled;
  config.training.shuffle_block = 0;
  data.paged = false;  // then it is held already
  CHECK(total() < whole - 30'000'000 * 8);
  data.label_row_entries = 20'000'000;
  config.sparse_rows.fan_in = 128;
  const RunMemory with = estimate_run_memory(config, shape, data, 0);
  CHECK(with.total() > network.total() + 20'000'000 * 12);
  CHECK_FALSE(with.moment.empty());
}

/// Rows of `labels` different labels each, and three features.
test::Data wide_data(std::size_t rows, std::uint32_t labels, std::uint32_t all) {
  test::Data data{50, all, {}, {}};
  hashing::Random random(hashing::mix(labels));
  for (std::size_t row = 0; row < rows; ++row) {
    data.x.add(test::distinct(random, 3, 50), std::vector<float>(3, 0.5f));
    data.y.add(test::distinct(random, labels, all));
  }
  return data;
}

TEST_CASE("a set that a batch shares is counted with all labels of the batch", "[unit]") {
  const test::Data data = wide_data(512, 30, 6'000);
  Config config = test::small_config();
  config.training.batch = 128;
  config.active_set.size = 100;
  config.network.hidden = {64};
  const DataSize size = data_size(config, data.view(), false);
  Model model = test::make_model(config, data);
  const EpochReport report = test::must(test::must(Trainer::create(model, data.size())).train_epoch(data.view()));
  CHECK(static_cast<double>(size.batch_different_labels) == Approx(report.active_share * data.labels).epsilon(0.03));
  CHECK(size.batch_labels == 128 * 30);
  CHECK(size.batch_features == 128 * 3);
  // Panels twice and gradients, of each active row.
  const Shape shape{data.features, data.labels};
  DataSize few = size;
  few.batch_labels = few.batch_different_labels = 0;
  const auto step = [&](const DataSize& of) { return part(estimate_run_memory(config, shape, of, 0), "step buffers"); };
  CHECK(step(size) - step(few) > (size.batch_different_labels - 100) * 2 * (128 + 2 * 64));
}

TEST_CASE("features that samples share with their labels' rows are counted as they are", "[unit]") {
  const test::Data data = test::planted_data(3'000, 400, 200, 5);
  std::vector<std::uint32_t> all(data.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint32_t>(i);
  for (const std::uint32_t fan_in : {5u, 40u}) {
    Config config;
    config.sparse_rows.fan_in = fan_in;
    const SparseMatrix rows = label_rows(data.view(), all, FeatureWeights(SparseWeighting::given, data.view()), fan_in).rows;
    double matches = 0, pairs = 0;
    for (std::size_t sample = 0; sample < data.size(); ++sample) {
      const auto ids = data.view().features.row_ids(sample);
      for (const std::uint32_t label : data.view().labels.row_ids(sample)) {
        const std::set<std::uint32_t> row(rows.ids.data() + rows.offsets[label], rows.ids.data() + rows.offsets[label + 1]);
        matches += static_cast<double>(std::ranges::count_if(ids, [&](std::uint32_t id) { return row.count(id) != 0; }));
        pairs += 1;
      }
    }
    CHECK(data_size(config, data.view(), false).label_matches == Approx(matches / pairs).epsilon(0.05));
  }
}

TEST_CASE("names count in a run's memory: their text, and their words where labels and features have names", "[unit]") {
  const test::Data data = test::planted_data(500, 60, 25, 4);
  Config config = test::small_config();
  config.candidates.neighbours = 10;
  const Shape shape{60, 25};
  const DataSize none = data_size(config, data.view(), false);
  const std::string longest(200, 'x');
  const std::vector<std::string> labels(25, "two words"), features(60, longest);
  DataSize half = none, both = none;
  measure_names(labels, {}, half);
  measure_names(labels, features, both);
  CHECK(half.name_words == 0);
  CHECK(both.name_words == 50);
  CHECK(half.name_bytes == 25 * sizeof(std::string));
  CHECK(both.name_bytes >= half.name_bytes + 60 * (200 + sizeof(std::string)));
  const auto total = [&](const DataSize& size) { return estimate_run_memory(config, shape, size, 0).total(); };
  CHECK(total(half) == total(none) + half.name_bytes);
  const std::uint64_t rows = 2 * 6 * 50 + 8 * 25 + 8 * 61 + 4 * 60;  // rows and their index, of 6 bytes an entry; weights
  CHECK(total(both) == total(none) + both.name_bytes + rows);
  config.candidates.name_match = false;
  CHECK(total(both) == total(none) + both.name_bytes);
}

}  // namespace
}  // namespace glissade
