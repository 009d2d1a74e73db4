// Labels' names: which features are their words, whether they tell something, and the rows that are made of them.
#include <glissade/label_names.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/batches/batch.h"
#include "engine/batches/fold_case.h"
#include "engine/training/ranker_fit.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

using Ids = std::vector<std::uint32_t>;

Ids words(const std::string& name, const std::vector<std::string>& features) {
  const NameFeatures found = name_features(std::vector{name}, features);
  REQUIRE(found.labels() == 1);
  return found.ids;
}

/// Samples of labels 0 and 1 by turns. With `telling`, those of label l have feature l, a word of its name.
Data turns(std::size_t samples, bool telling) {
  Data data;
  data.features = 12;
  data.labels = 3;
  for (std::size_t row = 0; row < samples; ++row) {
    const auto label = static_cast<std::uint32_t>(row % 2), other = static_cast<std::uint32_t>(2 + row % 10);
    if (telling && row % 4 < 2) {
      data.x.add(std::array{label, other}, std::array{0.6f, 0.8f});
    } else {
      data.x.add(std::array{other}, std::array{1.f});
    }
    data.y.add(std::array{label});
  }
  return data;
}

NameFeatures first_words() { return {{0, 1, 2, 4}, {0, 1, 0, 11}, {}}; }

}  // namespace

TEST_CASE("words of a name are the whole, its pieces and the runs of letters in them", "[unit]") {
  const std::vector<std::string> features = {"light", "haired", "light-haired", "a", "h2o", "olive oil", "oil", "the"};
  CHECK(words("light-haired (a)", features) == Ids{0, 1, 2, 3});
  CHECK(words("H2O,oil", features) == Ids{4, 6});
  CHECK(words("olive oil", features) == Ids{5, 6});
  CHECK(words("oil oil oil", features) == Ids{6});
  CHECK(words("", features).empty());
  CHECK(words("elephant", features).empty());
}

TEST_CASE("a word is the feature of its very name before one of another case", "[unit]") {
  CHECK(words("Polish polish", {"polish", "Polish"}) == Ids{0, 1});
  CHECK(words("POLISH", {"Polish", "polish"}) == Ids{0});
  CHECK(words("polish", {"POLISH"}) == Ids{0});
  CHECK(words("\xc3\x84pfel", {"\xc3\xa4pfel"}) == Ids{0});
  CHECK(words("x\xff\xc3", {"x\xff\xc3"}) == Ids{0});  // no UTF-8
}

TEST_CASE("names are cut where texts of any script are: at quotes, dashes and spaces beyond ASCII, and in pairs of characters",
          "[unit]") {
  const std::vector<std::string> features = {"ancien",       "r\u00e9gime",  "cat",   "domestic cat",
                                             "\u6771\u4eac", "\u4eac\u90fd", "\u732b"};
  CHECK(words("l\u2019ancien r\u00e9gime", features) == Ids{0, 1});
  CHECK(words("\u201ccat\u201d", features) == Ids{2});
  CHECK(words("domestic\u00a0cat", features) == Ids{2, 3});  // a label of a fastText file
  CHECK(words("ancien\u2014cat", features) == Ids{0, 2});
  CHECK(words("\u6771\u4eac\u90fd \u732b", features) == Ids{4, 5, 6});
  CHECK(words("\u6771\u4eaccat", features) == Ids{2, 4});
}

TEST_CASE("a word with accents is the feature without them where none has them", "[unit]") {
  CHECK(words("Caf\u00e9", {"cafe"}) == Ids{0});
  CHECK(words("Cafe\u0301", {"cafe"}) == Ids{0});  // the accent as a character of its own
  CHECK(words("Caf\u00e9", {"cafe", "caf\u00e9"}) == Ids{1});
  CHECK(words("STRA\u00dfE (\u0391\u03b8\u03ae\u03bd\u03b1)", {"strasse", "\u03b1\u03b8\u03b7\u03bd\u03b1"}) == Ids{0, 1});
  CHECK(words("ch\u00e2teau fort", {"chateau fort", "fort"}) == Ids{0, 1});
  CHECK(words("Caf\u00e9-\u00c9t\u00e9", {"cafe-ete", "cafe"}) == Ids{0, 1});  // what is no letter stays
  CHECK(words("cafe", {"caf\u00e9"}).empty());
  CHECK(words("\xc3\xff", {"\xc3"}).empty());  // no UTF-8
}

