// Views are spans into somebody's memory. Whatever lies around the rows of a view, training and prediction do on it what they do
// on a copy of its rows alone. To be run under AddressSanitizer, too.

#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <vector>

#include <glissade/metrics.h>
#include <glissade/options.h>
#include <glissade/row_pager.h>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kGarbage = 0xdeadbeef;

/// How a view lies in memory.
struct Layout {
  std::size_t rows = 40;
  std::size_t before = 0;       ///< entries in front of the first row, of nobody
  std::size_t behind = 0;       ///< entries behind the last row, of nobody
  bool values = true;           ///< none: 1 for each entry
  std::uint32_t features = 60;  ///< that the view counts
  std::uint32_t labels = 30;
  double without_features = 0;  ///< share of rows
  double without_labels = 0;
};

std::string text_of(const Layout& l) {
  return "rows " + std::to_string(l.rows) + ", before " + std::to_string(l.before) + ", behind " + std::to_string(l.behind) +
         (l.values ? ", values" : ", no values") + ", " + std::to_string(l.features) + " features, " + std::to_string(l.labels) +
         " labels, without features " + std::to_string(l.without_features) + ", without labels " +
         std::to_string(l.without_labels);
}

Layout draw_layout(hashing::Random& random) {
  Layout layout;
  layout.rows = random.below(6) == 0 ? 1 : 20 + random.below(40);
  if (random.below(2) == 0) layout.before = 1 + random.below(200);
  if (random.below(2) == 0) layout.behind = 1 + random.below(200);
  layout.values = random.below(4) != 0;
  if (random.below(3) == 0) layout.without_features = 0.3;
  if (random.below(3) == 0) layout.without_labels = 0.3;
  return layout;
}

/// A view, and the same rows in arrays of their own. In front of and behind the view's rows there are ids and values that would
/// be noticed.
class TwoWays {
 public:
  TwoWays(const Layout& layout, std::uint64_t seed) : layout_(layout) {
    const Data drawn = planted_data(layout.rows, layout.features, layout.labels, seed);
    hashing::Random random(hashing::mix(seed));
    compact_ = {layout.features, layout.labels, {}, {}};
    for (std::size_t row = 0; row < layout.rows; ++row) {
      const bool bare = random.unit()<layout.without_features, unlabelled = row> 0 && random.unit() < layout.without_labels;
      const auto ids = bare ? std::span<const std::uint32_t>() : drawn.view().features.row_ids(row);
      const auto values = bare ? std::span<const float>() : drawn.view().features.row_values(row);
      compact_.x.add(ids, layout.values ? values : std::span<const float>());
      compact_.y.add(unlabelled ? std::span<const std::uint32_t>() : drawn.view().labels.row_ids(row));
    }
    x_ = surrounded(compact_.x, layout.values);
    y_ = surrounded(compact_.y, false);
  }

  DatasetView view() const { return {layout_.features, layout_.labels, x_.view(), y_.view()}; }
  const Data& compact() const noexcept { return compact_; }

 private:
  Rows surrounded(const Rows& rows, bool with_values) const {
    Rows out;
    out.offsets.clear();
    for (const std::uint64_t offset : rows.offsets) out.offsets.push_back(offset + layout_.before);
    out.ids.assign(layout_.before, kGarbage);
    out.ids.insert(out.ids.end(), rows.ids.begin(), rows.ids.end());
    out.ids.insert(out.ids.end(), layout_.behind, kGarbage);
    if (!with_values) return out;
    out.values.assign(layout_.before, 1e30f);
    out.values.insert(out.values.end(), rows.values.begin(), rows.values.end());
    out.values.insert(out.values.end(), layout_.behind, 1e30f);
    return out;
  }

  Layout layout_;
  Data compact_;
  Rows x_, y_;
};

/// A preset by kind of data, so small that a training takes some milliseconds.
Config shrunk(std::string_view name) {
  Config config = must(preset(name));
  config.network.hidden = {16};
  config.training.epochs = 2;
  config.training.batch = 16;
  config.active_set.size = 12;
  config.training.shuffle_block = 4;
  config.run.threads = 1;
  if (config.sparse_rows.fan_in != 0) config.sparse_rows.fan_in = 8;
  if (config.sparse_rows.epochs != 0) config.sparse_rows.epochs = 1;
  if (config.candidates.neighbours != 0) config.candidates.neighbours = 6;
  if (config.candidates.co_labels != 0) config.candidates.co_labels = 3;
  return config;
}

/// Memory needs no fetching; asks for rows that are not there are noticed.
class CheckingPager final : public RowPager {
 public:
  explicit CheckingPager(std::size_t rows) : rows_(rows) {}
  void fetch(std::size_t begin, std::size_t end) const noexcept override { check(begin, end); }
  void release(std::size_t begin, std::size_t end) const noexcept override { check(begin, end); }
  bool right() const noexcept { return right_; }

 private:
  void check(std::size_t begin, std::size_t end) const noexcept {
    if (begin > end || end > rows_) right_ = false;
  }
  std::size_t rows_;
  mutable std::atomic<bool> right_{true};
};

