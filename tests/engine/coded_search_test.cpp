// The search by short codes of the output rows: what it finds, what it says of probabilities, and how it lives in a model.

#include <catch2/catch.hpp>

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "engine/search/coded_rows.h"
#include "engine/search/probed_lists.h"
#include "engine/search/row_lists.h"
#include "engine/search/shortlist.h"
#include "tests/engine/models.h"
#include "tests/engine/threads.h"

namespace glissade::test {
namespace {

constexpr float kTight = 0.1f, kLoose = 100.f;
constexpr std::uint32_t kCodedLabels = 33001, kCodedFeatures = 300, kCodedWidth = 32;  // the last block is not full

Model clustered_model(Storage storage = Storage::bf16_mixed, float spread = 0.5f) {
  Config config = small_config();
  config.network.storage = storage;
  return model_of_clusters(config, {kCodedFeatures, kCodedLabels}, kCodedWidth, spread);
}

double recall_at_5(const Predictions& exact, const Predictions& found) {
  std::size_t hits = 0;
  for (std::size_t i = 0; i < exact.labels.size(); ++i) {
    const auto begin = found.labels.begin() + static_cast<std::ptrdiff_t>(i / 5 * 5);
    hits += std::find(begin, begin + 5, exact.labels[i]) != begin + 5 ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(exact.labels.size());
}

TEST_CASE("a search by codes finds 98 of 100 of the best labels among a few rows", "[unit]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  Model model = clustered_model(storage);
  const Data taught = random_data(1500, kCodedFeatures, kCodedLabels, 5),
             asked = random_data(200, kCodedFeatures, kCodedLabels, 6);
  CHECK(model.search_for({}) == Search::exact);
  const auto refused = model.predict(asked.x.view(), {.search = Search::learned});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == Error::Kind::usage);
  must(model.code_rows(taught.x.view()));
  REQUIRE(model.has_codes());
  CHECK(model.search_for({}) == Search::learned);
  CHECK(model.search_for({.k = 1000}) == Search::exact);
  CHECK(impl_of(model).codes.log_sum_error() > 0.01f);  // too far off for probabilities
  CHECK(model.search_for({.probabilities = true}) == Search::exact);
  CHECK(impl_of(model).codes.memory_bytes() < 64 * std::uint64_t{kCodedLabels});
  const Predictions exact = must(model.predict(asked.x.view(), {.search = Search::exact}));
  const Predictions found = must(model.predict(asked.x.view()));
  CHECK(recall_at_5(exact, found) > 0.98);
  CHECK(found.candidates < exact.candidates / 8);
  for (std::size_t i = 0; i < exact.scores.size(); ++i) {
    if (exact.labels[i] == found.labels[i]) REQUIRE(found.scores[i] == Approx(exact.scores[i]).epsilon(1e-4));
  }
}

TEST_CASE("probabilities of a search by codes are those of all labels, nearly", "[unit]") {
  Model model = clustered_model();
  const Data taught = random_data(1500, kCodedFeatures, kCodedLabels, 5),
             asked = random_data(200, kCodedFeatures, kCodedLabels, 6);
  must(model.code_rows(taught.x.view()));
  const Predictions exact = must(model.predict(asked.x.view(), {.search = Search::exact, .probabilities = true}));
  const Predictions found = must(model.predict(asked.x.view(), {.search = Search::learned, .probabilities = true}));
  double sum = 0, most = 0;
  for (std::size_t i = 0; i < exact.scores.size(); ++i) {
    if (exact.labels[i] != found.labels[i]) continue;
    const double error = std::abs(std::log(exact.scores[i] / found.scores[i]));
    sum += error;
    most = std::max(most, error);
  }
  CHECK(sum / static_cast<double>(exact.scores.size()) < 0.15);
  CHECK(most < 0.5);
}

TEST_CASE("codes are the same for any number of threads, and stay in the file", "[unit]") {
  const Data asked = random_data(60, kCodedFeatures, kCodedLabels, 6);
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  const bool lists = GENERATE(false, true);  // of 7 rows none is left to calibrate with
  const Data taught = random_data(lists ? 800 : 7, kCodedFeatures, kCodedLabels, 5);
  std::string first;
  for (const int threads : {1, 2, 3}) {
    Model model = clustered_model(Storage::bf16_mixed, kTight);
    with_threads(threads, [&] { must(model.code_rows(taught.x.view())); });
    CHECK((impl_of(model).codes.lists() != 0) == lists);
    must(model.save(path, false));
    const std::string bytes = model_file::get(path);
    if (first.empty()) first = bytes;
    CHECK(bytes == first);
    const Model again = must(Model::load(path));
    CHECK(again.search_for({}) == Search::learned);
    const Predictions before = must(model.predict(asked.x.view())), after = must(again.predict(asked.x.view()));
    CHECK(before.labels == after.labels);
    CHECK(before.scores == after.scores);
  }
}

TEST_CASE("the answer to a row does not depend on the rows beside it", "[unit]") {
  Model model = clustered_model();
  const Data taught = random_data(800, kCodedFeatures, kCodedLabels, 5), asked = random_data(37, kCodedFeatures, kCodedLabels, 6);
  must(model.code_rows(taught.x.view()));
  const Predictions all = must(model.predict(asked.x.view(), {.search = Search::learned, .probabilities = true}));
  for (std::size_t row = 0; row < asked.size(); ++row) {
    const SparseRows one{std::span(asked.x.offsets).subspan(row, 2), asked.x.ids, asked.x.values};
    const Predictions alone = must(model.predict(one, {.search = Search::learned, .probabilities = true}));
    for (std::size_t i = 0; i < 5; ++i) {
      REQUIRE(alone.labels[i] == all.labels[row * 5 + i]);
      REQUIRE(alone.scores[i] == all.scores[row * 5 + i]);
    }
  }
}

TEST_CASE("rows that lie in clusters are searched by lists, the others as a whole", "[unit]") {
  const Data taught = random_data(1500, kCodedFeatures, kCodedLabels, 5),
             asked = random_data(200, kCodedFeatures, kCodedLabels, 6);
  Model loose = clustered_model(Storage::fp32, kLoose);
  must(loose.code_rows(taught.x.view()));
  REQUIRE(loose.has_codes());
  CHECK(impl_of(loose).codes.lists() == 0);
  CHECK(recall_at_5(must(loose.predict(asked.x.view(), {.search = Search::exact})),
                    must(loose.predict(asked.x.view(), {.search = Search::learned}))) > 0.98);
  Model model = clustered_model(Storage::fp32, kTight);
  must(model.code_rows(taught.x.view()));
  const CodedRows& codes = impl_of(model).codes;
  REQUIRE(codes.lists() > 100);
  CHECK(codes.probes(5) < codes.lists() / 2);
  const PredictOptions learned{.search = Search::learned, .probabilities = true};
  const Predictions exact = must(model.predict(asked.x.view(), {.search = Search::exact, .probabilities = true}));
  const Predictions found = must(model.predict(asked.x.view(), learned));
  CHECK(recall_at_5(exact, found) > 0.98);
  double off = 0;
  for (std::size_t i = 0; i < exact.scores.size(); ++i) {
    if (exact.labels[i] == found.labels[i])
      off += std::abs(std::log(exact.scores[i] / found.scores[i])) / static_cast<double>(exact.scores.size());
  }
  CHECK(off < 2 * codes.log_sum_error());  // of other rows than it was measured on
}

TEST_CASE("all lists together have every row", "[unit]") {
  Model model = clustered_model(Storage::fp32, kTight);
  const Data taught = random_data(1500, kCodedFeatures, kCodedLabels, 5), asked = random_data(9, kCodedFeatures, kCodedLabels, 6);
  must(model.code_rows(taught.x.view()));
  CodedRows& codes = impl_of(model).codes;
  REQUIRE(codes.lists() != 0);
  codes.numbers_array()[4] = kCodedLabels;  // the shortlist
  codes.numbers_array()[8] = static_cast<std::uint32_t>(codes.lists());
  constexpr std::uint32_t kMany = 1000;
  const Predictions exact = must(model.predict(asked.x.view(), {.k = kMany, .search = Search::exact}));
  const Predictions found = must(model.predict(asked.x.view(), {.k = kMany, .search = Search::learned}));
  CHECK(found.candidates == exact.candidates);
  for (std::size_t i = 0; i < exact.scores.size(); ++i) REQUIRE(found.scores[i] == Approx(exact.scores[i]).epsilon(1e-4));
}

TEST_CASE("blocks that two lists share are read once", "[unit]") {
  Model model = clustered_model(Storage::fp32, kTight);
  const Data taught = random_data(400, kCodedFeatures, kCodedLabels, 5);
  must(model.code_rows(taught.x.view()));
  const CodedRows& codes = impl_of(model).codes;
  REQUIRE(codes.lists() != 0);
  CodedRows::Lookup lookup;
  const std::vector<float> query(kCodedWidth, 0.5f);
  codes.look_up(query.data(), lookup);
  ProbedLists probed;
  for (const std::size_t probes : {std::size_t{1}, std::size_t{20}, codes.lists() - 1, codes.lists()}) {
    std::size_t end = 0, blocks = 0;
    for (const BlockRange& range : probed.choose(codes, lookup, probes)) {
      CHECK((blocks == 0 || range.begin > end));
      REQUIRE(range.end > range.begin);
      end = range.end;
      blocks += range.end - range.begin;
    }
    CHECK(end <= codes.blocks());
    CHECK(blocks * simd::kSketchRows >= probes);
    if (probes == codes.lists()) CHECK(blocks == codes.blocks());
  }
}

TEST_CASE("rows are clustered into lists that have every row once", "[unit]") {
  constexpr std::size_t kLists = 700;
  const bool alike = GENERATE(false, true);  // rows that nothing tells apart end in one list
  const Model model = clustered_model(Storage::fp32, alike ? 0.f : kTight);
  ParameterRows& output = impl_of(const_cast<Model&>(model)).network.output;
  if (alike) {
    const std::vector<float> row(kCodedWidth, 0.25f);
    for (std::uint32_t label = 0; label < kCodedLabels; ++label) {
      output.write(label, row.data());
      output.bias[label] = 0;
    }
  }
  const ScaledRows rows(output, {}, 0);
  RowLists first;
  for (const int threads : {1, 3}) {
    RowLists lists;
    with_threads(threads, [&] { lists = cluster_rows(rows, kLists, WorkMonitor::silent()); });
    if (first.order.empty()) first = lists;
    CHECK(lists.order == first.order);
    CHECK(lists.begin == first.begin);
  }
  CHECK(first.begin.front() == 0);
  CHECK(first.begin.back() == kCodedLabels);
  CHECK(std::ranges::is_sorted(first.begin));
  CHECK((alike ? first.size() == 1 : first.size() > kLists / 2 && first.size() < 2 * kLists));
  std::ranges::sort(first.order);
  for (std::uint32_t i = 0; i < kCodedLabels; ++i) REQUIRE(first.order[i] == i);
}

TEST_CASE("codes of version 1, which had no lists, are read", "[unit]") {
  Model model = clustered_model();
  const Data taught = random_data(7, kCodedFeatures, kCodedLabels, 5), asked = random_data(20, kCodedFeatures, kCodedLabels, 6);
  must(model.code_rows(taught.x.view()));
  CodedRows& codes = impl_of(model).codes;
  REQUIRE(codes.lists() == 0);
  const Predictions before = must(model.predict(asked.x.view(), {.search = Search::learned}));
  Array<std::uint32_t> numbers(codes.numbers_array().size() - 2);
  std::copy_n(codes.numbers_array().data(), numbers.size(), numbers.data());
  numbers[0] = 1;
  codes.numbers_array() = std::move(numbers);
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd"), false));
  const Model old = must(Model::load(folder.file("m.glsd")));
  const Predictions after = must(old.predict(asked.x.view(), {.search = Search::learned}));
  CHECK(before.labels == after.labels);
  CHECK(before.scores == after.scores);
}

TEST_CASE("lists that do not have every row once are refused", "[unit]") {
  Model model = clustered_model(Storage::fp32, kTight);
  const Data taught = random_data(400, kCodedFeatures, kCodedLabels, 5);
  must(model.code_rows(taught.x.view()));
  CodedRows& codes = impl_of(model).codes;
  REQUIRE(codes.lists() != 0);
  CHECK(codes.defect(kCodedLabels, kCodedWidth).empty());
  Array<std::uint32_t>& lists = codes.lists_array();
  const auto refused_with = [&](std::size_t place, std::uint32_t value) {
    const std::uint32_t kept = std::exchange(lists[place], value);
    const bool refused = !codes.defect(kCodedLabels, kCodedWidth).empty();
    lists[place] = kept;
    return refused;
  };
  CHECK(refused_with(0, 1));
  CHECK(refused_with(1, kCodedLabels + 1));
  CHECK(refused_with(codes.lists(), kCodedLabels - 1));
  CHECK(refused_with(codes.lists() + 1, lists[codes.lists() + 2]));  // one row twice
  CHECK(refused_with(codes.lists() + 1, kCodedLabels));
  CHECK(codes.defect(kCodedLabels, kCodedWidth).empty());
  lists = {};
  CHECK_FALSE(codes.defect(kCodedLabels, kCodedWidth).empty());
}

TEST_CASE("the last epoch leaves codes, and a step drops them", "[unit]") {
  const Data data = planted_data(300, kCodedFeatures, kCodedLabels, 4);
  Model model = clustered_model();
  must(model.set_epochs(2));
  Trainer trainer = must(Trainer::create(model, data.size()));
  must(trainer.train_epoch(data.view()));
  CHECK_FALSE(model.has_codes());
  must(trainer.train_epoch(data.view()));
  REQUIRE(model.has_codes());
  must(trainer.train_step(data.view()));
  CHECK_FALSE(model.has_codes());
}

TEST_CASE("a small layer has no codes", "[unit]") {
  const Data data = random_data(50, 20, 1000, 5);
  Model model = make_model(small_config(), data);
  must(model.code_rows(data.x.view()));
  CHECK_FALSE(model.has_codes());
  CHECK(model.search_for({}) == Search::exact);
}

TEST_CASE("searches inside a parallel loop of the caller's do not wait for each other", "[unit]") {
  const Data asked = random_data(24, kCodedFeatures, kCodedLabels, 6), taught = random_data(400, kCodedFeatures, kCodedLabels, 5);
  const auto search = GENERATE(Search::tables, Search::learned);
  Model coded = clustered_model();
  must(coded.code_rows(taught.x.view()));
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  must(coded.save(path, false));
  const Predictions right = must(must(Model::load(path)).predict(asked.x.view(), {.search = search}));
  for (int repetition = 0; repetition < 60; ++repetition) {
    const Model fresh = must(Model::load(path));  // without tables
    std::atomic<std::size_t> wrong{0};
    with_threads(3, [&] {
      tbb::parallel_for(std::size_t{0}, asked.size(), [&](std::size_t row) {
        const SparseRows one{std::span(asked.x.offsets).subspan(row, 2), asked.x.ids, asked.x.values};
        const auto found = fresh.predict(one, {.search = search});
        if (!found ||
            !std::equal(found->labels.begin(), found->labels.end(), right.labels.begin() + static_cast<std::ptrdiff_t>(row * 5)))
          ++wrong;
      });
    });
    REQUIRE(wrong == 0);
  }
}

TEST_CASE("a shortlist has the largest sums, ties to the lower row", "[unit]") {
  hashing::Random random(4);
  const auto most = GENERATE(1u, 3u, 50u, 3000u);  // with most = 1 nearly all rows tie
  std::vector<std::uint16_t> sums(5000);
  for (std::uint16_t& sum : sums) sum = static_cast<std::uint16_t>(random.below(most + 1));
  std::vector<std::uint32_t> order(sums.size()), places(sums.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, [&](std::uint32_t a, std::uint32_t b) { return sums[a] > sums[b]; });
  for (const std::size_t size : {1, 2, 64, 999, 5000, 6000}) {
    Shortlist list;
    list.start(size, most);
    for (std::size_t first = 0; first < sums.size(); first += 700)
      list.add(simd::kernels(), first, sums.data() + first, std::min<std::size_t>(700, sums.size() - first), places);
    std::vector<std::uint32_t> expected(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(std::min(size, order.size())));
    std::ranges::sort(expected);
    INFO("size " << size << ", most " << most);
    REQUIRE(list.finish() == expected);
  }
}

TEST_CASE("codes that do not belong to the layer are refused", "[unit]") {
  Model model = clustered_model();
  const Data taught = random_data(400, kCodedFeatures, kCodedLabels, 5);
  must(model.code_rows(taught.x.view()));
  CodedRows& codes = impl_of(model).codes;
  CHECK(codes.defect(kCodedLabels, kCodedWidth).empty());
  CHECK_FALSE(codes.defect(kCodedLabels + 1, kCodedWidth).empty());
  CHECK_FALSE(codes.defect(kCodedLabels, kCodedWidth + 1).empty());
  const float book = codes.books_array()[5];
  codes.books_array()[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(codes.defect(kCodedLabels, kCodedWidth).empty());
  codes.books_array()[5] = book;
  const std::uint32_t version = codes.numbers_array()[0];
  codes.numbers_array()[0] = version + 1;
  CHECK_FALSE(codes.defect(kCodedLabels, kCodedWidth).empty());
  codes.numbers_array()[0] = version;
  codes.codes_array() = Array<std::uint8_t>(32);
  CHECK_FALSE(codes.defect(kCodedLabels, kCodedWidth).empty());
}

}  // namespace
}  // namespace glissade::test
