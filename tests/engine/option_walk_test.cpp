// What engine/config/relevance.cpp says of options that do nothing, against what training does. The whole walk takes minutes:
// GLISSADE_WALK=all walks every pair, otherwise a fixed number of them is drawn.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <glissade/options.h>

#include "hashing/seeds.h"
#include "tests/engine/models.h"
#include "tests/engine/option_walk.h"

namespace glissade::test {
namespace {

enum class Said { counts, for_search, nothing };

Said said(const Subject& subject, std::string_view option) {
  const std::vector<std::string_view> given = {option};
  const auto idle = idle_options(subject.config, facts_of(subject), given);
  if (idle.empty()) return Said::counts;
  return idle[0].searched ? Said::for_search : Said::nothing;
}

/// The same with more and longer steps: what has an effect in principle should show there at the latest.
Subject harder(Subject subject) {
  subject.name += " (harder)";
  subject.config.training.epochs = 6;
  subject.config.optimizer.learning_rate = std::max(0.3, subject.config.optimizer.learning_rate);
  subject.config.optimizer.epsilon = 1e-8;
  subject.config.optimizer.clip_norm = 0;
  return subject;
}

/// Whether an option that counts must show. Of a batch's shared set the true labels take nearly all places here, so that what is
/// retrieved, and with it the tables, hardly matters; and a budget may choose tables that are not renewed within 96 samples.
bool must_show(const Subject& subject, const Option& option) {
  if (subject.drawn || !unseen(option.name).empty()) return false;
  const Config& config = subject.config;
  const bool retrieves = option.group == "hash tables" || option.group == "re-hashing" || option.group == "active set";
  return !retrieves || (config.active_set.scope == Scope::sample && config.hash_tables.budget == 0 &&
                        config.hash_tables.family == HashKind::simhash);
}

/// Compares an option's values in one configuration, and says what does not fit what idle_options() says; "" if all does.
std::string walk(const Subject& subject, const Outcome& before, std::string_view option, bool again = false) {
  Subject changed = subject;
  const Option& described = *std::ranges::find(options(), option, &Option::name);
  // Values that ask for nothing are never called idle: the others say what holds for them, too.
  bool counts = said(subject, option) == Said::counts, differs = false;
  std::size_t compared = 0;
  for (const std::string& value : values_of(option)) {
    changed.config = subject.config;
    must(described.set(changed.config, value));
    if (described.get(changed.config) == described.get(subject.config)) continue;
    const auto after = outcome_of(changed);
    if (!after) continue;  // refused: said
    const Said verdict = said(changed, option);
    const std::string place = subject.name + ": " + std::string(option) + " = " + value;
    if (verdict == Said::nothing && !(*after == before)) return place + " is called idle and has an effect";
    if (verdict == Said::for_search && !after->trained_alike(before)) return place + " is said not to count in training, it does";
    counts &= verdict == Said::counts;
    differs |= !(*after == before);
    ++compared;
  }
  if (compared == 0 || !counts || differs || !must_show(subject, described)) return "";
  if (!again) {
    const Subject more = harder(subject);
    if (const auto start = outcome_of(more)) return walk(more, *start, option, true);
  }
  return subject.name + ": " + std::string(option) + " does nothing, and nobody says so";
}

/// Of samples with a set each, sampler exact takes the best labels there are.
Subject exact_only(const std::string& sampler, double share, Scope scope) {
  Subject subject{sampler, Config{}, false};
  Config& config = subject.config;
  config.network.hidden = {8};
  config.active_set.size = 40;
  config.training.batch = 16;
  config.training.epochs = 2;
  config.run.threads = 1;
  config.active_set.retrieved_share = share;
  config.active_set.scope = scope;
  must(set_option(config, "sampler", sampler));
  return subject;
}

}  // namespace

TEST_CASE("correction counts with sampler exact only where labels are drawn", "[unit]") {
  struct Case {
    const char* sampler;
    double share;
    Scope scope;
    bool counts;
  };
  for (const Case& one : {Case{"exact", 1, Scope::sample, false}, Case{"exact:1", 0.5, Scope::sample, false},
                          Case{"exact", 0.5, Scope::sample, true}, Case{"exact:0.5", 1, Scope::sample, true},
                          Case{"exact", 1, Scope::shared, true}, Case{"exact:0.5+uniform:0.5", 1, Scope::sample, true}}) {
    INFO(one.sampler << " share " << one.share << (one.scope == Scope::sample ? " a sample" : " shared"));
    Subject off = exact_only(one.sampler, one.share, one.scope), on = off;
    must(set_option(off.config, "correction", "off"));
    must(set_option(on.config, "correction", "on"));
    const auto without = outcome_of(off), with = outcome_of(on);
    REQUIRE(without.has_value());
    REQUIRE(with.has_value());
    CHECK((*without == *with) != one.counts);
    CHECK((said(on, "correction") == Said::counts) == one.counts);
  }
}

TEST_CASE("every option is walked, with values that it accepts", "[unit]") {
  for (const Option& option : options()) {
    INFO(option.name);
    for (const std::string& value : values_of(option.name)) {
      Config config;
      CHECK(option.set(config, value).ok());
    }
  }
}

TEST_CASE("an option does something, or it is said that it does nothing", "[property]") {
  const char* const asked = std::getenv("GLISSADE_WALK");
  const bool all = asked != nullptr && std::string(asked) == "all";
  constexpr std::size_t kPairs = 250;
  const std::vector<Subject> walked = subjects(all ? 150 : 40, 19);
  std::map<std::size_t, std::optional<Outcome>> before;
  hashing::Random random(hashing::mix(all ? 1 : 23));
  std::size_t pairs = 0;
  const auto visit = [&](std::size_t subject, const Option& option) {
    if (!before.contains(subject)) before.emplace(subject, outcome_of(walked[subject]));
    const auto& start = before.at(subject);
    if (!start) return;
    const std::string wrong = walk(walked[subject], *start, option.name);
    CAPTURE(wrong);
    CHECK(wrong.empty());
    ++pairs;
  };
  for (std::size_t s = 0; all && s < walked.size(); ++s) {
    for (const Option& option : options()) visit(s, option);
    before.clear();
  }
  while (pairs < kPairs) visit(random.below(walked.size()), options()[random.below(options().size())]);
}

}  // namespace glissade::test
