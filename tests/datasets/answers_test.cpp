// Answers of other programs, in the forms that these write.
#include "datasets/answers.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;
using Ids = std::vector<std::uint32_t>;
using Offsets = std::vector<std::uint64_t>;

const std::vector<std::string> kNames = {"red", "blue sky", "a:1", "green", "twin", "twin"};

AnsweredData two_rows(const std::vector<std::string>* names = nullptr) { return {"test.txt", 2, 6, names, "names.txt"}; }

Answers read(const std::string& text, const AnsweredData& data) {
  const TemporaryFolder folder;
  auto answers = read_answers(folder.file("a.txt", text), data);
  INFO(text << (answers.ok() ? "" : answers.error().message));
  REQUIRE(answers.ok());
  return *answers;
}

/// The message without the folder.
std::string refusal(const std::string& text, const AnsweredData& data) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.txt", text);
  const auto answers = read_answers(path, data);
  REQUIRE_FALSE(answers.ok());
  std::string message = answers.error().message;
  const std::size_t at = message.find(path);
  REQUIRE(at != std::string::npos);
  return message.replace(at, path.size(), "a.txt");
}

}  // namespace

TEST_CASE("pairs of labels and scores, the largest first", "[unit]") {
  const Answers answers = read("3:0.5 5:-1e2 0:0.75 1:0.5\r\n\n", two_rows());
  CHECK(answers.offsets == Offsets{0, 4, 4});
  CHECK(answers.ids == Ids{0, 3, 1, 5});
  CHECK(answers.rows().rows() == 2);
}

TEST_CASE("labels without scores stay in their order", "[unit]") {
  CHECK(read("3 5 0\n  2\t1 ", two_rows()).ids == Ids{3, 5, 0, 2, 1});
}

TEST_CASE("a line of rows and labels may come first", "[unit]") {
  const Answers answers = read("2 6\n3:1\n4:1\n", two_rows());
  CHECK(answers.ids == Ids{3, 4});
  // It is one of the lines where there are as many as rows.
  CHECK(read("2 3\n4\n", two_rows()).ids == Ids{2, 3, 4});
  CHECK(read("2 6\n\n\n", two_rows()).ids.empty());
}

TEST_CASE("JSON lines", "[unit]") {
  const Answers answers = read("{\"labels\":[3,1],\"scores\":[0.25,1]}\n{\"labels\":[],\"more\":{}}\n", two_rows());
  CHECK(answers.offsets == Offsets{0, 2, 2});
  CHECK(answers.ids == Ids{1, 3});
  CHECK(read("{\"labels\":[\"green\",0]}\n{\"labels\":[\"blue sky\"]}", two_rows(&kNames)).ids == Ids{3, 0, 1});
}

TEST_CASE("JSON objects as predict writes them", "[unit]") {
  const std::string text =
      R"({"row":1,"user":"u","answers":[{"label":3,"name":"green","probability":0.25},{"label":5,"name":"twin","probability":0.5}]})"
      "\n{\"row\":2,\"error\":\"why\"}\n";
  CHECK(read(text, two_rows()).ids == Ids{5, 3});
  CHECK(read(text, two_rows()).offsets == Offsets{0, 2, 2});
  CHECK(read(text, two_rows(&kNames)).ids == Ids{5, 3});
  // A model that numbers its labels in another way.
  CHECK(read(R"({"answers":[{"label":0,"name":"green","logit":-1.5},{"label":9,"name":"red","logit":-1}]})"
             "\n\n",
             two_rows(&kNames))
            .ids == Ids{0, 3});
  CHECK(refusal("{\"answers\":[{\"name\":\"red\"}]}\n\n", two_rows()) ==
        R"('a.txt':1: '{"name":"red"}' is no answer; write it as {"label":3,"score":0.5})");
}

TEST_CASE("rows with an error have no answers", "[unit]") {
  CHECK(read("error: 'x':1: bad\n3:1\n", two_rows()).ids == Ids{3});
  const std::vector<std::string> names = {"red", "error: red"};
  AnsweredData data{"test.txt", 2, 2, &names, "names.txt"};
  CHECK(read("error: red:0.5\nerror: else\n", data).offsets == Offsets{0, 1, 1});
}

TEST_CASE("names with tabs, line ends and backslashes", "[unit]") {
  const std::vector<std::string> names = {"a\tb", "a\\tb", "a\nb", "c:\\new", "\\"};
  const AnsweredData data{"test.txt", 2, 5, &names, "names.txt"};
  CHECK(read("a\\tb:0.5\ta\\\\tb:0.4\ta\\nb:0.3\n\\\\:0.5\tc:\\new:0.1\n", data).ids == Ids{0, 1, 2, 4, 3});
}

TEST_CASE("names, with tabs between the pairs", "[unit]") {
  const Answers answers = read("blue sky:0.5\ta:1:0.75\na:1\tred\n", two_rows(&kNames));
  CHECK(answers.ids == Ids{2, 1, 2, 0});
  CHECK(answers.offsets == Offsets{0, 2, 4});
}

