// What a search for a better configuration decides: candidates, how many get how many rows, whether a gain is more than noise.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <glissade/autotune.h>
#include <glissade/options.h>

#include "hashing/seeds.h"

namespace glissade::test {
namespace {

std::vector<PairedRow> rows_of(std::size_t count, double gain, std::size_t rows_per_group = 1) {
  std::vector<PairedRow> rows;
  for (std::size_t i = 0; i < count; ++i) rows.push_back({i / rows_per_group, gain, 1});
  return rows;
}

/// Of `count` rows a tenth is won and a tenth lost by chance; `more` of a hundred are won beyond that.
std::vector<PairedRow> noisy(std::size_t count, std::uint64_t seed, double more = 0) {
  hashing::Random random(hashing::derive(seed, 3));
  std::vector<PairedRow> rows;
  for (std::size_t i = 0; i < count; ++i) {
    const double draw = random.unit();
    rows.push_back({i, draw < 0.1 + more / 100 ? 1.0 : (draw > 0.9 ? -1.0 : 0.0), 1});
  }
  return rows;
}

Config config_of(std::string_view name) { return preset(name).value(); }

Config with(const Config& usual, const Candidate& candidate) {
  Config config = candidate.preset.empty() ? usual : config_of(candidate.preset);
  for (const auto& [name, text] : candidate.settings) REQUIRE(set_option(config, name, text).ok());
  return config;
}

bool changes(const std::vector<Candidate>& all, std::string_view name) {
  return std::ranges::any_of(all, [&](const Candidate& candidate) {
    return std::ranges::any_of(candidate.settings, [&](const auto& setting) { return setting.first == name; });
  });
}

TEST_CASE("autotune: a gain on each row is its own bounds", "[unit]") {
  const Gain gain = paired_gain(rows_of(100, 0.25), 0.9);
  CHECK(gain.mean == Approx(0.25));
  CHECK(gain.low == Approx(0.25));
  CHECK(gain.high == Approx(0.25));
  CHECK(gain.least == Approx(0.25));
  CHECK(gain.groups == 100);
  CHECK(gain.is_sure());
  CHECK_FALSE(paired_gain(rows_of(100, 0), 0.9).is_sure());
  CHECK_FALSE(paired_gain(rows_of(100, -0.25), 0.9).is_sure());
  CHECK_FALSE(paired_gain({}, 0.9).is_sure());
}

TEST_CASE("autotune: a handful of groups is never sure, however many rows it has", "[unit]") {
  CHECK(paired_gain(rows_of(30, 1), 0.9).is_sure());
  CHECK_FALSE(paired_gain(rows_of(29, 1), 0.9).is_sure());
  CHECK_FALSE(paired_gain(rows_of(2900, 1, 100), 0.9).is_sure());
}

TEST_CASE("autotune: rows of a group count as one draw, wherever they stand", "[unit]") {
  // 60 groups of 20 rows, each won or lost as a whole: as uncertain as 60 rows, not as 1,200.
  std::vector<PairedRow> rows;
  for (std::size_t i = 0; i < 1200; ++i) rows.push_back({i % 60, i % 60 < 34 ? 1.0 : -1.0, 1});
  const Gain gain = paired_gain(rows, 0.9);
  CHECK(gain.mean == Approx(8.0 / 60));
  CHECK(gain.groups == 60);
  CHECK_FALSE(gain.is_sure());
  std::ranges::stable_sort(rows, {}, &PairedRow::group);
  CHECK(paired_gain(rows, 0.9).least == gain.least);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].group = i;
  CHECK(paired_gain(rows, 0.9).is_sure());
}

TEST_CASE("autotune: the weights of rows are those of the mean", "[unit]") {
  std::vector<PairedRow> rows;
  for (std::size_t i = 0; i < 100; ++i) rows.push_back({i, i % 2 == 0 ? 3.0 : 0.0, i % 2 == 0 ? 4.0 : 8.0});
  CHECK(paired_gain(rows, 0.9).mean == Approx(0.25));
}

TEST_CASE("autotune: noise is taken for a gain as often as the confidence says", "[unit]") {
  for (const double confidence : {0.9, 0.95}) {
    int sure = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) sure += paired_gain(noisy(300, seed), confidence).is_sure() ? 1 : 0;
    CHECK(sure > 400 * (1 - confidence) * 0.5);
    CHECK(sure < 400 * (1 - confidence) * 1.6);
  }
}