/// What comes of a training: the model file, and what the model says about the training rows.
struct Outcome {
  std::string file;
  Predictions exact, lsh;
  double precision = 0;
  bool operator==(const Outcome& other) const {
    const auto same = [](const Predictions& a, const Predictions& b) {
      return a.labels == b.labels && a.scores == b.scores && a.candidates == b.candidates;
    };
    return file == other.file && same(exact, other.exact) && same(lsh, other.lsh) && precision == other.precision;
  }
};

Outcome outcome_of(const Config& config, const Shape& shape, const DatasetView& data, bool paged) {
  Model model = must(Model::create(config, shape));
  {
    Trainer trainer = must(Trainer::create(model, data.size()));
    const CheckingPager pager(data.size());
    if (paged) trainer.read_through(&pager);
    for (std::uint32_t epoch = 0; epoch < config.training.epochs; ++epoch) must(trainer.train_epoch(data));
    CHECK(pager.right());
  }
  Outcome outcome;
  outcome.file = saved(model);
  outcome.exact = must(model.predict(data.features, {.k = 3}));
  outcome.lsh = must(model.predict(data.features, {.k = 3, .search = Search::lsh}));
  outcome.precision = must(evaluate(model, data)).metrics.precision[0];
  return outcome;
}

void check_views_of(std::string_view preset_name, std::uint64_t seed) {
  hashing::Random random(hashing::mix(seed));
  Layout layout = draw_layout(random);
  if (preset_name == "items") layout.labels = layout.features;
  // The model may know more features and labels than these rows do.
  Shape shape{layout.features, layout.labels};
  if (random.below(2) == 0) shape = {layout.features + 40, layout.labels + 40};
  INFO(preset_name << ", seed " << seed << ": " << text_of(layout) << ", model of " << shape.features << " features");
  const TwoWays data(layout, seed);
  Config config = shrunk(preset_name);
  config.run.seed = seed;
  const Outcome compact = outcome_of(config, shape, data.compact().view(), false);
  CHECK(outcome_of(config, shape, data.view(), false) == compact);
  CHECK(outcome_of(config, shape, data.view(), true) == compact);
  DatasetView wide = data.view();
  wide.feature_count = shape.features;
  wide.label_count = shape.labels;
  CHECK(outcome_of(config, shape, wide, false) == compact);
}

constexpr std::uint64_t kDraws = 8;

}  // namespace

TEST_CASE("every legal view trains and predicts as its own copy: short-text", "[property]") {
  for (std::uint64_t seed = 1; seed <= kDraws; ++seed) check_views_of("short-text", seed);
}

TEST_CASE("every legal view trains and predicts as its own copy: few-rows", "[property]") {
  for (std::uint64_t seed = 101; seed <= 100 + kDraws; ++seed) check_views_of("few-rows", seed);
}

TEST_CASE("every legal view trains and predicts as its own copy: long-text", "[property]") {
  for (std::uint64_t seed = 201; seed <= 200 + kDraws; ++seed) check_views_of("long-text", seed);
}

TEST_CASE("every legal view trains and predicts as its own copy: items", "[property]") {
  for (std::uint64_t seed = 301; seed <= 300 + kDraws; ++seed) check_views_of("items", seed);
}

TEST_CASE("every legal view trains and predicts as its own copy: plain", "[property]") {
  for (std::uint64_t seed = 401; seed <= 400 + kDraws; ++seed) check_views_of("plain", seed);
}

TEST_CASE("one step on a view does what it does on a copy", "[property]") {
  for (std::uint64_t seed = 1; seed <= kDraws; ++seed) {
    hashing::Random random(hashing::mix(seed));
    const Layout layout = draw_layout(random);
    INFO("seed " << seed << ": " << text_of(layout));
    const TwoWays data(layout, seed);
    Config config = shrunk("plain");
    const auto stepped = [&](const DatasetView& batch) {
      Model model = must(Model::create(config, {layout.features + 5, layout.labels + 5}));
      Trainer trainer = must(Trainer::create(model, 1000));
      for (int i = 0; i < 3; ++i) must(trainer.train_step(batch));
      return saved(model);
    };
    CHECK(stepped(data.view()) == stepped(data.compact().view()));
  }
}

TEST_CASE("a view that does not count its own ids is refused in one line, by each preset, paged or not", "[property]") {
  const TwoWays data({}, 5);
  for (const char* name : {"short-text", "few-rows", "long-text", "items", "plain"}) {
    const Config config = shrunk(name);
    for (const bool features : {true, false}) {
      for (const std::uint32_t count : {0u, 7u}) {
        for (const bool paged : {false, true}) {
          INFO(name << (features ? ", features " : ", labels ") << count << (paged ? ", paged" : ""));
          DatasetView view = data.view();
          (features ? view.feature_count : view.label_count) = count;
          Model model = must(Model::create(config, {60, name == std::string("items") ? 60u : 30u}));
          Trainer trainer = must(Trainer::create(model, view.size()));
          const CheckingPager pager(view.size());
          if (paged) trainer.read_through(&pager);
          const auto report = trainer.train_epoch(view);
          REQUIRE_FALSE(report.ok());
          CHECK(report.error().message.find('\n') == std::string::npos);
          CHECK(model.step() == 0);
        }
      }
    }
  }
}

}  // namespace glissade::test