TEST_CASE("lower case of Latin, Greek and Cyrillic letters; all else stays", "[unit]") {
  CHECK(fold_case("AZ az 09 _") == "az az 09 _");
  CHECK(fold_case("\u00c0\u00de\u00d7\u00df") == "\u00e0\u00fe\u00d7\u00df");
  CHECK(fold_case("\u0100\u0101\u0139\u0148\u0160\u017d\u0178") == "\u0101\u0101\u013a\u0148\u0161\u017e\u00ff");
  CHECK(fold_case("\u0391\u03a9\u0386\u0388\u038c\u038e\u03c2") == "\u03b1\u03c9\u03ac\u03ad\u03cc\u03cd\u03c2");
  CHECK(fold_case("\u0410\u042f\u0401\u0490") == "\u0430\u044f\u0451\u0491");
  CHECK(fold_case("\u4e2d\u6587\U0001f600") == "\u4e2d\u6587\U0001f600");
  CHECK(fold_case("\xc3") == "\xc3");
}

TEST_CASE("names tell something where samples have the words of their own labels' names", "[unit]") {
  const Data telling = turns(402, true), silent = turns(402, false);
  const NameEvidence some = name_evidence(first_words(), telling.view());
  CHECK(some.pairs == 402);
  CHECK(some.own == Approx(0.5).margin(0.01));
  CHECK(some.chance == 0);
  CHECK(some.tells());
  CHECK(name_evidence(first_words(), silent.view()).own == 0);
  CHECK_FALSE(name_evidence(first_words(), silent.view()).tells());
  CHECK_FALSE(name_evidence({{0, 0, 0, 0}, {}}, telling.view()).tells());
  // As often by chance: the word that all samples of both labels have now and then.
  CHECK_FALSE(name_evidence({{0, 1, 2, 2}, {5, 5}}, telling.view()).tells());
}

TEST_CASE("rows of names have the values that their words have in the samples, and their length where all are alike", "[unit]") {
  const Data alike = turns(400, true);  // all of length 1
  const NameRows rows = name_rows(first_words(), alike.view());
  CHECK(rows.labels == Ids{0, 1, 2});
  CHECK(rows.offsets == std::vector<std::uint64_t>{0, 1, 2, 4});
  CHECK(rows.ids == Ids{0, 1, 0, 11});
  CHECK(rows.values[0] == Approx(1));
  const double eleven = 1.0 * 0.5 + 0.8 * 0.5;  // feature 11 stands alone in half of its samples
  CHECK(rows.values[3] / rows.values[2] == Approx(eleven / 0.6).epsilon(0.02));
  CHECK(rows.values[2] * rows.values[2] + rows.values[3] * rows.values[3] == Approx(1));

  Data counts = alike;
  for (float& value : counts.x.values) value = value == 1.f ? 1.f : 3.f;
  const NameRows counted = name_rows(first_words(), counts.view());
  CHECK(counted.values[0] == Approx(3));
  Data binary = alike;
  std::ranges::fill(binary.x.values, 1.f);
  CHECK(name_rows(first_words(), binary.view()).values == std::vector<float>{1, 1, 1, 1});
  CHECK(name_rows({{0, 0, 1, 1}, {4}, {}}, binary.view()).labels == Ids{1});  // no row without a word
  // Values of their own stay, but for the length.
  const NameFeatures own{{0, 0, 2}, {0, 11}, {3, 4}};
  CHECK(name_rows(own, binary.view()).values == std::vector<float>{3, 4});
  CHECK(name_rows(own, alike.view()).values[0] == Approx(0.6));
  CHECK(name_rows(own, alike.view()).values[1] == Approx(0.8));
}

TEST_CASE("added rows are trained on, and are neither samples nor kept to weigh the paths", "[unit]") {
  Data data = planted_data(1000, 60, 20, 4);
  Config config = small_config();
  config.candidates.neighbours = 10;
  const auto kept = [&](const DatasetView& view) {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < view.size(); ++row) {
      if (is_kept_for_ranking(config, view, {}, row)) rows.push_back(row);
    }
    return rows;
  };
  const auto of_samples = kept(data.view());
  REQUIRE(of_samples.size() > 5);
  for (std::uint32_t label = 0; label < 20; ++label) {
    for (int twice = 0; twice < 20; ++twice) {
      data.x.add(std::array{label, label + 20}, std::array{1.f, 1.f});
      data.y.add(std::array{label});
    }
  }
  DatasetView view = data.view();
  CHECK(kept(view).size() > of_samples.size());
  view.added = 400;
  CHECK(kept(view) == of_samples);
  CHECK(fingerprint(view) != fingerprint(data.view()));

  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, view.size()));
  const EpochReport report = must(trainer.train_epoch(view));
  CHECK(report.samples == 1400 - of_samples.size());
  CHECK(model.training_samples() == 1000);
  std::uint64_t labels = 0;
  for (std::size_t row = 0; row < 1000; ++row) labels += data.view().labels.row_ids(row).size();
  const auto& counts = model.label_counts();
  CHECK(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) == labels);

  view.added = 1400;
  const auto refused = check_view(view, 60, 20);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message == "1400 of the data set's 1400 rows are added ones, no samples; give it samples, too");
}

}  // namespace glissade::test