TEST_CASE("fastText's labels", "[unit]") {
  CHECK(read("__label__red 0.1 __label__green 0.9\n__label__green __label__red", two_rows(&kNames)).ids == Ids{3, 0, 3, 0});
}

TEST_CASE("a name that nothing has keeps its place, and is counted", "[unit]") {
  const Answers answers = read("black:1\tred:0.5\twhite:0.2\nred\n", two_rows(&kNames));
  CHECK(answers.ids == Ids{Answers::kUnknown, 0, Answers::kUnknown, 0});
  CHECK(answers.unknown == 2);
  CHECK(refusal("black:1\nwhite:1\n", two_rows(&kNames)) ==
        "none of the 2 answers in 'a.txt' is a name in 'names.txt'; give the names that these answers use");
}

TEST_CASE("where nobody said that pairs have names, the first one says it", "[unit]") {
  AnsweredData data = two_rows(&kNames);
  data.may_be_ids = true;
  CHECK(read("\n3:1 1:2\n", data).ids == Ids{1, 3});
  CHECK(read("green:1\n\n", data).ids == Ids{3});
  CHECK(read("{\"labels\":[\"green\",0]}\n{\"labels\":[]}\n", data).ids == Ids{3, 0});
  const std::vector<std::string> numbers = {"2", "1", "0", "x", "y", "z"};
  data.names = &numbers;
  CHECK(refusal("3:1 1:2\n\n", data) ==
        "'a.txt':1: '1' may be an id or a name in 'names.txt'; give ids as JSON, or --label-names FILE with names");
  data.may_be_ids = false;
  CHECK(read("2:1\t1:2\n\n", data).ids == Ids{1, 0});
}

TEST_CASE("lines that are no answers are named", "[unit]") {
  const std::string forms = "write 'label:score' pairs, or JSON such as {\"labels\":[3,8],\"scores\":[0.9,0.2]}";
  CHECK(refusal("1:1\nx:1\n", two_rows()) ==
        "'a.txt':2: the label of 'x:1' is no whole number; " + forms + "; labels that are names need --label-names FILE");
  CHECK(refusal("2 6\n1:1\n-1:1\n", two_rows()).starts_with("'a.txt':3: the label of '-1:1' is no whole number; "));
  CHECK(refusal("1:x\n\n", two_rows()) == "'a.txt':1: the score in '1:x' is not a number; write it as a decimal such as 0.25");
  CHECK(refusal("1:\n\n", two_rows()) == "'a.txt':1: the score in '1:' is not a number; write it as a decimal such as 0.25");
  CHECK(refusal("1:nan\n\n", two_rows()) == "'a.txt':1: a score is not a number (nan); write it as a decimal such as 0.25");
  CHECK(refusal("\n6:1\n", two_rows()) ==
        "'a.txt':2: label 6 is out of range: 'test.txt' has 6 labels, from 0 on; give answers to these data");
  CHECK(refusal("1:1 2\n\n", two_rows()) ==
        "'a.txt':1: some labels have a score and some have none; give all of a line scores, or none");
  CHECK(refusal("\n1:1 2:3 1:0\n", two_rows()) == "'a.txt':2: label 1 is answered twice; give each label of a row once");
  CHECK(refusal("{\"labels\":3}\n\n", two_rows()) == "'a.txt':1: this is no JSON object with an array \"labels\"; " + forms);
  CHECK(refusal("{\"labels\":[3]\n\n", two_rows()) == "'a.txt':1: this is no JSON object with an array \"labels\"; " + forms);
  CHECK(refusal("{\"labels\":[3],\"scores\":[]}\n\n", two_rows()) ==
        "'a.txt':1: \"scores\" is no array of 1 numbers, one for each label; " + forms);
  CHECK(refusal("{\"labels\":[3],\"scores\":[\"1\"]}\n\n", two_rows())
            .starts_with("'a.txt':1: the score in '\"1\"' is not a number; "));
  CHECK(refusal("{\"labels\":[-3]}\n\n", two_rows()) == "'a.txt':1: '-3' is no label; labels are whole numbers from 0, or names");
}

TEST_CASE("names that say too little are refused", "[unit]") {
  CHECK(refusal("{\"labels\":[\"red\"]}\n\n", two_rows()) ==
        "'a.txt':1: the label 'red' is a name; say which label it is with --label-names FILE");
  CHECK(refusal("__label__red\n\n", two_rows()) ==
        "'a.txt':1: labels such as '__label__red' are names; say what they are with --label-names FILE");
  CHECK(refusal("__label__red 1 green\n\n", two_rows(&kNames)) ==
        "'a.txt':1: 'green' is no label; write '__label__name score' pairs");
  CHECK(refusal("twin:1\n\n", two_rows(&kNames)) ==
        "'a.txt':1: the name 'twin' stands for 2 labels of 'names.txt'; give answers by id");
}

TEST_CASE("each row has a line of answers", "[unit]") {
  CHECK(refusal("1:1\n", two_rows()) ==
        "'a.txt' has 1 lines of answers where 'test.txt' has 2 rows; give a line for each row, an empty one for none");
  CHECK(refusal("1:1\n\n\n", two_rows()).starts_with("'a.txt' has 3 lines of answers where 'test.txt' has 2 rows; "));
}
