// Records with named columns: formats and how they are told, blocks, files by pattern, and one exact message for each problem.
#include <oneapi/tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "datasets/records/record_files.h"
#include "datasets/records/record_parser.h"
#include "tests/datasets/archives.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;
using Strings = std::vector<std::string>;

/// "a+b|c" for a record with the texts a and b in its first field and c in its second, and its line.
struct Found {
  Strings records;
  std::vector<std::uint64_t> lines;
  Strings problems;
  std::uint64_t replaced = 0;
};

void append(const RecordBlock& block, Found& found) {
  for (std::size_t i = 0; i < block.size(); ++i) {
    std::string record;
    for (const auto& field : block.record(i)) {
      if (&field != block.record(i).data()) record += '|';
      for (const auto& text : field) {
        if (&text != field.data()) record += '+';
        record += text;
      }
    }
    found.records.push_back(record);
    found.lines.push_back(block.line(i));
  }
  for (const auto& problem : block.problems()) found.problems.push_back(problem.message);
  found.replaced += block.replaced();
}

Found all_of(const RecordFiles& files) {
  Found found;
  RecordBlock block;
  for (std::size_t i = 0; i < files.blocks(); ++i) {
    files.read(i, block);
    append(block, found);
  }
  return found;
}

struct Reader {
  TemporaryFolder folder;
  std::string name = "'" + (folder / "f") + "'";

  RecordFiles open(const std::string& text, const RecordOptions& options) {
    auto files = RecordFiles::open(folder.file("f", text), options);
    if (!files) FAIL(files.error().message);
    return std::move(*files);
  }
  Found read(const std::string& text, const RecordOptions& options) { return all_of(open(text, options)); }
  std::string format(const std::string& text) { return open(text, {}).format_text(); }
  Strings columns(const std::string& text) { return open(text, {}).columns(); }
  glissade::Error refusal(const std::string& text, const RecordOptions& options) {
    const auto files = RecordFiles::open(folder.file("f", text), options);
    REQUIRE_FALSE(files);
    CHECK(files.error().message.find('\n') == std::string::npos);
    return files.error();
  }
  /// The one problem of a text, without 'file':.
  std::string problem(const std::string& text, const RecordOptions& options) {
    const Found found = read(text, options);
    REQUIRE(found.problems.size() == 1);
    REQUIRE(found.problems[0].starts_with(name + ":"));
    return found.problems[0].substr(name.size() + 1);
  }
};

RecordOptions columns(Strings names) {
  RecordOptions options;
  options.columns = std::move(names);
  return options;
}

const std::string kNasty =
    "id,title,tags\r\n"
    "1,plain,\r\n"
    "\r\n"
    "2,\"a \"\"b\"\", c\",x y\r\n"
    "3,\"two\r\nlines\",\"\"\r\n"
    "4,5\" disk,'q'";

}  // namespace

TEST_CASE("a CSV text: quotes, line ends inside, empty cells, the order that is asked for", "[unit]") {
  Reader reader;
  const Found found = reader.read(kNasty, columns({"tags", "title", "id", "title"}));
  CHECK(found.records ==
        Strings{"|plain|1|plain", "x y|a \"b\", c|2|a \"b\", c", "|two\r\nlines|3|two\r\nlines", "'q'|5\" disk|4|5\" disk"});
  CHECK(found.lines == std::vector<std::uint64_t>{2, 4, 5, 7});
  CHECK(found.problems.empty());
  CHECK(reader.columns(kNasty) == Strings{"id", "title", "tags"});
}

