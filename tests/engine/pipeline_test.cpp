#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <oneapi/tbb/global_control.h>
#include <catch2/catch.hpp>

#include <glissade/pipeline.h>

namespace glissade {
namespace {

using Fields = std::vector<std::vector<std::string>>;  ///< the texts of each column

/// A record in the form that the pipeline takes.
class Views {
 public:
  explicit Views(const Fields& fields) {
    for (const auto& field : fields) texts_.emplace_back(field.begin(), field.end());
    for (const auto& texts : texts_) record_.emplace_back(texts);
  }
  Record record() const { return record_; }

 private:
  std::vector<std::vector<std::string_view>> texts_;
  std::vector<std::span<const std::string_view>> record_;
};

PipelineOptions text_options() {
  PipelineOptions options;
  options.columns = {{"title", ColumnKind::text, 0, 1}};
  return options;
}

FittedPipeline fit(const PipelineOptions& options, const std::vector<Fields>& records, std::size_t block = 2) {
  const std::size_t blocks = (records.size() + block - 1) / block;
  auto fitted = fit_pipeline(options, blocks, [&](std::size_t at, RecordSink& sink) -> Result<void> {
    for (std::size_t i = at * block; i < std::min(records.size(), (at + 1) * block); ++i) sink.add(Views(records[i]).record());
    return {};
  });
  REQUIRE(fitted);
  return std::move(*fitted);
}

/// The features of one text, by name.
std::map<std::string, float> words(const std::string& text, PipelineOptions options = text_options()) {
  const FittedPipeline fitted = fit(options, {{{text}}});
  std::map<std::string, float> found;
  for (std::size_t i = 0; i < fitted.rows.ids.size(); ++i) found[fitted.names[fitted.rows.ids[i]]] = fitted.rows.values[i];
  return found;
}

using Found = std::map<std::string, float>;

}  // namespace

TEST_CASE("Words are runs of letters and digits, folded") {
  CHECK(words("The cat, the CAT; 3 cats!") == Found{{"the", 2}, {"cat", 2}, {"3", 1}, {"cats", 1}});
  CHECK(words("Äpfel été Ångström naïve") == Found{{"apfel", 1}, {"ete", 1}, {"angstrom", 1}, {"naive", 1}});
  CHECK(words("e\xcc\x81t\xc3\xa9") == Found{{"ete", 1}});  // an accent that stands alone
  CHECK(words("Straße ﬁn ＡＢＣ") == Found{{"strasse", 1}, {"fin", 1}, {"abc", 1}});
  CHECK(words("ΑΘΗΝΑ Привет") == Found{{"αθηνα", 1}, {"привет", 1}});
  CHECK(words("हिन्दी") == Found{{"हिन्दी", 1}});  // its marks are vowels
  CHECK(words("don't l'été") == Found{{"don", 1}, {"t", 1}, {"l", 1}, {"ete", 1}});
  CHECK(words("").empty());
  CHECK(words(" \t\n.,;--- ").empty());
}

TEST_CASE("Names of languages keep their signs") {
  CHECK(words("C++ and c#, F# (C)") == Found{{"c++", 1}, {"and", 1}, {"c#", 1}, {"f#", 1}, {"c", 1}});
  CHECK(words("3+4 #tag a+b+ c+") == Found{{"3", 1}, {"4", 1}, {"tag", 1}, {"a", 1}, {"b+", 1}, {"c+", 1}});
}

TEST_CASE("Scripts without spaces give pairs of characters") {
  CHECK(words("東京都 人") == Found{{"東京", 1}, {"京都", 1}, {"人", 1}});
  CHECK(words("abc東京x") == Found{{"abc", 1}, {"東京", 1}, {"x", 1}});
}

TEST_CASE("Invalid UTF-8 separates words") {
  CHECK(words("ab\xff"
              "cd\xe4") == Found{{"ab", 1}, {"cd", 1}});
  CHECK(words("\xf0\x9f\x98\x80 smile") == Found{{"smile", 1}});
}

TEST_CASE("Long words are cut off at a character") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "é";
  text += "ж";
  PipelineOptions options = text_options();
  CHECK(words(text, options) == Found{{std::string(100, 'e') + "ж", 1}});
  CHECK(words(std::string(127, 'a') + "жb", options) == Found{{std::string(127, 'a') + "b", 1}});
}

