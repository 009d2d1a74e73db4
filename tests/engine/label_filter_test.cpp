// Filtered answers are those of the unfiltered list, however long, without the forbidden labels; for every search.
#include <glissade/label_filter.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include <glissade/explain.h>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kFilteredLabels = 900;  // a list of 1,000 has them all

LabelFilter every(std::uint32_t labels, std::uint32_t nth, bool permitted) {
  LabelFilter filter = permitted ? LabelFilter::permitting_none(labels) : LabelFilter::permitting_all(labels);
  for (std::uint32_t label = 0; label < labels; label += nth) permitted ? filter.permit(label) : filter.forbid(label);
  return filter;
}

/// Few forbidden, few permitted (2 of 100), half of them.
std::vector<LabelFilter> filters_of(std::uint32_t labels) {
  return {every(labels, 7, false), every(labels, 49, true), every(labels, 2, true), every(labels, 1, true)};
}

/// Checks that `found` has what is left of `all`, in its order.
void check_filtered(const Predictions& all, const Predictions& found, const LabelFilter& filter, double margin) {
  const std::size_t rows = found.labels.size() / found.k;
  for (std::size_t row = 0; row < rows; ++row) {
    std::size_t at = row * found.k;
    const std::size_t end = at + found.k;
    for (std::size_t i = row * all.k; i < (row + 1) * all.k && at < end; ++i) {
      if (all.labels[i] == Predictions::kNoLabel || !filter.permits(all.labels[i])) continue;
      REQUIRE(found.labels[at] == all.labels[i]);
      REQUIRE(found.scores[at] == Approx(all.scores[i]).epsilon(margin).margin(margin));
      ++at;
    }
    for (; at < end; ++at) REQUIRE(found.labels[at] == Predictions::kNoLabel);
  }
}

void check_model(const Model& model, const Data& asked, Search search, double margin = 1e-4) {
  for (const LabelFilter& filter : filters_of(model.shape().labels)) {
    for (const bool probabilities : {false, true}) {
      const Predictions all = must(model.predict(asked.x.view(), {.k = 1000, .search = search, .probabilities = probabilities}));
      for (const std::uint32_t k : {1u, 5u, 40u}) {
        CAPTURE(filter.permitted(), probabilities, k, static_cast<int>(search));
        check_filtered(
            all,
            must(model.predict(asked.x.view(), {.k = k, .search = search, .probabilities = probabilities, .filter = &filter})),
            filter, margin);
      }
    }
  }
}

}  // namespace

TEST_CASE("a label filter counts what it permits", "[unit]") {
  for (const std::uint32_t labels : {1u, 63u, 64u, 65u, 900u}) {
    LabelFilter all = LabelFilter::permitting_all(labels), none = LabelFilter::permitting_none(labels);
    CHECK(all.permitted() == labels);
    CHECK(all.ids().size() == labels);
    CHECK(none.permitted() == 0);
    CHECK(none.ids().empty());
    const std::uint32_t last = labels - 1;
    all.forbid(last);
    all.forbid(last);
    none.permit(last);
    none.permit(last);
    CHECK(all.permitted() == labels - 1);
    CHECK_FALSE(all.permits(last));
    CHECK(none.permitted() == 1);
    CHECK(none.permits(last));
    CHECK(none.ids() == std::vector<std::uint32_t>{last});
  }
}

TEST_CASE("filtered answers of a hidden path are those of all without the forbidden ones", "[unit][levels]") {
  const auto loss = GENERATE(LossKind::softmax, LossKind::bce);
  const Data data = random_data(300, 40, kFilteredLabels, 31);
  Config config = small_config();
  config.network.loss = loss;
  config.hash_tables.k = 2;
  Model model = make_model(config, data);
  scatter_weights(model, 0.5, 9);
  check_model(model, data, Search::exact);
}

TEST_CASE("filtered answers in pieces of rows and strips of labels", "[unit]") {
  constexpr std::uint32_t kManyFiltered = 20000;
  const Data data = random_data(5, 40, kManyFiltered, 31);
  Model model = make_model(small_config(), data);
  scatter_weights(model, 0.5, 9);
  const LabelFilter filter = every(kManyFiltered, 3, false);
  const Predictions all = must(model.predict(data.x.view(), {.k = 1000, .search = Search::exact, .probabilities = true}));
  check_filtered(
      all, must(model.predict(data.x.view(), {.k = 300, .search = Search::exact, .probabilities = true, .filter = &filter})),
      filter, 1e-4);
}

TEST_CASE("filtered answers from buckets are the best permitted labels there", "[unit]") {
  const Data data = random_data(50, 40, kFilteredLabels, 31);
  Config config = small_config();
  config.hash_tables.k = 2;
  Model model = make_model(config, data);
  scatter_weights(model, 0.5, 9);
  for (const LabelFilter& filter : filters_of(kFilteredLabels)) {
    for (const bool probabilities : {false, true}) {
      // A list that is as long as buckets fill it, which the longest that no row falls back for has.
      std::uint32_t most = 1000;
      while (must(model.predict(data.x.view(), {.k = most, .search = Search::tables})).fallbacks > 0) --most;
      const Predictions all =
          must(model.predict(data.x.view(), {.k = most, .search = Search::tables, .probabilities = probabilities}));
      const Predictions found = must(
          model.predict(data.x.view(), {.k = 1, .search = Search::tables, .probabilities = probabilities, .filter = &filter}));
      REQUIRE(most > 60);
      if (filter.permitted() * 16 < kFilteredLabels) {  // these are scored one by one
        const Predictions exact = must(model.predict(data.x.view(), {.k = 1, .search = Search::exact, .filter = &filter}));
        CHECK(found.labels == exact.labels);
        CHECK(found.fallbacks == 0);
      } else {
        check_filtered(all, found, filter, 1e-4);
      }
    }
  }
}

