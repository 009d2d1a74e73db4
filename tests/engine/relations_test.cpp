// Which rows are siblings, and which labels are features under other ids.
#include <glissade/row_relations.h>

#include <oneapi/tbb/task_arena.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "engine/relations/baskets.h"
#include "engine/relations/complementary.h"
#include "engine/relations/kept_together.h"
#include "engine/relations/like_items.h"
#include "engine/relations/same_things.h"
#include "engine/relations/sibling_groups.h"
#include "engine/relations/similar_rows.h"
#include "tests/engine/baskets.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kItems = 200;

/// Pairs of rows with one number: in both, in `found` alone, in `truth` alone.
struct Agreement {
  std::size_t both = 0, wrong = 0, missed = 0;
};

Agreement compare(const std::vector<std::uint64_t>& found, const std::vector<std::uint64_t>& truth) {
  Agreement agreement;
  for (std::size_t a = 0; a < truth.size(); ++a) {
    for (std::size_t b = a + 1; b < truth.size(); ++b) {
      const bool together = found[a] == found[b], belong = truth[a] == truth[b];
      agreement.both += together && belong;
      agreement.wrong += together && !belong;
      agreement.missed += !together && belong;
    }
  }
  return agreement;
}

}  // namespace

TEST_CASE("folds of baskets are siblings, whatever ids their labels have", "[unit]") {
  const Baskets baskets(400, 5, 3, kItems, 1);
  const RowRelations found = relate_rows(baskets.data.view());
  REQUIRE(found.groups.size() == baskets.data.size());
  CHECK_FALSE(found.same_ids);
  const Agreement agreement = compare(found.groups, baskets.basket);
  CHECK(agreement.both > 400 * 10 * 99 / 100);
  CHECK(agreement.wrong == 0);
  CHECK(found.rows_with_siblings > 400 * 5 * 99 / 100);
  CHECK(found.sibling_groups >= 400);
  CHECK(found.sibling_groups < 410);
  REQUIRE(found.feature_labels.size() == kItems);
  std::size_t right = 0, wrong = 0;
  for (std::uint32_t item = 0; item < kItems; ++item) {
    right += found.feature_labels[item] == baskets.label_of[item];
    wrong += found.feature_labels[item] != baskets.label_of[item] && found.feature_labels[item] != RowRelations::kNoLabel;
  }
  CHECK(right == found.same_things);
  CHECK(right > kItems * 95 / 100);
  CHECK(wrong == 0);
}

TEST_CASE("what relates rows does not depend on the threads", "[unit]") {
  const Baskets baskets(300, 5, 3, kItems, 2);
  RowRelations by_threads[2];
  for (const int threads : {1, 3}) {
    tbb::task_arena arena(threads);
    arena.execute([&] { by_threads[threads / 2] = relate_rows(baskets.data.view()); });
  }
  CHECK(by_threads[0].groups == by_threads[1].groups);
  CHECK(by_threads[0].feature_labels == by_threads[1].feature_labels);
}

TEST_CASE("under equal ids the baskets are the siblings", "[unit]") {
  Baskets baskets(300, 5, 3, kItems, 3);
  baskets.rename_labels([](std::uint32_t item) { return item; });
  REQUIRE(looks_like_items(baskets.data.view()));
  const RowRelations found = relate_rows(baskets.data.view());
  CHECK(found.same_ids);
  CHECK(found.feature_labels.empty());
  CHECK(found.groups == glissade::baskets(baskets.data.view(), OwnLabels({}, kItems)));
}

