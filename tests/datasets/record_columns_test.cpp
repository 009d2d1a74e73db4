// What columns of records seem to hold, and how one would train on them.
#include <catch2/catch.hpp>

#include <string>

#include <fmt/format.h>

#include "datasets/record_columns.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

RecordFacts facts_of(const std::string& path, std::size_t most = 200'000) {
  RecordOptions options;
  options.columns = RecordFiles::open(path, options).value().columns();
  return describe_columns(RecordFiles::open(path, options).value(), most);
}

std::string posts(const char* line, int count) {
  std::string text = "id,title,tags,kind,price,nothing\n";
  for (int i = 0; i < count; ++i)
    text += fmt::format(fmt::runtime(line), 1000 + i, i, i % 7, i % 3, i % 2 == 0 ? "new" : "used", i % 11);
  return text;
}

constexpr const char* kLine = "{0},the {1}th post about a thing,t{2};u{3},{4},{5}.5,\n";

}  // namespace

TEST_CASE("columns are told by what they hold", "[unit]") {
  const TemporaryFolder folder;
  const RecordFacts facts = facts_of(folder.file("a.csv", posts(kLine, 200)));
  CHECK(facts.records == 200);
  CHECK(facts.all);
  REQUIRE(facts.columns.size() == 6);
  const auto guess = [&](std::size_t column) { return facts.columns[column].guess; };
  CHECK(guess(0) == ColumnGuess::ids);
  CHECK(guess(1) == ColumnGuess::text);
  CHECK(facts.columns[1].words == Approx(6));
  CHECK(guess(2) == ColumnGuess::list);
  CHECK(facts.columns[2].separator == ";");
  CHECK(facts.columns[2].different == 10);
  CHECK(guess(3) == ColumnGuess::categories);
  CHECK(guess(4) == ColumnGuess::numbers);
  CHECK(guess(5) == ColumnGuess::empty);
  CHECK(facts.columns[5].filled == 0);
  CHECK(facts.columns[3].examples == std::vector<std::string>{"new", "used"});
  const ColumnRoles roles = roles_of(facts.columns);
  CHECK(roles.labels == "tags");
  CHECK(roles.separator == ";");
  CHECK(roles.texts == std::vector<std::string>{"title"});
  CHECK(roles.categories == std::vector<std::string>{"kind"});
  CHECK(roles.numbers == std::vector<std::string>{"price"});
}

TEST_CASE("lists of JSON lines are labels where they repeat, texts where they do not", "[unit]") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += fmt::format("{{\"names\":[\"n{}\",\"m{}\"],\"about\":[\"a{}\",\"b{}\"]}}\n", i, i, i % 4, i % 5);
  const RecordFacts facts = facts_of(folder.file("a.jsonl", text));
  const ColumnRoles roles = roles_of(facts.columns);
  CHECK(roles.labels == "about");
  CHECK(roles.separator.empty());
  CHECK(roles.texts == std::vector<std::string>{"names"});
}

TEST_CASE("a name says which of two columns holds labels", "[unit]") {
  std::vector<ColumnFacts> columns(3);
  columns[0].name = "colour", columns[0].guess = ColumnGuess::list;
  columns[1].name = "Category", columns[1].guess = ColumnGuess::categories;
  columns[2].name = "body", columns[2].guess = ColumnGuess::text;
  CHECK(roles_of(columns).labels == "Category");
  columns[1].guess = ColumnGuess::empty;
  CHECK(roles_of(columns).labels == "colour");
  columns[0].guess = ColumnGuess::ids;
  CHECK(roles_of(columns).labels.empty());
}

TEST_CASE("of many records the first are looked at, and problems are counted", "[unit]") {
  const TemporaryFolder folder;
  std::string text = "a,b\n1,x\n1,2,3\n";
  for (int i = 0; i < 400'000; ++i) text += "1,x\n";
  const RecordFacts facts = facts_of(folder.file("a.csv", text), 1000);
  CHECK_FALSE(facts.all);
  CHECK(facts.records >= 1000);
  CHECK(facts.records < 400'000);
  CHECK(facts.problems == 1);
  CHECK(facts.first_problem.find("a.csv':3") != std::string::npos);
}
