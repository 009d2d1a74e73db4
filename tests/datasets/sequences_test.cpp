// Sequences of items: the words of a file, its keys, and the rows that are made of them.
#include "datasets/sequences.h"

#include <oneapi/tbb/global_control.h>
#include <catch2/catch.hpp>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "datasets/next_item_rows.h"
#include "tests/datasets/archives.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;
using Strings = std::vector<std::string>;
using Numbers = std::vector<std::uint32_t>;
using Offsets = std::vector<std::uint64_t>;

Sequences read(const std::string& text, LineKey key = LineKey::off) {
  const TemporaryFolder folder;
  auto sequences = read_sequences(folder.file("s", text), key);
  REQUIRE(sequences);
  return std::move(*sequences);
}

std::string refusal(const std::string& path, LineKey key = LineKey::off) {
  const auto sequences = read_sequences(path, key);
  REQUIRE_FALSE(sequences);
  CHECK(sequences.error().message.find('\n') == std::string::npos);
  return sequences.error().message;
}

struct Row {
  Numbers ids;
  std::vector<float> values;
  Numbers labels;
};

Row row_of(const NextItemRows& rows, std::size_t row) {
  const auto& view = rows.data.view();
  const auto ids = view.features.row_ids(row), labels = view.labels.row_ids(row);
  const auto values = view.features.row_values(row);
  return {{ids.begin(), ids.end()}, {values.begin(), values.end()}, {labels.begin(), labels.end()}};
}