TEST_CASE("similar rows that share labels are no siblings", "[unit]") {
  // Each row several times with a feature changed: near repeats, as any collection has them.
  const Data once = planted_data(400, 300, 60, 4);
  Data data{300, 60, {}, {}};
  hashing::Random random(4);
  for (std::size_t row = 0; row < once.size(); ++row) {
    for (int copy = 0; copy < 4; ++copy) {
      const auto ids = once.x.view().row_ids(row);
      std::set<std::uint32_t> changed(ids.begin(), ids.end());
      if (changed.size() > 3) changed.erase(changed.begin());
      changed.insert(static_cast<std::uint32_t>(random.below(300)));
      const std::vector<std::uint32_t> list(changed.begin(), changed.end());
      data.x.add(list, std::vector<float>(list.size(), 1.f));
      data.y.add(once.y.view().row_ids(row));
    }
  }
  std::vector<SimilarRows> similar;
  add_similar_rows(data.view(), 0, 1, similar);
  CHECK(similar.size() > data.size() / 2);
  CHECK(relate_rows(data.view()).groups.empty());
}

TEST_CASE("rows that have nothing to do with each other have no siblings", "[unit]") {
  CHECK(relate_rows(random_data(3000, 40, 500, 5).view()).groups.empty());
  CHECK(relate_rows(Data{10, 10, {}, {}}.view()).groups.empty());
}

TEST_CASE("similar rows are those of the likeness that is said, once each", "[unit]") {
  const Baskets baskets(100, 5, 3, kItems, 6);
  const DatasetView data = baskets.data.view();
  std::vector<SimilarRows> similar;
  for (std::uint32_t table = 0; table < 6; ++table) add_similar_rows(data, table, 1, similar);
  REQUIRE(similar.size() > 500);
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (const SimilarRows& rows : similar) {
    REQUIRE(rows.first < rows.second);
    REQUIRE(seen.insert({rows.first, rows.second}).second);
    const auto a = data.features.row_ids(rows.first), b = data.features.row_ids(rows.second);
    std::set<std::uint32_t> all(a.begin(), a.end());
    all.insert(b.begin(), b.end());
    const double both = static_cast<double>(a.size() + b.size() - all.size());
    CHECK(rows.likeness == Approx(both / static_cast<double>(all.size())));
    CHECK(rows.likeness >= kLeastLikeness);
    const auto labels = data.labels.row_ids(rows.second);
    const bool shared = std::ranges::any_of(
        data.labels.row_ids(rows.first), [&](std::uint32_t label) { return std::ranges::find(labels, label) != labels.end(); });
    CHECK(rows.share_labels == shared);
  }
  std::vector<SimilarRows> sampled;
  for (std::uint32_t table = 0; table < 6; ++table) add_similar_rows(data, table, 4, sampled);
  CHECK(sampled.size() < similar.size() / 2);
  CHECK(sampled.size() > similar.size() / 10);
}

TEST_CASE("the chance of so few is bounded from above", "[unit]") {
  for (const double mean : {0.5, 4.0, 30.0}) {
    double term = std::exp(-mean), sum = term;
    for (int seen = 0; seen < mean; ++seen) {
      CAPTURE(mean, seen);
      CHECK(std::log(sum) <= log_chance_of_so_few(seen, mean) + 1e-9);
      CHECK(log_chance_of_so_few(seen, mean) > 3 * std::log(sum) - 1);
      term *= mean / (seen + 1);
      sum += term;
    }
    CHECK(log_chance_of_so_few(mean, mean) == 0);
    CHECK(log_chance_of_so_few(mean + 1, mean) == 0);
  }
}

TEST_CASE("a grade is a tenth of likeness", "[unit]") {
  CHECK(grade_of(0.3f) == 0);
  CHECK(grade_of(0.39f) == 0);
  CHECK(grade_of(0.6f) == 3);
  CHECK(grade_of(0.59f) == 2);
  CHECK(grade_of(1.f) == kGrades - 1);
}

