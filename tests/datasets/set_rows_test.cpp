// Sets of items: how they are dealt out into rows, and what the rows say.
#include "datasets/set_rows.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <glissade/row_relations.h>

#include "hashing/seeds.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using Numbers = std::vector<std::uint32_t>;
using Floats = std::vector<float>;

constexpr HistoryRules kSet{.ordered = false};

Sequences sets_of(const std::vector<Numbers>& lines, std::uint32_t items) {
  Sequences s;
  for (std::uint32_t item = 0; item < items; ++item) s.names.push_back("i" + std::to_string(item));
  s.offsets = {0};
  for (const Numbers& line : lines) {
    s.items.insert(s.items.end(), line.begin(), line.end());
    s.offsets.push_back(s.items.size());
  }
  return s;
}

struct SetRow {
  Numbers ids;
  Floats values;
  Numbers labels;
  friend bool operator==(const SetRow&, const SetRow&) = default;
};

std::vector<SetRow> rows_in(const Dataset& data) {
  std::vector<SetRow> rows;
  const auto& view = data.view();
  for (std::size_t row = 0; row < view.size(); ++row) {
    const auto ids = view.features.row_ids(row), labels = view.labels.row_ids(row);
    Floats values(ids.size(), 1.f);
    if (!view.features.values.empty()) values.assign(view.features.row_values(row).begin(), view.features.row_values(row).end());
    rows.push_back({{ids.begin(), ids.end()}, values, {labels.begin(), labels.end()}});
  }
  return rows;
}

std::vector<SetRow> trained(const Sequences& s, HistoryRules rules = kSet, std::uint32_t held_back = 0) {
  const auto rows = rows_of_sets(s, rules, held_back, "s");
  REQUIRE(rows);
  return rows_in(rows->data);
}

}  // namespace

TEST_CASE("each item of a set is asked for once, by all that are not asked for with it", "[unit]") {
  const Numbers set = {9, 3, 12, 4, 0, 7, 5};
  const auto rows = trained(sets_of({set}, 13));
  REQUIRE(rows.size() == 5);
  Numbers asked, sizes;
  for (const SetRow& row : rows) {
    CHECK(std::ranges::is_sorted(row.ids));
    CHECK(std::ranges::is_sorted(row.labels));
    CHECK(row.values == Floats(row.ids.size(), 1.f));
    Numbers both = row.ids;
    both.insert(both.end(), row.labels.begin(), row.labels.end());
    std::ranges::sort(both);
    CHECK(both == Numbers{0, 3, 4, 5, 7, 9, 12});
    asked.insert(asked.end(), row.labels.begin(), row.labels.end());
    sizes.push_back(static_cast<std::uint32_t>(row.labels.size()));
  }
  std::ranges::sort(asked);
  CHECK(asked == Numbers{0, 3, 4, 5, 7, 9, 12});
  CHECK(sizes == Numbers{2, 2, 1, 1, 1});
}

TEST_CASE("small sets have a row for each item, and one item makes none", "[unit]") {
  const auto made = rows_of_sets(sets_of({{1, 2}, {3}, {4, 4, 4}, {}, {0, 1, 2}}, 5), kSet, 0, "s");
  REQUIRE(made);
  CHECK(made->short_lines == 3);
  CHECK(made->data.view().feature_count == 5);
  CHECK(made->data.view().label_count == 5);
  CHECK(made->data.view().features.values.empty());  // each is 1
  auto rows = rows_in(made->data);
  REQUIRE(rows.size() == 5);
  const auto by_label = [](const SetRow& one) { return one.labels; };
  std::ranges::sort(rows.begin(), rows.begin() + 2, {}, by_label);
  std::ranges::sort(rows.begin() + 2, rows.end(), {}, by_label);
  CHECK(rows == std::vector<SetRow>{
                    {{2}, {1}, {1}}, {{1}, {1}, {2}}, {{1, 2}, {1, 1}, {0}}, {{0, 2}, {1, 1}, {1}}, {{0, 1}, {1, 1}, {2}}});
  CHECK_FALSE(rows_of_sets(sets_of({{1}, {2, 2}}, 5), kSet, 0, "s"));
}