/// Lines of eight items out of 50, a key of its own before each, if wanted.
std::string many_lines(bool keys) {
  std::string text;
  for (int line = 0; line < 200; ++line) {
    if (keys) text += "u" + std::to_string(line) + " ";
    for (int i = 0; i < 8; ++i) text += "i" + std::to_string((line * 31 + i * i * 7) % 50) + " ";
    text += "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("items are numbered in the order in which a file has them", "[unit]") {
  const Sequences s = read(" b a\tb \r\n\n#c 1:2 a\vb\ndr\xc3\xb6le");
  CHECK(s.names == Strings{"b", "a", "#c", "1:2", "dr\xc3\xb6le"});
  CHECK(s.items == Numbers{0, 1, 0, 2, 3, 1, 0, 4});
  CHECK(s.offsets == Offsets{0, 3, 3, 7, 8});
  CHECK(s.groups == Offsets{0, 1, 2, 3});
  CHECK_FALSE(s.keyed);
}

TEST_CASE("a key is no item, and lines of one key belong together", "[unit]") {
  const Sequences s = read("u a b\nv b c\nu c\n\nw\n", LineKey::on);
  CHECK(s.names == Strings{"a", "b", "c"});
  CHECK(s.items == Numbers{0, 1, 1, 2, 2});
  CHECK(s.offsets == Offsets{0, 2, 4, 5, 5, 5});
  CHECK(s.groups[0] == s.groups[2]);
  CHECK(s.groups[0] != s.groups[1]);
  // An item may have the name of a key.
  CHECK(read("1 2 1\n2 1 2\n", LineKey::on).names == Strings{"2", "1"});
}

TEST_CASE("a key is detected where chance would have made lines begin alike", "[unit]") {
  CHECK(read(many_lines(true), LineKey::detect).keyed);
  CHECK(read(many_lines(true), LineKey::detect).names.size() == 50);
  CHECK_FALSE(read(many_lines(false), LineKey::detect).keyed);
  // Two lines say nothing.
  CHECK_FALSE(read("u a b\nv b a\n", LineKey::detect).keyed);
  // One line that begins as another does, and the first words are no keys.
  CHECK_FALSE(read(many_lines(true) + "u7 i1 i2\n", LineKey::detect).keyed);
}

TEST_CASE("sequences do not depend on threads, nor on what they are packed in", "[unit]") {
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i % 977) + (i % 11 == 10 ? "\n" : " ");
  const Sequences many = read(text, LineKey::off);
  const oneapi::tbb::global_control one(oneapi::tbb::global_control::max_allowed_parallelism, 1);
  const Sequences single = read(text, LineKey::off);
  CHECK(many.names == single.names);
  CHECK(many.items == single.items);
  CHECK(many.offsets == single.offsets);
  CHECK(many.names[3] == "3");
  CHECK(many.size() == static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  CHECK(read(testing::gzip_of(text)).items == single.items);
  CHECK(read(testing::zstd_of(text)).items == single.items);
  CHECK(read(testing::zip_of({{"s", text}})).items == single.items);
}

TEST_CASE("sequences of known items", "[unit]") {
  const TemporaryFolder folder;
  const auto s = read_sequences(folder.file("s", "k b x a\n\nl y b"), Strings{"a", "b"}, true);
  REQUIRE(s);
  CHECK(s->items == Numbers{1, 2, 0, 2, 1});
  CHECK(s->offsets == Offsets{0, 3, 3, 5});
  CHECK(s->unknown == 2);
  CHECK(s->groups[0] != s->groups[2]);
  const auto none = read_sequences(folder.file("e", ""), Strings{"a", "b"}, true);
  REQUIRE_FALSE(none);
  CHECK(none.error().message == "'" + (folder / "e") + "' holds no items; give it lines of them");
}

TEST_CASE("files that hold no sequences", "[unit]") {
  const TemporaryFolder folder;
  const auto path = [&](const std::string& text) { return folder.file("s", text); };
  const std::string name = "'" + (folder / "s") + "'";
  CHECK(refusal(path("")) == name + " holds no items; give it lines of them");
  CHECK(refusal(path("\n \n")) == name + " holds no items; give it lines of them");
  CHECK(refusal(path("a b\n"), LineKey::on) == name + " has one different item, 'b', and two are needed; give it more");
  CHECK(refusal(path("a b\nc \xff\n")) == name + ":2: the item '\\xFF' is not UTF-8; convert the file, for instance with iconv");
}

TEST_CASE("each item but the first of a sequence becomes a row of what is before it", "[unit]") {
  const Sequences s = read("a b c a\nd\nb d\n");
  const auto rows = prefix_rows(s, {.decay = 0.5, .window = 2}, 0, "s");
  REQUIRE(rows);
  const auto& view = rows->data.view();
  CHECK(view.feature_count == 8);
  CHECK(view.label_count == 4);
  REQUIRE(view.size() == 4);
  CHECK(row_of(*rows, 0).ids == Numbers{0, 4});
  CHECK(row_of(*rows, 0).labels == Numbers{1});
  CHECK(row_of(*rows, 1).ids == Numbers{0, 1, 5});
  CHECK(row_of(*rows, 1).values == std::vector<float>{0.5f, 1.f, 1.f});
  // The window leaves the first item out.
  CHECK(row_of(*rows, 2).ids == Numbers{1, 2, 6});
  CHECK(row_of(*rows, 2).labels == Numbers{0});
  CHECK(row_of(*rows, 3).labels == Numbers{3});
  CHECK(rows->short_lines == 1);
  CHECK(rows->repeats == 0);
  CHECK(prefix_rows(s, {.decay = 0.5, .window = 3}, 0, "s")->repeats == 1);
}

TEST_CASE("an item that stands at several places has the sum of its values", "[unit]") {
  Numbers ids;
  std::vector<float> values;
  append_history(Numbers{1, 0, 1}, {.decay = 0.5, .window = 50}, 2, ids, values);
  CHECK(ids == Numbers{0, 1, 3});
  CHECK(values == std::vector<float>{0.5f, 1.25f, 1.f});
}

TEST_CASE("items count by their weight and by the time since the last one", "[unit]") {
  const Numbers items{1, 0, 1, 0};
  const std::vector<float> weights{4, 8, 2, 6};
  const std::vector<EventTime> times{{0, 0}, {10, 0}, {14, 0.5}, {20, 0.5}};
  const auto row = [&](const History& history, const HistoryRules& rules) {
    Numbers ids;
    std::vector<float> values;
    append_history(history, rules, 2, ids, values);
    CHECK(ids == Numbers{0, 1, 2});
    return values;
  };
  using Values = std::vector<float>;
  CHECK(row({items, weights}, {.decay = 1, .mean_weight = 2}) == Values{7, 3, 3});
  CHECK(row({items, weights}, {.decay = 0.5, .mean_weight = 2}) == Values{4, 0.75f, 3});
  CHECK(row({items}, {.decay = 1, .mean_weight = 2}) == Values{2, 2, 1});
  const Values halved = row({items, {}, times}, {.decay = 1, .half_life = 3});
  CHECK(halved[0] == Approx(1 + std::exp2(-3.5)));
  CHECK(halved[1] == Approx(0.25 + std::exp2(-20.5 / 3)));
  CHECK(halved[2] == 1);
  CHECK(row({items, {}, times}, {.decay = 1}) == Values{2, 2, 1});  // times count with a half-life alone
  const Values both = row({items, weights, times}, {.decay = 0.5, .window = 2, .half_life = 6, .mean_weight = 2});
  CHECK(both == Values{3, 0.25f, 3});
  // An item of long ago stays in the row: it may be one that is not to be answered.
  CHECK(row({items, {}, times}, {.decay = 1, .half_life = 1e-9})[1] == 0x1p-23f);
}

TEST_CASE("features of items stand behind their histories, as much as their items", "[unit]") {
  ItemFeatures features;
  features.features = 3;
  features.offsets = {0, 2, 3};
  features.ids = {0, 2, 2};
  features.values = {0.5f, 0.25f, 1};
  const Numbers items{2, 0, 1};  // 2 is unknown and has a row; 1 has none
  const Numbers rows{1, 0, ItemFeatures::kNoRow};
  Numbers ids;
  std::vector<float> values;
  append_history({items, {}, {}, rows, features.view()}, {.decay = 0.5, .window = 50}, 2, ids, values);
  CHECK(ids == Numbers{0, 1, 3, 4, 6});
  CHECK(values == std::vector<float>{0.5f, 1, 1, 0.25f, 0.125f + 0.25f});
  ids.clear();
  values.clear();
  append_history({Numbers{2}, {}, {}, Numbers{0}, features.view()}, {}, 2, ids, values);  // nothing but features
  CHECK(ids == Numbers{4, 6});
  Sequences s = read("a b a\n");
  s.rows = {0, 1, 0};
  s.features = std::make_shared<const ItemFeatures>(features);
  const auto made = prefix_rows(s, {}, 0, "s");
  REQUIRE(made);
  CHECK(made->data.view().feature_count == 2 * 2 + 3);
  CHECK(Numbers(made->data.view().features.row_ids(0).begin(), made->data.view().features.row_ids(0).end()) ==
        Numbers{0, 2, 4, 6});
}

TEST_CASE("counts of items' words are weighed as tf-idf, rows of length 1", "[unit]") {
  ItemFeatures counts;
  counts.features = 2;
  counts.offsets = {0, 2, 2, 3};
  counts.ids = {0, 1, 0};
  counts.values = {1, 3, 5};
  weigh(counts, Numbers{2, 1}, 3);
  const double often = std::log(4.0 / 3) + 1, rare = (1 + std::log(3.0)) * (std::log(4.0 / 2) + 1);
  CHECK(counts.values[0] == Approx(often / std::hypot(often, rare)));
  CHECK(counts.values[1] == Approx(rare / std::hypot(often, rare)));
  CHECK(counts.values[2] == Approx(1));
}

TEST_CASE("unknown items have an age and no feature", "[unit]") {
  Numbers ids;
  std::vector<float> values;
  append_history(Numbers{0, 2, 1, 2}, {.decay = 0.5, .window = 50}, 2, ids, values);
  CHECK(ids == Numbers{0, 1});
  CHECK(values == std::vector<float>{0.125f, 0.5f});
  append_history(Numbers{}, {}, 2, ids, values);
  CHECK(ids.size() == 2);
}

TEST_CASE("the last items are held out, and asked for from the end", "[unit]") {
  const Sequences s = read("a b c d\na b\nd\nb c d\n");
  const auto train = prefix_rows(s, {}, 2, "s");
  REQUIRE(train);
  REQUIRE(train->data.view().size() == 1);
  CHECK(row_of(*train, 0).labels == Numbers{1});
  CHECK(train->short_lines == 3);
  const auto valid = last_rows(s, {}, 2, "s");
  REQUIRE(valid);
  REQUIRE(valid->data.view().size() == 2);
  CHECK(row_of(*valid, 0).labels == Numbers{2});
  CHECK(row_of(*valid, 0).ids == Numbers{0, 1, 5});
  CHECK(row_of(*valid, 1).labels == Numbers{2});
  CHECK(row_of(*valid, 1).ids == Numbers{1, 5});
  const auto test = last_rows(s, {}, 1, "s");
  REQUIRE(test);
  CHECK(test->data.view().size() == 3);
  CHECK(row_of(*test, 0).labels == Numbers{3});
  CHECK(row_of(*test, 0).ids.size() == 4);
}

TEST_CASE("what is before a held-out item is all of it, for rows as they are", "[unit]") {
  const Sequences s = read("a b a c\nc\nb c\n");
  const HistoryRules short_sighted{.window = 1};
  const SeenItems last = seen_before(s, 1);
  REQUIRE(last_rows(s, short_sighted, 1, "s")->data.view().size() == last.view().rows());
  CHECK(last.offsets == Offsets{0, 3, 4});
  CHECK(last.items == Numbers{0, 1, 0, 1});
  const SeenItems before = seen_before(s, 2);
  REQUIRE(last_rows(s, short_sighted, 2, "s")->data.view().size() == before.view().rows());
  CHECK(before.items == Numbers{0, 1});
}

TEST_CASE("sequences that are all too short", "[unit]") {
  const Sequences s = read("a b\nc\n");
  const auto train = prefix_rows(s, {}, 1, "s.txt");
  REQUIRE_FALSE(train);
  CHECK(train.error().message ==
        "'s.txt': 3 items in a line are needed, the longest has 2; give longer sequences, or hold fewer items out");
  CHECK_FALSE(last_rows(s, {}, 2, "s.txt"));
  CHECK(last_rows(s, {}, 1, "s.txt"));
}

TEST_CASE("a target that is unknown is a miss", "[unit]") {
  const TemporaryFolder folder;
  const auto s = read_sequences(folder.file("s", "a b x\n"), Strings{"a", "b"}, false);
  REQUIRE(s);
  const auto rows = last_rows(*s, {}, 1, "s");
  REQUIRE(rows);
  CHECK(row_of(*rows, 0).labels == Numbers{2});
  CHECK(rows->data.view().label_count == 3);
  CHECK(rows->data.view().feature_count == 4);
}

TEST_CASE("items that never come again are told from those that could", "[unit]") {
  std::string once, again;
  for (int line = 0; line < 300; ++line) {
    for (int i = 0; i < 6; ++i) once += std::to_string((line * 7 + i * 3) % 40) + " ";
    once += "\n";
  }
  const auto rows = prefix_rows(read(once), {}, 0, "s");
  REQUIRE(rows);
  CHECK(rows->repeats == 0);
  CHECK(rows->expected_repeats > 20);
  CHECK(rows->never_repeats);
  CHECK_FALSE(prefix_rows(read(once + "1 2 1\n"), {}, 0, "s")->never_repeats);
  CHECK_FALSE(prefix_rows(read("a b c\nc a b\n"), {}, 0, "s")->never_repeats);
  // Next items b c a b; a is looked back at three times, b once, c twice: (3 * 1 + 1 * 2 + 2 * 1) / 4.
  CHECK(prefix_rows(read("a b c\nc a b\n"), {}, 0, "s")->expected_repeats == Approx(1.75));
}