TEST_CASE("autotune: a gain that is there is found if there are rows enough", "[unit]") {
  int few = 0, many = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    few += paired_gain(noisy(200, seed, 3), 0.9).is_sure() ? 1 : 0;
    many += paired_gain(noisy(8000, seed, 3), 0.9).is_sure() ? 1 : 0;
  }
  CHECK(many == 20);
  CHECK(few < 18);
}

TEST_CASE("autotune: the more time, the more challengers, and fewer from rung to rung", "[unit]") {
  CHECK(plan_halving(0, 100 / 16.0, 20).empty());
  CHECK(plan_halving(10, 100 / 16.0, 20).empty());  // not two trainings on a sixteenth
  CHECK(plan_halving(13, 100 / 16.0, 20) == std::vector<std::size_t>{1});
  CHECK(plan_halving(60, 100 / 16.0, 20) == std::vector<std::size_t>{2, 1});
  CHECK(plan_halving(200, 100 / 16.0, 20) == std::vector<std::size_t>{7, 3, 1});
  CHECK(plan_halving(6000, 100 / 16.0, 20) == std::vector<std::size_t>{20, 7, 3});
  CHECK(plan_halving(6000, 100 / 16.0, 3) == std::vector<std::size_t>{3, 1});
  CHECK(plan_halving(6000, 100 / 16.0, 1) == std::vector<std::size_t>{1});
  CHECK(plan_halving(6000, 100 / 16.0, 0).empty());
  CHECK(plan_halving(200, 50, 20) == std::vector<std::size_t>{1});  // half of the rows at the least
  std::size_t before = 0;
  for (int power = 0; power < 44; ++power) {  // 1 second to 22 hours
    const auto plan = plan_halving(std::pow(1.3, power), 100 / 16.0, 20);
    CHECK(std::ranges::is_sorted(plan, std::greater<>()));
    const std::size_t first = plan.empty() ? 0 : plan.front();
    CHECK(first >= std::min<std::size_t>(before, 20));
    before = first;
  }
}

TEST_CASE("autotune: rungs fit into the time, and the last one gets most of it", "[unit]") {
  const double full = 100;
  for (int power = 0; power < 22; ++power) {
    const double seconds = 15 * std::pow(1.5, power);
    double left = seconds, last_share = 0;
    const auto plan = plan_halving(seconds, full / 16.0, 20);
    for (std::size_t rung = 0; rung < plan.size(); ++rung) {
      const double all = full * static_cast<double>(1 + plan[rung]);
      const RungTime time = plan_rung(left, plan.size() - rung, 0, all);
      CHECK(time.share <= 1);
      CHECK(time.share >= last_share);
      if (rung + 1 == plan.size()) CHECK(left >= 0.45 * seconds);
      left -= time.share * all;
      last_share = time.share;
    }
    CHECK(left >= 0);
  }
  CHECK(plan_rung(100, 1, 0, 100).share == 1);             // nine tenths may as well be all
  CHECK(plan_rung(100, 1, 0, 200).share == Approx(0.45));  // a reserve
  CHECK(plan_rung(100, 3, 0, 100).share == Approx(0.25));
  CHECK(plan_rung(-1, 1, 0, 200).share == 0);
  CHECK(plan_rung(100, 1, 30, 200).share == Approx(0.3));  // what the evaluation takes is left for it
  CHECK(plan_rung(100, 1, 95, 200).share == 0);
}

TEST_CASE("autotune: the best go on, the first of equal ones first, the lost never", "[unit]") {
  const double lost = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> scores = {0.2, lost, 0.5, 0.2, 0.4};
  CHECK(best_places(scores, 3) == std::vector<std::size_t>{2, 4, 0});
  CHECK(best_places(scores, 9) == std::vector<std::size_t>{2, 4, 0, 3});
  CHECK(best_places({}, 3).empty());
}