TEST_CASE("neither the order of a set nor how often an item stands there says anything", "[unit]") {
  const auto rows = trained(sets_of({{1, 2}, {6, 2, 4, 3, 1, 0}}, 7));
  CHECK(trained(sets_of({{2, 1}, {0, 1, 2, 3, 4, 6}}, 7)) == rows);
  CHECK(trained(sets_of({{1, 2, 1, 1}, {6, 6, 2, 4, 3, 0, 1, 0}}, 7)) == rows);
}

TEST_CASE("sets are dealt out by chance", "[unit]") {
  // Of ten items in parts of two, item 0 is together with each of the nine others alike often.
  std::vector<Numbers> lines(2000, Numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  int together = 0;
  for (const SetRow& row : trained(sets_of(lines, 10))) together += row.labels == Numbers{0, 1} ? 1 : 0;
  CHECK(together > 2000 / 9 - 70);  // 5 standard deviations
  CHECK(together < 2000 / 9 + 70);
}

TEST_CASE("what is held back is in no set", "[unit]") {
  for (const SetRow& row : trained(sets_of({{5, 1, 2, 3, 4}}, 6), kSet, 2)) {
    CHECK(std::ranges::find(row.ids, 3u) == row.ids.end());
    CHECK(std::ranges::find(row.labels, 4u) == row.labels.end());
  }
  CHECK(trained(sets_of({{5, 1, 2, 3, 4}}, 6), kSet, 2).size() == 3);
  CHECK_FALSE(rows_of_sets(sets_of({{5, 1, 2}}, 6), kSet, 2, "s"));
}

TEST_CASE("an item counts by the largest of its weights over their mean", "[unit]") {
  Sequences s = sets_of({{0, 1, 0}}, 2);
  s.weights = {1, 3, 8};
  const auto rows = trained(s, {.mean_weight = 4, .ordered = false});
  REQUIRE(rows.size() == 2);
  const SetRow& of_second = rows[rows[0].labels == Numbers{1} ? 0 : 1];
  const SetRow& of_first = rows[rows[0].labels == Numbers{1} ? 1 : 0];
  CHECK(of_second == SetRow{{0}, {2}, {1}});
  CHECK(of_first == SetRow{{1}, {.75}, {0}});
}

TEST_CASE("features of items are added up behind the items of a set", "[unit]") {
  ItemFeatures features;
  features.features = 2;
  features.offsets = {0, 1, 3};
  features.ids = {0, 0, 1};
  features.values = {0.5f, 0.25f, 1};
  Numbers ids;
  Floats values;
  // Items 0 and 1 of two; an unknown one has row 1, too, and stands twice.
  append_history({Numbers{1, 2, 0, 2}, {}, {}, Numbers{1, 1, 0, 1}, features.view()}, kSet, 2, ids, values);
  CHECK(ids == Numbers{0, 1, 2, 3});
  CHECK(values == Floats{1, 1, 1, 2});
  Sequences s = sets_of({{0, 1}}, 2);
  s.rows = {0, 1};
  s.features = std::make_shared<const ItemFeatures>(features);
  const auto made = rows_of_sets(s, kSet, 0, "s");
  REQUIRE(made);
  CHECK(made->data.view().feature_count == 4);
  const auto groups = glissade::groups_of_sets(made->data.view());
  REQUIRE(groups.size() == 2);
  CHECK(groups[0] == groups[1]);
}

TEST_CASE("parts of one set, and equal sets, are one group", "[unit]") {
  const auto made = rows_of_sets(sets_of({{0, 1, 2}, {2, 3}, {2, 1, 0}, {1, 2}}, 4), kSet, 0, "s");
  REQUIRE(made);
  const auto groups = glissade::groups_of_sets(made->data.view());
  REQUIRE(groups.size() == 10);
  CHECK(std::ranges::count(groups, groups[0]) == 6);
  CHECK(std::ranges::count(groups, groups[3]) == 2);
  CHECK(std::set(groups.begin(), groups.end()).size() == 3);
}

TEST_CASE("a question asks for the first part, and unknown items are one miss", "[unit]") {
  const Sequences s = sets_of({{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1}, {4, 10, 10}}, 10);  // 10 is unknown
  const auto asked = questions_of_sets(s, kSet, "s");
  REQUIRE(asked);
  CHECK(asked->short_lines == 1);
  const auto rows = rows_in(asked->data);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == trained(sets_of({{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}, 10))[0]);
  CHECK(rows[0].labels.size() == 2);
  CHECK(asked->data.view().label_count == 11);
  const bool asks_known = rows[1].labels == Numbers{4};
  CHECK(rows[1] == (asks_known ? SetRow{{}, {}, {4}} : SetRow{{4}, {1}, {10}}));
  const SeenItems seen = seen_in(*asked, 10);
  REQUIRE(seen.view().rows() == 2);
  CHECK(Numbers(seen.view().row_ids(0).begin(), seen.view().row_ids(0).end()) == rows[0].ids);
}

TEST_CASE("the last item of a set can be asked for by all others", "[unit]") {
  const auto rows = last_rows(sets_of({{4, 1, 4, 0, 2}}, 5), kSet, 1, "s");
  REQUIRE(rows);
  CHECK(rows_in(rows->data) == std::vector<SetRow>{{{0, 1, 4}, {1, 1, 1}, {2}}});
  CHECK(rows->data.view().feature_count == 5);
}

namespace {

/// 300 users who go through rings of 20 items.
std::vector<Numbers> walks() {
  std::vector<Numbers> lines;
  for (std::uint32_t user = 0; user < 300; ++user) {
    Numbers line;
    for (std::uint32_t step = 0; step < 6; ++step) line.push_back(user % 5 * 20 + (user * 7 + step) % 20);
    lines.push_back(line);
  }
  return lines;
}

glissade::OrderEvidence evidence_of(const std::vector<Numbers>& lines) {
  const Sequences s = sets_of(lines, 100);
  return glissade::order_evidence(s.histories(), s.names);
}

}  // namespace

TEST_CASE("an order that says something is told from a drawn one", "[unit]") {
  auto lines = walks();
  const auto walked = evidence_of(lines);
  CHECK(walked.tells());
  // Each of 100 pairs of neighbours in a ring stands in 15 lines: 15 * 14 / 2 equal pairs each.
  CHECK(walked.equal == 100 * 105);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::ranges::sort(lines[i], {}, [&](std::uint32_t item) { return glissade::hashing::derive(i, 1, item); });
  }
  const auto drawn = evidence_of(lines);
  CHECK_FALSE(drawn.tells());
  CHECK(static_cast<double>(drawn.equal) == Approx(drawn.by_chance).epsilon(0.3));
}

TEST_CASE("the order of names is not one of time", "[unit]") {
  auto lines = walks();
  for (Numbers& line : lines) std::ranges::sort(line);  // i2 before i10: as numbers
  const auto ascending = evidence_of(lines);
  CHECK(ascending.sorted);
  CHECK(static_cast<double>(ascending.equal) > 1.5 * ascending.by_chance);
  CHECK_FALSE(ascending.tells());
  for (Numbers& line : lines) std::ranges::reverse(line);
  CHECK_FALSE(evidence_of(lines).tells());
  std::swap(lines[0][0], lines[0][1]);
  CHECK(evidence_of(lines).tells());
}

TEST_CASE("few pairs are no evidence, and an item that comes again adds none", "[unit]") {
  CHECK_FALSE(evidence_of({{0, 1, 2}, {0, 1, 2}, {0, 1, 2}}).tells());
  CHECK(evidence_of({{0, 1, 2}, {0, 1, 2}, {0, 1, 2}}).equal == 6);
  CHECK(evidence_of({{0, 1, 2, 1, 0}, {0, 0, 1, 2}, {0, 1, 2}}).equal == 6);
}