TEST_CASE("rows with a label in common do not end in one group by way of others", "[unit]") {
  Data data{4, 10, {}, {}};
  for (const std::vector<std::uint32_t>& labels : std::vector<std::vector<std::uint32_t>>{{1, 2}, {3}, {2, 4}, {5}}) {
    data.x.add(std::vector<std::uint32_t>{0}, std::vector<float>{1.f});
    data.y.add(labels);
  }
  std::array<bool, kGrades> all;
  all.fill(true);
  // 0 - 1 - 2 is a chain, and 0 and 2 share label 2.
  const std::vector<SimilarRows> chain = {{0, 1, 0.9f, false}, {1, 2, 0.8f, false}, {2, 3, 0.7f, false}};
  CHECK(join_siblings(data.view(), chain, all) == std::vector<std::uint64_t>{0, 0, 2, 2});
  all[grade_of(0.7f)] = false;
  CHECK(join_siblings(data.view(), chain, all) == std::vector<std::uint64_t>{0, 0, 2, 3});
  const std::vector<SimilarRows> sharing = {{0, 2, 0.9f, true}};
  CHECK(join_siblings(data.view(), sharing, all) == std::vector<std::uint64_t>{0, 1, 2, 3});
}

TEST_CASE("a label and a feature that some row has as both are two things", "[unit]") {
  Baskets baskets(400, 5, 3, kItems, 7);
  std::vector<std::uint64_t> groups = baskets.basket;
  const std::vector<std::uint32_t> before = find_same_things(baskets.data.view(), groups);
  REQUIRE(before.size() == kItems);
  REQUIRE(before[17] == baskets.label_of[17]);
  baskets.data.x.add(std::vector<std::uint32_t>{17, 18}, std::vector<float>{1.f, 1.f});
  baskets.data.y.add(std::vector<std::uint32_t>{baskets.label_of[17]});
  groups.push_back(100'000);
  std::vector<std::uint32_t> expected = before;
  expected[17] = OwnLabels::kNone;
  CHECK(find_same_things(baskets.data.view(), groups) == expected);
}

TEST_CASE("labels that siblings do not explain are no features", "[unit]") {
  // Siblings by the user's word, of data whose labels are of another kind.
  const Data data = planted_data(2000, 100, 60, 8);
  std::vector<std::uint64_t> groups(data.size());
  for (std::size_t row = 0; row < groups.size(); ++row) groups[row] = row / 4;
  CHECK(find_same_things(data.view(), groups).empty());
  const RowRelations named = relate_rows(data.view(), groups);
  CHECK(named.groups == groups);
  CHECK(named.sibling_groups == 500);
  CHECK(named.rows_with_siblings == 2000);
}

TEST_CASE("what is kept together: the user's groups, then what the option says", "[unit]") {
  Baskets shuffled(200, 5, 3, kItems, 9), plain(200, 5, 3, kItems, 9);
  plain.rename_labels([](std::uint32_t item) { return item; });
  const OwnLabels same_ids({}, kItems);
  Config config;
  CHECK(config.candidates.sibling_rows == SiblingRows::baskets);
  CHECK(kept_together(config, plain.data.view(), same_ids).empty());
  config.candidates.exclude_input = true;
  CHECK(kept_together(config, plain.data.view(), same_ids) == glissade::baskets(plain.data.view(), same_ids));
  config.candidates.sibling_rows = SiblingRows::find;
  CHECK(kept_together(config, plain.data.view(), same_ids) == glissade::baskets(plain.data.view(), same_ids));
  const RowRelations found = relate_rows(shuffled.data.view());
  CHECK(kept_together(config, shuffled.data.view(), OwnLabels(found.feature_labels, kItems)) == found.groups);
  config.candidates.exclude_input = false;
  CHECK(kept_together(config, shuffled.data.view(), same_ids) == found.groups);
  DatasetView searched = shuffled.data.view();
  searched.groups_known = true;
  CHECK(kept_together(config, searched, same_ids).empty());
  config.candidates.sibling_rows = SiblingRows::none;
  CHECK(kept_together(config, shuffled.data.view(), same_ids).empty());
  DatasetView named = shuffled.data.view();
  named.groups = shuffled.basket;
  CHECK(kept_together(config, named, same_ids) == shuffled.basket);
  CHECK(fingerprint_of({}) == 0);
  CHECK(fingerprint_of(found.groups) != fingerprint_of(shuffled.basket));
}

}  // namespace glissade::test