TEST_CASE("What stands before a text does not change how it is cut") {
  // Text is looked at in blocks of bytes: spaces before it move their bounds.
  constexpr std::array<std::string_view, 14> kPieces = {"a", "B",   "9", "word", " ",  ", ", ".\n",
                                                        "+", "c++", "#", "é",    "東", "ж",  "\xff"};
  std::mt19937 random(1);
  PipelineOptions options = text_options();
  options.word_ngrams = 2;
  for (int round = 0; round < 40; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += kPieces[random() % kPieces.size()];
    const Found plain = words(text, options);
    for (std::size_t spaces = 1; spaces < 66; spaces += 1 + random() % 4) {
      INFO(spaces << " spaces before " << text);
      CHECK(words(std::string(spaces, ' ') + text, options) == plain);
      CHECK(words(std::string(spaces, ' ') + text + std::string(spaces, ' '), options) == plain);
    }
  }
}

TEST_CASE("Words that end at the bounds of blocks stay whole") {
  for (std::size_t size = 60; size <= 140; ++size) {
    const std::string word(std::min<std::size_t>(size, 128), 'q');
    CHECK(words(std::string(size, 'Q')) == Found{{word, 1}});
    CHECK(words(std::string(size, 'Q') + " é") == Found{{word, 1}, {"e", 1}});
  }
}

TEST_CASE("Runs of words and pieces of words") {
  PipelineOptions options = text_options();
  options.word_ngrams = 3;
  CHECK(words("a b c", options) == Found{{"a", 1}, {"b", 1}, {"c", 1}, {"a b", 1}, {"b c", 1}, {"a b c", 1}});
  CHECK(words("a b, c", options) == Found{{"a", 1}, {"b", 1}, {"c", 1}, {"a b", 1}});
  options.word_ngrams = 2;
  const FittedPipeline apart = fit(options, {{{"a b", "c"}}});  // two texts of one field
  CHECK(std::ranges::count(apart.names, "b c") == 0);
  options.word_ngrams = 1;
  options.shortest_piece = 3;
  options.longest_piece = 4;
  CHECK(words("été", options) == Found{{"ete", 1}, {"~_et", 1}, {"~ete", 1}, {"~te_", 1}, {"~_ete", 1}, {"~ete_", 1}});
}

TEST_CASE("Runs of words that phrases have are features, and no others") {
  const std::vector<std::string> phrases = {"domestic cat, house cat (n)", "Ice-cream sundae of the day", "one"};
  const std::vector<Fields> records = {{{"The domestic cat: cat house, house cat. Ice cream sundae!"}}, {{"domestic. Cat ice"}}};
  const auto fitted = fit_pipeline(
      text_options(), records.size(),
      [&](std::size_t block, RecordSink& sink) -> Result<void> {
        sink.add(Views(records[block]).record());
        return {};
      },
      phrases);
  REQUIRE(fitted);
  std::vector<std::string> runs;
  for (const std::string& name : fitted->names) {
    if (name.find(' ') != std::string::npos) runs.push_back(name);
  }
  std::ranges::sort(runs);
  CHECK(runs == std::vector<std::string>{"cream sundae", "domestic cat", "house cat", "ice cream", "ice cream sundae"});
  CHECK(fitted->rows.words == 13);  // runs are not counted
  const auto pipeline = Pipeline::read(pipeline_notes(fitted->options), fitted->names);
  REQUIRE(pipeline);
  Pipeline::Workspace workspace;
  const PipelineRow row = pipeline->row(Views(records[0]).record(), workspace);
  CHECK(std::vector(row.ids.begin(), row.ids.end()) ==
        std::vector(fitted->rows.ids.begin(), fitted->rows.ids.begin() + static_cast<long>(fitted->rows.offsets[1])));
  CHECK(row.unknown == 0);
  CHECK(pipeline->row(Views({{"a house cat"}}).record(), workspace).unknown == 1);
}

