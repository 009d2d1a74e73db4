// Groups of sibling rows, and labels that are features under other ids, in training, prediction and model files.
#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include <glissade/options.h>
#include <glissade/row_relations.h>

#include "engine/relations/own_labels.h"
#include "engine/training/ranker_fit.h"
#include "tests/engine/baskets.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kSiblingItems = 120;

Config items_config() {
  Config config = small_config();
  config.sparse_rows.fan_in = 16;
  config.candidates.neighbours = 10;
  config.candidates.exclude_input = true;
  config.candidates.sibling_rows = SiblingRows::find;
  config.training.epochs = 2;
  return config;
}

Model with_table(const Config& config, const Baskets& baskets) {
  std::vector<std::uint32_t> table = baskets.label_of;
  table[5] = Model::kNoLabel;
  return must(Model::create(config, {kSiblingItems, kSiblingItems}, table));
}

std::string train_message(Model& model, const DatasetView& data) {
  Trainer trainer = must(Trainer::create(model, data.size()));
  const auto report = trainer.train_epoch(data);
  return report ? std::string() : report.error().message;
}

}  // namespace

TEST_CASE("an item that a sample has is not predicted under its other id", "[unit]") {
  const Baskets baskets(120, 5, 3, kSiblingItems, 1);
  Model model = with_table(items_config(), baskets);
  train(model, baskets.data, 2);
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd"), false));
  const Model loaded = must(Model::load(folder.file("m.glsd")));
  CHECK(std::ranges::equal(loaded.feature_labels(), model.feature_labels()));
  const SparseRows rows = baskets.data.x.view();
  const Predictions all = must(model.predict(rows, {.k = kSiblingItems}));
  CHECK(must(loaded.predict(rows, {.k = kSiblingItems})).labels == all.labels);
  bool label_of_5 = false;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::vector<std::uint32_t> own;
    for (const std::uint32_t item : rows.row_ids(row)) {
      if (item != 5) own.push_back(baskets.label_of[item]);
    }
    const auto answers = std::span(all.labels).subspan(row * all.k, all.k);
    std::size_t answered = 0;
    for (const std::uint32_t label : answers) {
      if (label == Predictions::kNoLabel) continue;
      ++answered;
      REQUIRE(std::ranges::find(own, label) == own.end());
      label_of_5 |= label == baskets.label_of[5];
    }
    REQUIRE(answered == kSiblingItems - own.size());
  }
  CHECK(label_of_5);
}

TEST_CASE("probabilities leave out what a sample has under other ids", "[unit]") {
  const Baskets baskets(120, 5, 3, kSiblingItems, 2);
  Model model = with_table(items_config(), baskets);
  train(model, baskets.data, 1);
  const Predictions all = must(model.predict(baskets.data.x.view(), {.k = kSiblingItems, .probabilities = true}));
  for (std::size_t row = 0; row < 20; ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < all.k; ++i) {
      if (all.labels[row * all.k + i] != Predictions::kNoLabel) sum += all.scores[row * all.k + i];
    }
    CHECK(sum == Approx(1).margin(1e-3));
  }
}

TEST_CASE("a table of labels that is none is refused, in a call and in a file", "[unit]") {
  const Config config = items_config();
  const auto refusal = [&](std::vector<std::uint32_t> table) {
    const auto model = Model::create(config, {4, 3}, std::move(table));
    return model ? std::string() : model.error().message;
  };
  const std::string remedy = "; give the table of relate_rows(), or none";
  CHECK(refusal({0, 1, 2, Model::kNoLabel}).empty());
  CHECK(refusal({0, 1, 2}) == "the labels that features are: they are not one per feature" + remedy);
  CHECK(refusal({0, 1, 3, Model::kNoLabel}) == "the labels that features are: one is beyond the labels" + remedy);
  CHECK(refusal({0, 1, 1, 2}) == "the labels that features are: two features are one label" + remedy);
  CHECK(refusal({}).find("'exclude-input': 'on' does not go with 4 features and 3 labels") != std::string::npos);
}

TEST_CASE("groups decide which rows are kept, whole", "[unit]") {
  const Baskets baskets(400, 5, 3, kSiblingItems, 3);
  const Config config = items_config();
  std::size_t whole = 0;
  for (std::size_t first = 0; first < baskets.data.size(); first += 5) {
    std::size_t kept = 0;
    for (std::size_t row = first; row < first + 5; ++row)
      kept += is_kept_for_ranking(config, baskets.data.view(), baskets.basket, row);
    CHECK(kept % 5 == 0);
    whole += kept == 5;
  }
  CHECK(whole > 2);
}

TEST_CASE("groups that a view names train as groups that are found, and others do not", "[unit]") {
  const Baskets baskets(150, 5, 3, kSiblingItems, 4);
  Config config = items_config();
  config.candidates.exclude_input = false;
  const RowRelations found = relate_rows(baskets.data.view());
  REQUIRE_FALSE(found.groups.empty());
  const auto trained = [&](SiblingRows how, std::span<const std::uint64_t> groups) {
    config.candidates.sibling_rows = how;
    Model model = must(Model::create(config, {kSiblingItems, kSiblingItems}));
    DatasetView data = baskets.data.view();
    data.groups = groups;
    CHECK(train_message(model, data).empty());
    return all_weights(model);
  };
  const auto by_found = trained(SiblingRows::find, {});
  CHECK(by_found == trained(SiblingRows::none, found.groups));
  CHECK(by_found != trained(SiblingRows::none, {}));
}

TEST_CASE("a run goes on with its own groups only", "[unit]") {
  const Baskets baskets(150, 5, 3, kSiblingItems, 5);
  const Config config = items_config();
  DatasetView data = baskets.data.view();
  data.groups = baskets.basket;
  Model straight = with_table(config, baskets), model = with_table(config, baskets);
  CHECK(train_message(straight, data).empty());
  CHECK(train_message(straight, data).empty());
  CHECK(train_message(model, data).empty());
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  Model loaded = must(Model::load(folder.file("m.glsd"), LoadFor::training));
  std::vector<std::uint64_t> others = baskets.basket;
  std::ranges::reverse(others);
  others.front() = 1'000'000;
  data.groups = others;
  CHECK(train_message(loaded, data) ==
        "the model was trained with other groups of sibling rows than these; give the groups that its training began with");
  data.groups = baskets.basket;
  CHECK(train_message(loaded, data).empty());
  REQUIRE((saved(loaded) == saved(straight)));
  data.groups = std::span(baskets.basket).first(7);
  CHECK(train_message(model, data) == "the data set has 750 rows but 7 group numbers; give one per row, or none");
}

}  // namespace glissade::test
