#include <algorithm>
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include <glissade/options.h>
#include <glissade/text.h>

#include "engine/config/names.h"
#include "engine/config/sampler_mix.h"
#include "engine/config/text.h"

namespace glissade {
namespace {

/// The message of the usage error that setting `name` to `text` gives; empty if it is accepted.
std::string refusal(std::string_view name, std::string_view text) {
  Config config;
  const auto result = set_option(config, name, text);
  if (result) return "";
  CHECK(result.error().kind == Error::Kind::usage);
  CHECK(result.error().message.find('\n') == std::string::npos);
  return result.error().message;
}

const Option& find(std::string_view name) {
  for (const Option& option : options()) {
    if (option.name == name) return option;
  }
  FAIL("no option " << name);
  return options()[0];
}

/// How many options stand in a group.
std::size_t count(std::string_view group) {
  return static_cast<std::size_t>(std::ranges::count(options(), group, &Option::group));
}

TEST_CASE("every field of Config has an option, in the group of its name", "[unit]") {
  // Does not compile when a field is added: add its option, then extend its list and count.
  const auto& [network, connections, sparse_rows, candidates, active_set, hash_tables, rehash, optimizer, schedule, words,
               training, run] = Config{};
  {
    const auto& [hidden, activation, storage, weighting, loss, label_weights, propensity, start, start_length, active_units] =
        network;
    CHECK(hidden.size() == 1);
    CHECK(count("network") == 10);
  }
  {
    const auto& [density, layers, rule, topology, period, share, block] = connections;
    CHECK(density == 1);
    CHECK(count("connections") == 7);
  }
  {
    const auto& [fan_in, epochs, rate, growth, topology] = sparse_rows;
    CHECK(fan_in == 0);
    CHECK(count("sparse rows") == 5);
  }
  {
    const auto& [neighbours, co_labels, weight_samples, list_budget, weighting, exclude_input, sibling_rows, name_match] =
        candidates;
    CHECK(neighbours == 0);
    CHECK(count("candidates") == 8);
  }
  {
    const auto& [sampler, scope, size, retrieved_share, frequency_power, query_every, collisions, fused, correction] = active_set;
    CHECK(size == ActiveCount(2048));
    CHECK(count("active set") == 9);
  }
  {
    const auto& [family, transform, probes, budget, k, tables, bucket_cap] = hash_tables;
    CHECK(probes == 8);
    CHECK(count("hash tables") == 7);
  }
  {
    const auto& [kind, period, growth, threshold, renew] = rehash;
    CHECK(period == 65536);
    CHECK(count("re-hashing") == 5);
  }
  {
    const auto& [kind, moments, second_moment, rate, beta1, beta2, epsilon, clip_norm, weight_decay] = optimizer;
    CHECK(clip_norm == 0);
    CHECK(count("optimiser") == 9);
  }
  {
    const auto& [warmup, decay, average] = schedule;
    CHECK(average == 0);
    CHECK(count("schedule") == 3);
  }
  {
    const auto& [window, negatives, min_count, subsampling, min_ngram, max_ngram] = words;
    CHECK(window == 5);
    CHECK(count("words") == 6);
  }
  {
    const auto& [epochs, batch, reference, accumulate, parts, block, loaders, batches, feature_dropout, hidden_dropout] =
        training;
    CHECK(epochs == 5);
    CHECK(count("training") == 10);
  }
  {
    const auto& [seed, deterministic, threads] = run;
    CHECK(seed == 1);
    CHECK(count("run") == 3);
  }
}

TEST_CASE("an active set's size may be a part of the labels", "[unit]") {
  Config config;
  REQUIRE(set_option(config, "active", "0.5%").ok());
  CHECK(find("active").get(config) == "0.5%");
  CHECK(config.active_set.size.of(670'091) == 3351);
  CHECK(config.active_set.size.of(1) == 1);
  CHECK(config.active_set.size.of(1000) == 5);
  REQUIRE(set_option(config, "active", "100%").ok());
  CHECK(config.active_set.size.of(16'777'216) == 16'777'216);
  REQUIRE(set_option(config, "active", "300").ok());
  CHECK(config.active_set.size.of(1000) == 300);
  CHECK_FALSE(config.active_set.size.is_percent());
  for (const char* text : {"0%", "100.5%", "-1%"}) {
    CHECK(set_option(config, "active", text).error().message ==
          "option 'active': '" + std::string(text) +
              "' is out of range; allowed: 1 .. 16777216, or a part of all labels such as 0.5%");
  }
  CHECK(set_option(config, "active", "five%").error().message ==
        "option 'active': 'five%' is not a finite number before the %; allowed: 1 .. 16777216, or a part of all labels such as "
        "0.5%");
  CHECK(config.active_set.size == ActiveCount(300));
}

TEST_CASE("options are described: unique kebab-case names, known groups, a sentence of effect", "[unit]") {
  const std::set<std::string_view> groups = {"network",    "connections", "sparse rows", "candidates",
                                             "active set", "hash tables", "re-hashing",  "optimiser",
                                             "schedule",   "words",       "training",    "run"};
  std::set<std::string_view> names;
  for (const Option& option : options()) {
    INFO(option.name);
    CHECK(names.insert(option.name).second);
    CHECK(option.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos);
    CHECK(groups.count(option.group) == 1);
    CHECK(option.effect.ends_with("."));
    CHECK_FALSE(option.range.empty());
    CHECK(option.stored == (option.name != "threads" && option.name != "loader-threads" && option.name != "deterministic"));
  }
}

TEST_CASE("a default is within its own range, and setting its text changes nothing", "[unit]") {
  const Config defaults;
  for (const Option& option : options()) {
    INFO(option.name);
    Config config;
    const std::string text = option.get(defaults);
    CHECK_FALSE(text.empty());
    REQUIRE(option.set(config, text).ok());
    CHECK(option.get(config) == text);
  }
}

TEST_CASE("numbers: both ends of the range are accepted, what lies beyond is not", "[unit]") {
  for (const auto& [name, low, high, below, above] :
       std::initializer_list<std::tuple<const char*, const char*, const char*, const char*, const char*>>{
           {"active", "1", "16777216", "0", "16777217"},
           {"k", "1", "24", "0", "25"},
           {"tables", "1", "4096", "0", "4097"},
           {"bucket-cap", "0", "4294967295", "-1", "4294967296"},
           {"retrieved-share", "0", "1", "-0.001", "1.0000001"},
           {"rehash-growth", "1", "1000", "0.999", "1001"},
           {"epsilon", "1e-30", "1", "0", "1.1"},
           {"hidden-dropout", "0", "0.95", "-0.1", "0.96"},
           {"seed", "0", "18446744073709551615", "-1", "18446744073709551616"},
           {"threads", "0", "1024", "-1", "1025"}}) {
    INFO(name);
    CHECK(refusal(name, low).empty());
    CHECK(refusal(name, high).empty());
    CHECK_FALSE(refusal(name, below).empty());
    CHECK_FALSE(refusal(name, above).empty());
  }
}

TEST_CASE("numbers are read strictly", "[unit]") {
  for (const char* text : {"", " ", "12x", " 12", "12 ", "+12", "0x10", "1e3", "1.0", "twelve", "1,2", "\n"}) {
    INFO(text);
    CHECK_FALSE(refusal("batch", text).empty());
  }
  for (const char* text : {"", "nan", "inf", "-inf", "0.1.2", "1e", "0,1", "1e999", "-1e999", "0x1p-3"}) {
    INFO(text);
    CHECK_FALSE(refusal("learning-rate", text).empty());
  }
  CHECK(refusal("learning-rate", "1e-2").empty());
}

TEST_CASE("a refused value leaves the config as it was", "[unit]") {
  for (const Option& option : options()) {
    INFO(option.name);
    Config config;
    const std::string before = option.get(config);
    CHECK_FALSE(option.set(config, "no such thing").ok());
    CHECK(option.get(config) == before);
  }
}

TEST_CASE("messages name option, value and allowed range in one line", "[unit]") {
  CHECK(refusal("k", "99") == "option 'k': '99' is out of range; allowed: 1 .. 24");
  CHECK(refusal("k", "-3") == "option 'k': '-3' is out of range; allowed: 1 .. 24");
  CHECK(refusal("k", "3x") == "option 'k': '3x' is not a whole number; allowed: 1 .. 24");
  CHECK(refusal("warmup", "nan") == "option 'warmup': 'nan' is not a finite number; allowed: 0 .. 1");
  CHECK(refusal("sampler", "lhs") == "option 'sampler': 'lhs' is unknown; allowed: " + std::string(config::kMixRange));
  CHECK(refusal("correction", "yes") == "option 'correction': 'yes' is unknown; allowed: on | off | rising");
  CHECK(refusal("batch", "a\nb\x01") == "option 'batch': 'a\\x0Ab\\x01' is not a whole number; allowed: 1 .. 1048576");
  CHECK(refusal("batch", std::string(500, 'z')).size() < 200);
}

TEST_CASE("hidden takes one width or several", "[unit]") {
  Config config;
  REQUIRE(set_option(config, "hidden", "512").ok());
  CHECK(config.network.hidden == std::vector<std::uint32_t>{512});
  REQUIRE(set_option(config, "hidden", "512,256, 65536").ok());
  CHECK(config.network.hidden == std::vector<std::uint32_t>{512, 256, 65536});
  CHECK(find("hidden").get(config) == "512,256,65536");
  for (const char* text : {"", ",", "1,", ",1", "0", "65537", "128,0", "128;64", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"}) {
    INFO(text);
    CHECK_FALSE(refusal("hidden", text).empty());
  }
}

TEST_CASE("an unknown option gets the nearest known name, or all names where none is near", "[unit]") {
  CHECK(refusal("learning_rate", "1") == "unknown option 'learning_rate', did you mean 'learning-rate'?");
  CHECK(refusal("optimiser", "adam") == "unknown option 'optimiser', did you mean 'optimizer'?");
  CHECK(refusal("bacth", "1") == "unknown option 'bacth', did you mean 'batch'?");
  CHECK(refusal("xyzzy", "1").find("; known: hidden, precision, loss, ") != std::string::npos);
}

TEST_CASE("edit distance", "[unit]") {
  CHECK(config::edit_distance("", "") == 0);
  CHECK(config::edit_distance("", "abc") == 3);
  CHECK(config::edit_distance("kitten", "sitting") == 3);
  CHECK(config::edit_distance("batch", "bacth") == 1);
  CHECK(config::edit_distance("abc", "abc") == 0);
}

TEST_CASE("the nearest name is guessed where half of a word is right, the first of equals", "[unit]") {
  const std::vector<std::string_view> known{"train", "eval", "predict", "bat", "cat"};
  CHECK(nearest_name("trian", known) == "train");
  CHECK(nearest_name("pridikt", known) == "predict");
  CHECK(nearest_name("rat", known) == "bat");
  CHECK(nearest_name("ev", known).empty());  // two edits of a word of two
  CHECK(nearest_name("xyzuvw", known).empty());
  CHECK(nearest_name("", known).empty());
  CHECK(nearest_name("eval", {}).empty());
}

TEST_CASE("enumerations have a name for each value, and help shows them in the same order", "[unit]") {
  CHECK(config::choices<DecayKind>() == "none | linear | cosine");
  CHECK(config::choices<bool>() == "on | off");
  CHECK(config::name_of(Storage::bf16_mixed) == "bf16-mixed");
  CHECK(config::name_of(static_cast<Storage>(77)).empty());
  RehashKind kind = RehashKind::drift;
  CHECK(config::parse_name("decaying", kind));
  CHECK(kind == RehashKind::decaying);
  CHECK_FALSE(config::parse_name("Decaying", kind));
}

TEST_CASE("presets exist, are valid, and an unknown one is refused", "[unit]") {
  for (const char* name :
       {"amazon-670k", "wikilsh-325k", "amazon-670k-slide", "wikilsh-325k-slide", "text8", "text8-slide", "plain"}) {
    INFO(name);
    const auto config = preset(name);
    REQUIRE(config.ok());
    CHECK(validate(*config, {100, 100}).ok());
  }
  CHECK(preset("amazon-670k-slide")->active_set.size == 8192);
  CHECK(preset("wikilsh-325k-slide")->training.batch == 1024);
  CHECK(preset("text8")->network.hidden == std::vector<std::uint32_t>{200});
  CHECK(presets().size() == 12);
  const auto wrong = preset("amazon-679k");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().kind == Error::Kind::usage);
  CHECK(wrong.error().message == "unknown preset 'amazon-679k', did you mean 'amazon-670k'?");
  CHECK(preset("").error().message ==
        "unknown preset ''; known: short-text, few-rows, long-text, items, next-item, plain, amazon-670k, wikilsh-325k, "
        "amazon-670k-slide, wikilsh-325k-slide, text8, text8-slide");
}

TEST_CASE("an effort changes a preset by what it lists, and published settings have none", "[unit]") {
  const auto value = [](std::string_view name, Effort effort, std::string_view option) {
    return find(option).get(*preset(name, effort));
  };
  std::size_t with_efforts = 0;
  for (const Preset& one : presets()) {
    INFO(one.name);
    CHECK(one.quick.empty() == one.best.empty());
    if (!one.has_efforts()) {
      const auto refused = preset(one.name, Effort::quick);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().kind == Error::Kind::usage);
      CHECK(preset(one.name, Effort::best).ok() == false);
      continue;
    }
    ++with_efforts;
    for (const Effort effort : {Effort::quick, Effort::best}) {
      Config config = one.make();
      for (const auto& [option, text] : effort == Effort::quick ? one.quick : one.best) {
        CHECK(find(option).get(config) != text);  // else the line says nothing
        REQUIRE(set_option(config, option, text).ok());
        CHECK(value(one.name, effort, option) == text);
      }
      CHECK(to_text(*preset(one.name, effort)) == to_text(config));
      CHECK(validate(config, {100, 100}).ok());
    }
    CHECK(to_text(*preset(one.name)) == to_text(one.make()));
  }
  CHECK(with_efforts == 6);
}

TEST_CASE(
    "the presets of the large published sets are those that the rules choose for such data, with the propensities used there",
    "[unit]") {
  Config amazon = *preset("amazon-670k"), wikipedia = *preset("wikilsh-325k");
  CHECK(amazon.network.propensity == Propensity{0.6, 2.6});
  CHECK(wikipedia.network.propensity == Propensity{0.5, 0.4});
  CHECK(preset("amazon-670k-slide")->network.propensity == Propensity{0.6, 2.6});
  CHECK(preset("wikilsh-325k-slide")->network.propensity == Propensity{0.5, 0.4});
  amazon.network.propensity = wikipedia.network.propensity = {};
  CHECK(to_text(amazon) == to_text(*preset("long-text")));
  wikipedia.network.hidden = {256};
  CHECK(to_text(wikipedia) == to_text(*preset("long-text")));
}

TEST_CASE("the constants of propensities are two numbers", "[unit]") {
  Config config;
  REQUIRE(set_option(config, "propensity", "0.6, 2.6").ok());
  CHECK(config.network.propensity == Propensity{0.6, 2.6});
  CHECK(find("propensity").get(config) == "0.6,2.6");
  CHECK(refusal("propensity", "0.6") ==
        "option 'propensity': '0.6' is not two finite numbers; allowed: A,B: 0 .. 10 and 1e-06 .. 1000");
  CHECK(refusal("propensity", "0.6,b") ==
        "option 'propensity': '0.6,b' is not two finite numbers; allowed: A,B: 0 .. 10 and 1e-06 .. 1000");
  CHECK(refusal("propensity", "-1,2.6") ==
        "option 'propensity': '-1,2.6' is out of range; allowed: A,B: 0 .. 10 and 1e-06 .. 1000");
  CHECK(refusal("propensity", "0.6,0") ==
        "option 'propensity': '0.6,0' is out of range; allowed: A,B: 0 .. 10 and 1e-06 .. 1000");
}

}  // namespace
}  // namespace glissade