TEST_CASE("Stems know accents, and lose them afterwards") {
  PipelineOptions options = text_options();
  options.stemmer = "english";
  CHECK(words("Running runs cafés", options) == Found{{"run", 2}, {"cafe", 1}});
  options.stemmer = "german";
  CHECK(words("Häuser Haus", options) == Found{{"haus", 2}});
}

TEST_CASE("Columns of each kind have features of their own") {
  PipelineOptions options;
  options.columns = {
      {"title", ColumnKind::text, 0, 1}, {"shop", ColumnKind::categories, 0, 1}, {"price", ColumnKind::numbers, 0, 1}};
  const FittedPipeline fitted =
      fit(options, {{{"red"}, {"a b"}, {"1"}}, {{"red"}, {"c", "c"}, {" +3 "}}, {{"blue"}, {}, {}}, {{}, {"c"}, {"5e0"}}});
  CHECK(fitted.names == std::vector<std::string>{"price=", "red", "shop=c", "blue", "shop=a b"});
  CHECK(fitted.rows.offsets == std::vector<std::uint64_t>{0, 3, 6, 7, 9});
  CHECK(fitted.rows.ids == std::vector<std::uint32_t>{0, 1, 4, 0, 1, 2, 3, 0, 2});
  const float deviation = std::sqrt(8.f / 3.f);
  CHECK(fitted.rows.values[0] == Approx(-2 / deviation));
  CHECK(fitted.rows.values[3] == Approx(0).margin(1e-6));
  CHECK(fitted.rows.values[7] == Approx(2 / deviation));
  options.columns_apart = true;
  CHECK(fit(options, {{{"red"}, {}, {}}}).names == std::vector<std::string>{"title:red"});
}

TEST_CASE("A text that is no number is told and counts as none") {
  PipelineOptions options;
  options.columns = {{"a", ColumnKind::numbers, 0, 1}, {"b", ColumnKind::numbers, 0, 1}};
  std::vector<std::int32_t> told;
  const std::vector<Fields> records = {{{"1"}, {"2"}}, {{"1"}, {"x"}}, {{"nan"}, {"inf"}}, {{"3,5"}, {""}}};
  const auto fitted = fit_pipeline(options, 1, [&](std::size_t, RecordSink& sink) -> Result<void> {
    for (const Fields& fields : records) told.push_back(sink.add(Views(fields).record()));
    return {};
  });
  REQUIRE(fitted);
  CHECK(told == std::vector<std::int32_t>{-1, 1, 0, 0});
  CHECK(fitted->rows.offsets == std::vector<std::uint64_t>{0, 2, 3, 3, 3});
}

TEST_CASE("Rare words are left out, and of the others the most frequent stay") {
  PipelineOptions options = text_options();
  options.min_rows = 2;
  const std::vector<Fields> records = {{{"a b c"}}, {{"b a"}}, {{"b d d"}}, {{"c"}}};
  CHECK(fit(options, records).names == std::vector<std::string>{"b", "a", "c"});
  CHECK(fit(options, records).different == 4);
  options.max_features = 2;
  CHECK(fit(options, records).names == std::vector<std::string>{"b", "a"});
}

TEST_CASE("Threads and blocks change nothing") {
  std::vector<Fields> records;
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (int w = 0; w < 12; ++w) text += " w" + std::to_string((i * 7 + w * w * 31) % (20 + i));
    records.push_back({{text}});
  }
  const FittedPipeline one = fit(text_options(), records, 500);
  for (const std::size_t threads : {1, 2, 4}) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    for (const std::size_t block : {1, 7, 100}) {
      const FittedPipeline other = fit(text_options(), records, block);
      CHECK(other.names == one.names);
      CHECK(other.rows.offsets == one.rows.offsets);
      CHECK(other.rows.ids == one.rows.ids);
      CHECK(other.rows.values == one.rows.values);
    }
  }
}