TEST_CASE("autotune: each candidate is legal, differs from the usual and from all others", "[unit]") {
  for (const char* name : {"few-rows", "short-text", "long-text", "items", "next-item", "plain"}) {
    CAPTURE(name);
    const Config usual = config_of(name);
    std::set<std::string> seen = {to_text(usual)};
    for (const Candidate& candidate : candidates(usual, {name, {}, ValueKind::real})) {
      CAPTURE(command_line(candidate));
      const Config config = with(usual, candidate);
      CHECK(validate(config, {1000, 1000}).ok());
      CHECK(seen.insert(to_text(config)).second);
      CHECK(config.run.seed == usual.run.seed);
      CHECK_FALSE(candidate.is_usual());
    }
    CHECK(seen.size() > 8);
  }
}

TEST_CASE("autotune: what is given stays as it is", "[unit]") {
  const Config usual = config_of("few-rows");
  SearchScope scope{"few-rows", {"epochs", "feature-dropout", "exclude-input"}, ValueKind::real};
  const auto some = candidates(usual, scope);
  CHECK_FALSE(changes(some, "epochs"));
  CHECK_FALSE(changes(some, "feature-dropout"));
  CHECK_FALSE(changes(some, "hidden-dropout"));  // they go together
  CHECK(changes(some, "hidden"));
  for (const Option& option : options()) scope.fixed.emplace_back(option.name);
  for (const Candidate& candidate : candidates(usual, scope)) CHECK_FALSE(candidate.preset.empty());
  scope.preset = "";
  CHECK(candidates(usual, scope).empty());
}

TEST_CASE("autotune: another preset says nothing else of what features and labels are", "[unit]") {
  const auto all = candidates(config_of("items"), {"items", {}, ValueKind::binary});
  const auto other = std::ranges::find(all, "long-text", &Candidate::preset);
  REQUIRE(other != all.end());
  CHECK(with(config_of("items"), *other).candidates.exclude_input);
  CHECK(std::ranges::find(all, "next-item", &Candidate::preset) == all.end());
  for (const Candidate& candidate : candidates(config_of("plain"), {"plain", {}, ValueKind::binary}))
    CHECK(candidate.preset.empty());
}

TEST_CASE("autotune: columns are scaled only where values have scales", "[unit]") {
  const auto scales = [](ValueKind values) {
    const auto all = candidates(config_of("few-rows"), {"few-rows", {}, values});
    return std::ranges::any_of(all, [](const Candidate& candidate) { return command_line(candidate) == "--weighting scaled"; });
  };
  CHECK(scales(ValueKind::real));
  CHECK_FALSE(scales(ValueKind::binary));
}

TEST_CASE("autotune: rows of length 1 are not made rows of length 1", "[unit]") {
  const auto lengths = [](ValueKind values) {
    const auto all = candidates(config_of("few-rows"), {"few-rows", {}, values});
    return std::ranges::any_of(all, [](const Candidate& candidate) { return command_line(candidate) == "--weighting unit"; });
  };
  CHECK(lengths(ValueKind::counts));
  CHECK_FALSE(lengths(ValueKind::normalised));
}

TEST_CASE("autotune: two ideas go together unless they exclude each other", "[unit]") {
  const Candidate preset{"long-text", {}}, other{"short-text", {}}, wide{"", {{"hidden", "1024"}}},
      wider{"", {{"hidden", "2048"}}};
  CHECK(command_line(combined(preset, wide)) == "--preset long-text --hidden 1024");
  CHECK(command_line(combined(wide, preset)) == "--preset long-text --hidden 1024");
  CHECK(combined(preset, other).is_usual());
  CHECK(combined(wide, wider).is_usual());
  CHECK(combined({}, wide) == wide);
  CHECK(command_line({}).empty());
}

}  // namespace
}  // namespace glissade::test