TEST_CASE("CSV without a header has numbers for names", "[unit]") {
  Reader reader;
  RecordOptions options = columns({"2", "1"});
  options.header = false;
  CHECK(reader.read("a,b\nc,d", options).records == Strings{"b|a", "d|c"});
  CHECK(reader.read("a,b\nc,d", options).lines == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("quotes can be characters like others", "[unit]") {
  Reader reader;
  RecordOptions options = columns({"a"});
  options.quotes = false;
  CHECK(reader.read("a\tb\n\"x\ty\n", options).records == Strings{"\"x"});
}

TEST_CASE("objects: names inside, arrays, null, numbers as they are written, the first of two names", "[unit]") {
  Reader reader;
  const std::string text =
      "{\"id\": 1.50, \"t\": \"a\\u00e9\\n\", \"meta\": {\"tags\": [\"x\", null, 7, true], \"tags\": \"no\"}}\n\n"
      "{\"t\": null, \"meta\": [{\"tags\": \"p\"}, {\"tags\": [\"q\"]}]}\n"
      "{\"meta.tags\": \"\", \"t\": \"\\ud83d\\ude00\"}";
  const Found found = reader.read(text, columns({"t", "meta.tags", "id"}));
  CHECK(found.records == Strings{"a\xc3\xa9\n|x+7+true|1.50", "|p+q|", "\xf0\x9f\x98\x80||"});
  CHECK(found.lines == std::vector<std::uint64_t>{1, 3, 4});
  CHECK(found.problems.empty());
  CHECK(reader.columns(text) == Strings{"id", "t", "meta.tags"});
}

TEST_CASE("fastText: labels wherever they stand, and the text between them", "[unit]") {
  Reader reader;
  const Found found =
      reader.read("__label__a __label__b some text\n\n more __label__c  of it \nnone\r\n", columns({"labels", "text"}));
  CHECK(found.records == Strings{"a+b|some text", "c|more+of it", "|none"});
  CHECK(found.lines == std::vector<std::uint64_t>{1, 3, 4});
  RecordOptions options = columns({"labels"});
  options.label_prefix = "@";
  CHECK(reader.read("@x y\n", options).records == Strings{"x"});
}

TEST_CASE("plain lines keep their places", "[unit]") {
  Reader reader;
  RecordOptions options = columns({"text"});
  options.format = RecordFormat::lines;
  CHECK(reader.read("a, b\n\n {x\r\n", options).records == Strings{"a, b", "", " {x"});
}

TEST_CASE("fields are separated by what stands in each of the first records", "[unit]") {
  Reader reader;
  CHECK(reader.format("cat, house cat (n)\ta feline, tame\nlaw (n)\trules\n") == "TSV");
  CHECK(reader.format("cat, house cat\ta feline\nlaw\trules, of a state\n") == "TSV");
  CHECK(reader.format("a, b, c\tx\n\n\"many\nlines\tof, text\"\ty\nd\tz, z\n") == "TSV");
  CHECK(reader.format("title,tags\nred; blue,a;b\n\"x;y\",c;d\n") == "CSV");
  CHECK(reader.format("a;b,c\nd;e,f,g\nh,;i\n") == "CSV, separator ';'");
  // None is in all: as the first record says. A last one that is not whole says nothing.
  CHECK(reader.format("a,b;c;d\ne,f,g\n") == "CSV, separator ';'");
  CHECK(reader.format("a,b\tc\td\ne\tf,g\th\ni,") == "TSV");
}

TEST_CASE("the format is told by the first line", "[unit]") {
  Reader reader;
  CHECK(reader.format("a,b\n") == "CSV");
  CHECK(reader.format("a;b;c,d\n") == "CSV, separator ';'");
  CHECK(reader.format("\"a;b;c;\",d\n") == "CSV");
  CHECK(reader.format("a|b\n") == "CSV, separator '|'");
  CHECK(reader.format("a\tb\n") == "TSV");
  CHECK(reader.format("one column\nwith text\n") == "CSV");
  CHECK(reader.format("\xef\xbb\xbf \n {\"a\": 1}\n") == "JSON lines");
  CHECK(reader.format("x __label__y z\n") == "fastText");
  CHECK(reader.format("x__label__y,z\n") == "CSV");
}

TEST_CASE("files by a pattern are one, with a header each", "[unit]") {
  const TemporaryFolder folder;
  folder.file("day-2.csv", "b;a\n3;4\n");
  folder.file("day-1.csv", "a;b\n1;2");
  folder.file("day-3.csv", testing::gzip_of("a;b\n5;6\n7\n"));
  const auto files = RecordFiles::open(folder / "day-*.csv", columns({"a", "b"}));
  REQUIRE(files);
  const Found found = all_of(*files);
  CHECK(found.records == Strings{"1|2", "4|3", "5|6"});
  CHECK(found.problems == Strings{"'" + (folder / "day-3.csv") + "':3: 1 field where the header has 2; write empty fields, too"});
  CHECK(files->files().size() == 3);
  const auto none = RecordFiles::open(folder / "night-*.csv", {});
  REQUIRE_FALSE(none);
  CHECK(none.error().message == "no file matches the pattern '" + (folder / "night-*.csv") + "'; check it with ls");
  // A file that is called so wins.
  folder.file("day-*.csv", "a\nstar\n");
  CHECK(all_of(*RecordFiles::open(folder / "day-*.csv", columns({"a"}))).records == Strings{"star"});
}

TEST_CASE("a column that only the second of several files of objects has", "[unit]") {
  const TemporaryFolder folder;
  folder.file("1.jsonl", "{\"a\": 1}\n");
  folder.file("2.jsonl", "{\"a\": 2, \"b\": 3}\n");
  CHECK(all_of(*RecordFiles::open(folder / "*.jsonl", columns({"a", "b"}))).records == Strings{"1|", "2|3"});
  const auto none = RecordFiles::open(folder / "*.jsonl", columns({"c"}));
  REQUIRE_FALSE(none);
  CHECK(none.error().message == "'" + (folder / "1.jsonl") + "' has no column 'c'; its first objects have: a");
}

TEST_CASE("records do not depend on blocks, threads and packing", "[unit]") {
  std::string csv = kNasty + "\n", jsonl;
  for (int i = 0; i < 300; ++i) {
    csv += std::to_string(i) + ",\"a\n" + std::string(i % 7, '"') + std::string(i % 7, '"') + "\"," +
           (i % 5 == 0 ? "\"x\ny\"" : "z") + "\n";
    jsonl += "{\"id\": " + std::to_string(i) + ", \"title\": \"a\\n" + std::string(i % 9, 'b') + "\", \"tags\": [\"x\"]}\n";
  }
  Reader reader;
  for (const std::string& text : {csv, jsonl}) {
    RecordOptions options = columns({"title", "tags", "id"});
    const Found whole = reader.read(text, options);
    CHECK(whole.records.size() >= 300);
    CHECK(whole.problems.empty());
    for (std::size_t bytes = 1; bytes < 3000; bytes = bytes * 5 / 4 + 1) {
      options.block_bytes = bytes;
      const Found cut = reader.read(text, options);
      CHECK(cut.records == whole.records);
      CHECK(cut.lines == whole.lines);
    }
    options.block_bytes = 100;
    const RecordFiles files = reader.open(text, options);
    CHECK(files.blocks() > 20);
    std::vector<Found> parts(files.blocks());
    tbb::parallel_for(std::size_t{0}, files.blocks(), [&](std::size_t i) {
      RecordBlock block;
      files.read(i, block);
      append(block, parts[i]);
    });
    Found joined;
    for (const Found& part : parts) {
      joined.records.insert(joined.records.end(), part.records.begin(), part.records.end());
      joined.lines.insert(joined.lines.end(), part.lines.begin(), part.lines.end());
    }
    CHECK(joined.records == whole.records);
    CHECK(joined.lines == whole.lines);
    CHECK(reader.read(testing::gzip_of(text), options).records == whole.records);
    CHECK(reader.read(testing::zstd_of(text), options).records == whole.records);
    CHECK(reader.read(testing::zip_of({{"r", text}}), options).records == whole.records);
  }
}

TEST_CASE("files without records", "[unit]") {
  Reader reader;
  CHECK(reader.read("a,b\n", columns({"b"})).records.empty());
  CHECK(reader.read("a,b", columns({"b"})).records.empty());
  CHECK(reader.refusal("", columns({"a"})).message == reader.name + " holds no records; give it a header and rows");
  CHECK(reader.refusal("\n\r\n", columns({"a"})).message == reader.name + " holds no records; give it a header and rows");
  CHECK(reader.open("", {}).blocks() == 0);
}

TEST_CASE("columns that are not there", "[unit]") {
  Reader reader;
  const auto csv = reader.refusal("id,title,body\n", columns({"titel"}));
  CHECK(csv.kind == glissade::Error::Kind::usage);
  CHECK(csv.message == reader.name + " has no column 'titel'; did you mean 'title'? its columns are: id, title, body");
  CHECK(reader.refusal("{\"a\": {\"b\": 1, \"c\": 2}}\n", columns({"xyz"})).message ==
        reader.name + " has no column 'xyz'; its first objects have: a.b, a.c");
  CHECK(reader.refusal("__label__a b\n", columns({"tags"})).message ==
        reader.name + " has no column 'tags'; it is read as fastText, so its columns are: text, labels");
  RecordOptions bare = columns({"title"});
  bare.header = false;
  CHECK(reader.refusal("a,b\n", bare).message ==
        reader.name + " has no column 'title'; it is read without a header, so its columns are: 1, 2");
  CHECK(reader.refusal("a,b,a\n", columns({"a"})).message ==
        "the header of " + reader.name + " names two columns 'a'; rename one");
  CHECK(reader.refusal("[{\"a\": 1}]\n", {.columns = {"a"}, .format = RecordFormat::json_lines}).message ==
        reader.name + " begins with a JSON array; write one object a line, for instance with jq -c '.[]'");
  CHECK(reader.refusal("a,\"b\nc,d\n", columns({"a"})).message ==
        reader.name + ":1: the header has a quote that is not closed before 'b\\x0Ac,d\\x0A'; close it");
}

TEST_CASE("rows of CSV that cannot be taken", "[unit]") {
  Reader reader;
  const RecordOptions options = columns({"b"});
  CHECK(
      reader.problem("a,b\n1,2\n\"x\n,y\n", options) ==
      "3: the quote that opens column 'a' here is never closed; close it; a quote inside a quoted field is written twice (\"\")");
  CHECK(reader.problem("a,b\n\"x\ny\",\"1\"2\n", options) ==
        "3: '2' stands behind the closing quote of column 'b' that begins here; a quote inside a quoted field is written twice "
        "(\"\")");
  CHECK(reader.problem("a,b\n1,2,3\n", options) == "2: 3 fields where the header has 2; quote fields that hold ','");
  RecordOptions bare = columns({"2"});
  bare.header = false;
  CHECK(reader.problem("a,b\n1\n", bare) == "2: 1 field where the first record has 2; write empty fields, too");
  CHECK(reader.problem(std::string("a,b\n1,x\0y\n", 10), options) ==
        "2: column 'b' has a NUL byte; remove it, for instance with tr -d '\\000'");
  CHECK(reader.problem("a,b\n1," + std::string((std::size_t{10} << 20) + 1, 'x') + "\n", options) ==
        "2: column 'b' has 10.0 MiB here, and 10.0 MiB is the most; close its quote, or shorten it");
  // The others are read all the same, and the problem has its place among them.
  const RecordFiles files = reader.open("a,b\n1,2\n3\n4,5\n", options);
  RecordBlock block;
  files.read(0, block);
  REQUIRE(block.size() == 2);
  REQUIRE(block.problems().size() == 1);
  CHECK(block.problems()[0].record == 1);
  CHECK(block.problems()[0].line == 3);
}

TEST_CASE("lines of JSON that cannot be taken", "[unit]") {
  Reader reader;
  RecordOptions options = columns({"a"});
  options.format = RecordFormat::json_lines;
  const auto problem = [&](const std::string& line) { return reader.problem("{\"a\": 1}\n" + line + "\n", options); };
  CHECK(problem("{\"a\": 1") == "2: invalid JSON: it ends before its closing brace");
  CHECK(problem("{\"a\": \"x}") == "2: invalid JSON: a string is not closed");
  CHECK(problem("{\"a\": 1 \"b\": 2}") ==
        "2: invalid JSON after the name 'a': a comma, colon, bracket or value is missing or too many");
  CHECK(problem("{\"a\": 01}") == "2: invalid JSON after the name 'a': '01' is no value");
  CHECK(problem("{\"b\": NaN}") == "2: invalid JSON after the name 'b': a comma, colon, bracket or value is missing or too many");
  CHECK(problem("{\"b\": nul}") == "2: invalid JSON after the name 'b': 'nul' is no value");
  CHECK(problem("{\"b\": \"\\x\"}") == "2: invalid JSON after the name 'b': an escape in a string is none");
  CHECK(problem("{\"b\": \"\t\"}") == "2: invalid JSON: a control character in a string; write \\n, \\t or \\u0000 for it");
  CHECK(problem("{\"a\": 1} 2}") == "2: invalid JSON after the name 'a': text stands behind its closing brace");
  CHECK(problem("{\"b\": " + std::string(600, '[') + std::string(600, ']') + "}") ==
        "2: invalid JSON after the name 'b': objects and arrays lie too deep inside each other");
  CHECK(problem("[1]") == "2: a record is a JSON object, and this is an array; write one object a line");
  CHECK(problem("7") == "2: a record is a JSON object, and this is none; write one object a line");
  CHECK(problem("{\"a\": {\"b\": 1}}") ==
        "2: column 'a' is an object here, and a text, a number or an array of them is needed; ask for one of its names as "
        "'a.NAME'");
  CHECK(problem("{\"a\": [[1]]}") ==
        "2: column 'a' is an array of arrays here, and a text, a number or an array of them is needed; write one array");
  CHECK(problem("{\"a\": \"\\u0000\"}") == "2: column 'a' has a NUL byte; remove it, for instance with tr -d '\\000'");
  CHECK(problem(std::string("{\"a\": \"\0\"}", 10)) ==
        "2: the record has a NUL byte; remove it, for instance with tr -d '\\000'");
}

TEST_CASE("a label without a name", "[unit]") {
  Reader reader;
  CHECK(reader.problem("__label__ x\n", columns({"labels"})) ==
        "1: a label without a name; write it behind '__label__', without a space");
}

TEST_CASE("what is not UTF-8 is replaced and counted, or refused", "[unit]") {
  Reader reader;
  const RecordOptions options = columns({"a"});
  RecordOptions strict = options;
  strict.strict = true;
  const Found csv = reader.read("a,b\nx\xe9y,\xff\nz,\n\xf0\x9f\x98,\n", options);
  CHECK(csv.records == Strings{"x\xef\xbf\xbdy", "z", "\xef\xbf\xbd"});
  CHECK(csv.replaced == 2);
  CHECK(reader.problem("a,b\nx\xe9y,\xff\nz,\n", strict) ==
        "2: column 'a' is not UTF-8 at '\\xE9y'; convert the file, for instance with iconv");
  const Found json = reader.read("{\"a\": \"x\xe9\"}\n{\"a\": \"\\ud83d!\"}\n", options);
  CHECK(json.records == Strings{"x\xef\xbf\xbd", "\xef\xbf\xbd!"});
  CHECK(json.replaced == 2);
  CHECK(reader.problem("{\"a\": \"x\xe9\"}\n", strict) ==
        "1: the record is not UTF-8 at '\\xE9\"}'; convert the file, for instance with iconv");
  CHECK(reader.problem("{\"a\": \"\\ud83d!\"}\n", strict) ==
        "1: column 'a' has half of a pair of surrogates (\\uD800 to \\uDFFF); write both");
}

TEST_CASE("records that arrive in pieces", "[unit]") {
  RecordBlock block;
  RecordParser parser(columns({"title"}), "-");
  const auto take = [&](std::string_view text, bool last) {
    const auto taken = parser.read(text, last, block);
    REQUIRE(taken);
    return *taken;
  };
  CHECK(take("id,title\n", false) == 9);
  CHECK(block.size() == 0);
  CHECK(take("1,\"a", false) == 0);
  CHECK(take("1,\"a\nb\"\n2,c", false) == 8);
  REQUIRE(block.size() == 1);
  CHECK(block.field(0, 0)[0] == "a\nb");
  CHECK(block.line(0) == 2);
  CHECK(take("2,c", true) == 3);
  REQUIRE(block.size() == 1);
  CHECK(block.line(0) == 4);
  CHECK(parser.format_text() == "CSV");

  // A header, and the record that stands for one, may come in pieces, too.
  RecordParser late(columns({"title"}), "-");
  CHECK(*late.read("\"a\nb\"", false, block) == 0);
  CHECK(*late.read("\"a\nb\",\"title\n", false, block) == 0);
  CHECK(late.read("\"a\nb\",\"title\n", true, block).error().message ==
        "'standard input':2: the header has a quote that is not closed before 'title\\x0A'; close it");
  CHECK(*late.read("\"a\nb\",title\n1,2\n", false, block) == 16);
  CHECK(block.field(0, 0)[0] == "2");
  RecordOptions bare = columns({"2"});
  bare.header = false;
  RecordParser without(bare, "-");
  CHECK(*without.read("\"a\n", false, block) == 0);
  CHECK(*without.read("\"a\nb\",c\n", false, block) == 8);
  CHECK(block.field(0, 0)[0] == "c");

  RecordParser none(columns({"title", "body"}), "-");
  const auto refused = none.read("{\"titel\": 1}\n", false, block);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "'standard input' has no column 'title'; did you mean 'titel'? its first objects have: titel");
}