TEST_CASE("A pipeline that was kept makes the rows that it was fitted to") {
  PipelineOptions options;
  options.columns = {{"a title\nof two lines", ColumnKind::text, 0, 1},
                     {"shop \\ town", ColumnKind::categories, 0, 1},
                     {"price in EUR", ColumnKind::numbers, 0, 1}};
  options.word_ngrams = 2;
  options.shortest_piece = 2;
  options.longest_piece = 3;
  options.stemmer = "english";
  options.min_rows = 1;
  options.max_features = 1000;
  const std::vector<Fields> records = {
      {{"Running cats"}, {"x y"}, {"17.25"}}, {{"cats and dogs", "dogs"}, {"z"}, {"1e3"}}, {{}, {}, {"-4"}}};
  const FittedPipeline fitted = fit(options, records, 1);
  const auto pipeline = Pipeline::make(fitted.options, fitted.names);
  REQUIRE(pipeline);
  const std::string notes = pipeline->notes();
  CHECK(notes.starts_with("pipeline 1\ntext a title\\nof two lines\ncategories shop \\\\ town\nnumbers "));
  const auto again = Pipeline::read(notes + "labels tags\n", fitted.names);
  REQUIRE(again);
  CHECK(again->options() == fitted.options);
  Pipeline::Workspace workspace;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const PipelineRow row = again->row(Views(records[i]).record(), workspace);
    const std::size_t begin = fitted.rows.offsets[i], end = fitted.rows.offsets[i + 1];
    CHECK(std::vector(row.ids.begin(), row.ids.end()) ==
          std::vector(fitted.rows.ids.begin() + static_cast<long>(begin), fitted.rows.ids.begin() + static_cast<long>(end)));
    CHECK(std::vector(row.values.begin(), row.values.end()) == std::vector(fitted.rows.values.begin() + static_cast<long>(begin),
                                                                           fitted.rows.values.begin() + static_cast<long>(end)));
    CHECK(row.unknown == 0);
  }
  const PipelineRow row = again->row(Views({{"cats unknown"}, {"nowhere"}, {"much"}}).record(), workspace);
  CHECK(row.no_number == 2);
  CHECK(row.words > row.unknown);
  CHECK(row.unknown >= 2);
}

TEST_CASE("A pipeline of a later version is refused") {
  const std::vector<std::string> none;
  const auto usual = Pipeline::read("pipeline 1\ntext x\n\n", none);
  REQUIRE(usual);
  CHECK(usual->notes() == "pipeline 1\ntext x\n\n");
  CHECK_FALSE(Pipeline::is_pipeline("format xmc\n"));
  CHECK_FALSE(Pipeline::read("format xmc\n", none));
  CHECK_FALSE(Pipeline::read("pipeline 1\ntext a\nfuture 1\n\n", none));
  CHECK_FALSE(Pipeline::read("pipeline 1\nnumbers 1 0 a\n\n", none));
  CHECK_FALSE(Pipeline::read("pipeline 1\n\n", none));
}

TEST_CASE("Options of a pipeline that cannot be worked with are refused") {
  const auto refused = [](auto change) {
    PipelineOptions options = text_options();
    change(options);
    const auto ok = validate(options);
    return !ok && ok.error().kind == Error::Kind::usage;
  };
  CHECK(refused([](PipelineOptions& o) { o.columns.clear(); }));
  CHECK(refused([](PipelineOptions& o) { o.columns.push_back(o.columns[0]); }));
  CHECK(refused([](PipelineOptions& o) { o.word_ngrams = 0; }));
  CHECK(refused([](PipelineOptions& o) { o.word_ngrams = 4; }));
  CHECK(refused([](PipelineOptions& o) { o.longest_piece = 9; }));
  CHECK(refused([](PipelineOptions& o) { o.longest_piece = 3; }));
  CHECK(refused([](PipelineOptions& o) { o.max_features = 0; }));
  CHECK(refused([](PipelineOptions& o) { o.stemmer = "klingon"; }));
  CHECK_FALSE(refused([](PipelineOptions& o) { o.stemmer = "finnish"; }));
}

TEST_CASE("The error of the first block is that of the fit") {
  const auto fitted = fit_pipeline(text_options(), 8, [&](std::size_t block, RecordSink&) -> Result<void> {
    if (block >= 3) return runtime_error("block " + std::to_string(block));
    return {};
  });
  REQUIRE_FALSE(fitted);
  CHECK(fitted.error().message == "block 3");
}

}  // namespace glissade