TEST_CASE("filtered answers of all paths are those of all without the forbidden ones", "[unit][levels]") {
  using Case = std::pair<LossKind, bool>;
  const auto [loss, excludes] =
      GENERATE(Case{LossKind::softmax, false}, Case{LossKind::bce, true}, Case{LossKind::decoupled, true});
  const Data data = planted_data(600, kFilteredLabels, kFilteredLabels, 3),
             asked = planted_data(40, kFilteredLabels, kFilteredLabels, 4);
  Config config = small_config();
  config.network.loss = loss;
  config.candidates.exclude_input = excludes;
  config.candidates.neighbours = 3;
  config.candidates.co_labels = 4;
  config.sparse_rows.fan_in = 24;
  config.sparse_rows.epochs = 1;
  Model model = make_model(config, data);
  train(model, data, 2);
  check_model(model, asked, Search::exact);
  // Candidates depend on what the buckets have; behind them stand permitted labels that are scored one by one.
  const LabelFilter few = every(kFilteredLabels, 49, true);
  const Predictions found =
      must(model.predict(asked.x.view(), {.k = 5, .search = Search::tables, .probabilities = true, .filter = &few}));
  CHECK(found.fallbacks < asked.size());
  for (std::size_t i = 0; i < found.labels.size(); ++i) {
    REQUIRE(found.labels[i] != Predictions::kNoLabel);
    REQUIRE(few.permits(found.labels[i]));
    REQUIRE(std::isfinite(found.scores[i]));
    if (i % found.k != 0) REQUIRE(found.scores[i] <= found.scores[i - 1]);
  }
}

TEST_CASE("filtered answers of a search by codes: nearly all of the best, each with its own score", "[unit]") {
  constexpr std::uint32_t kCoded = 33001, kWidth = 32;
  const float spread = GENERATE(0.1f, 100.f);  // with lists, and without
  Model model = model_of_clusters(small_config(), {300, kCoded}, kWidth, spread);
  const Data taught = random_data(800, 300, kCoded, 5), asked = random_data(100, 300, kCoded, 6);
  must(model.code_rows(taught.x.view()));
  REQUIRE((impl_of(model).codes.lists() != 0) == (spread < 1));
  // 6 of 7, a tenth, which no list alone has, and so few that their rows are scored one by one.
  for (const LabelFilter& filter : {every(kCoded, 7, false), every(kCoded, 10, true), every(kCoded, 49, true)}) {
    CAPTURE(filter.permitted(), spread);
    const Predictions exact = must(model.predict(asked.x.view(), {.search = Search::exact, .filter = &filter}));
    const Predictions found = must(model.predict(asked.x.view(), {.search = Search::learned, .filter = &filter}));
    std::size_t hits = 0;
    for (std::size_t i = 0; i < exact.labels.size(); ++i) {
      REQUIRE(filter.permits(found.labels[i]));
      const auto begin = exact.labels.begin() + static_cast<std::ptrdiff_t>(i / 5 * 5);
      const auto at = std::find(begin, begin + 5, found.labels[i]);
      if (at == begin + 5) continue;
      ++hits;
      REQUIRE(found.scores[i] == Approx(exact.scores[static_cast<std::size_t>(at - exact.labels.begin())]).epsilon(1e-4));
    }
    CHECK(static_cast<double>(hits) > 0.98 * static_cast<double>(exact.labels.size()));
    CHECK(found.fallbacks == 0);
    // A probability is divided by the sum over all labels, whatever is permitted.
    const Predictions unfiltered =
        must(model.predict(asked.x.view(), {.k = 300, .search = Search::learned, .probabilities = true}));
    const Predictions shares =
        must(model.predict(asked.x.view(), {.k = 300, .search = Search::learned, .probabilities = true, .filter = &filter}));
    std::size_t met = 0;
    for (std::size_t r = 0; r < asked.size(); ++r) {
      for (std::size_t i = 0; i < 5; ++i) {
        const auto begin = unfiltered.labels.begin() + static_cast<std::ptrdiff_t>(r * 300);
        const auto at = std::find(begin, begin + 300, shares.labels[r * 300 + i]);
        if (at == begin + 300) continue;
        ++met;
        REQUIRE(shares.scores[r * 300 + i] ==
                Approx(unfiltered.scores[static_cast<std::size_t>(at - unfiltered.labels.begin())]).epsilon(1e-3));
      }
    }
    CHECK(met > asked.size());
  }
}

TEST_CASE("reasons are told of permitted labels", "[unit]") {
  const Data data = planted_data(300, 60, 60, 3);
  Config config = small_config();
  config.candidates.neighbours = 3;
  Model model = make_model(config, data);
  train(model, data, 1);
  const SparseRows one{data.x.view().offsets.first(2), data.x.view().ids, data.x.view().values};
  const LabelFilter filter = every(60, 2, true);
  const auto reasons = must(explain(model, one, {.k = 5, .filter = &filter}));
  const Predictions answers = must(model.predict(one, {.k = 5, .filter = &filter}));
  REQUIRE(reasons.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(reasons[i].label == answers.labels[i]);
    CHECK(reasons[i].label % 2 == 0);
  }
}

TEST_CASE("filters of other models, and such that permit nothing, are refused", "[unit]") {
  const Data data = random_data(3, 40, 50, 31);
  const Model model = make_model(small_config(), data);
  for (const LabelFilter& filter : {LabelFilter::permitting_none(50), LabelFilter::permitting_all(51)}) {
    const auto refused = model.predict(data.x.view(), {.filter = &filter});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == Error::Kind::usage);
  }
}

}  // namespace glissade::test
