// Every option against every kind of text that somebody may give it. What is right is decided here by other means than the
// parser's.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/options.h>

namespace glissade {
namespace {

constexpr std::array kEdges = {
    "",
    " ",
    "-1",
    "-0.5",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1e400",
    "-1e400",
    " 5",
    "5 ",
    "+5",
    "0x10",
    "5x",
    "5,",
    ",",
    "1_0",
    "1e",
    "--5",
    "five",
    "\t",
    "5\n",
    "99999999999999999999999999",
    "none of these",
    "5%5",
    "0.5 %",
    "1,2,x",
    "lsh:",
    "lsh:nan",
    "lsh:0.5+",
    "uniform:2",
    "ON",
    "Softmax",
    "TRUE",
    "yes",
    "\xff\xfe",
};

bool only(std::string_view text, std::string_view allowed) { return text.find_first_not_of(allowed) == std::string_view::npos; }

struct Number {
  bool well_formed = false;
  long double value = 0;
};

/// A plain decimal number by strtold, which takes more than that: only digits, a point, an exponent and a minus sign are let
/// through.
Number number_of(const std::string& text) {
  if (text.empty() || !only(text, "0123456789.eE+-") || text[0] == '+') return {};
  char* end = nullptr;
  const long double value = std::strtold(text.c_str(), &end);
  return {end == text.c_str() + text.size(), value};
}

bool is_number(const Option& option) {
  return option.range.find(" .. ") != std::string_view::npos && option.name != "hidden" && option.name != "active" &&
         option.name != "propensity";
}
bool is_choice(const Option& option) { return option.range.find(" | ") != std::string_view::npos && option.name != "sampler"; }

struct Range {
  std::string low, high;
};

Range range_of(const Option& option) {
  const std::size_t at = option.range.find(" .. ");
  return {std::string(option.range.substr(0, at)), std::string(option.range.substr(at + 4))};
}

/// An option of whole numbers refuses the middle of its range.
bool is_whole(const Option& option) {
  Config config;
  return !option.set(config, "0.5").ok() && !option.set(config, "1.5").ok();
}

bool should_accept(const Option& option, const std::string& text) {
  const Number number = number_of(text);
  if (!number.well_formed) return false;
  if (is_whole(option) && !only(text, "0123456789")) return false;
  const Range range = range_of(option);
  // A double of the text is what counts, 1e400 is none.
  return std::fabs(number.value) <= std::numeric_limits<double>::max() && number.value >= number_of(range.low).value &&
         number.value <= number_of(range.high).value;
}

/// Sets an option by its own setter and by name, which must agree, and checks the message.
bool accepted(const Option& option, const std::string& text) {
  Config config, by_name;
  const std::string before = option.get(config);
  const auto set = option.set(config, text);
  CHECK(set_option(by_name, option.name, text).ok() == set.ok());
  if (set) {
    Config again;
    CHECK(option.set(again, option.get(config)).ok());
    CHECK(option.get(again) == option.get(config));
    return true;
  }
  CHECK(option.get(config) == before);
  const std::string& message = set.error().message;
  CHECK(set.error().kind == Error::Kind::usage);
  CHECK(message.starts_with("option '" + std::string(option.name) + "': "));
  CHECK(message.find("; allowed: ") != std::string::npos);
  CHECK(message.find_first_of("\n\r\t") == std::string::npos);
  CHECK(message.find("'" + text.substr(0, 1)) != std::string::npos);
  return false;
}

}  // namespace

TEST_CASE("every number takes its range, ends included, and nothing else", "[unit]") {
  int tried = 0;
  for (const Option& option : options()) {
    if (!is_number(option)) continue;
    const Range range = range_of(option);
    std::vector<std::string> texts(kEdges.begin(), kEdges.end());
    for (const std::string& end : {range.low, range.high}) {
      for (const char* sign : {"", "-", "+", " "}) texts.push_back(sign + end);
      for (const char* rest : {" ", "x", "0", ".5", "e0", ".0", "e5", "e-5"}) texts.push_back(end + rest);
    }
    for (const std::string& text : texts) {
      INFO(option.name << " = '" << text << "'");
      if (text.find('\x09') == std::string::npos && text.find('\xff') == std::string::npos &&
          text.find('\n') == std::string::npos) {
        CHECK(accepted(option, text) == should_accept(option, text));
      } else {
        Config config;
        CHECK_FALSE(option.set(config, text).ok());
      }
      ++tried;
    }
    CHECK(accepted(option, range.low));
    CHECK(accepted(option, range.high));
  }
  CHECK(tried > 368);
}

TEST_CASE("every choice takes its names, written as in its range, and nothing else", "[unit]") {
  for (const Option& option : options()) {
    if (!is_choice(option)) continue;
    std::vector<std::string> names;
    for (std::string_view rest = option.range;;) {
      const std::size_t bar = std::min(rest.find(" | "), rest.size());
      names.emplace_back(rest.substr(0, bar));
      if (bar == rest.size()) break;
      rest.remove_prefix(bar + 3);
    }
    CHECK(names.size() >= 2);
    for (const std::string& name : names) {
      INFO(option.name << " = '" << name << "'");
      CHECK(accepted(option, name));
      std::string upper = name;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      for (const std::string& wrong :
           {upper, name + " ", " " + name, name + "x", name.substr(0, name.size() - 1), name + "," + name}) {
        INFO(option.name << " = '" << wrong << "'");
        CHECK_FALSE(accepted(option, wrong));
      }
    }
    for (const char* edge : kEdges) {
      Config config;
      INFO(option.name << " = '" << edge << "'");
      CHECK_FALSE(option.set(config, edge).ok());
    }
  }
}

TEST_CASE("hidden, sampler, active and propensity refuse every edge that is none of theirs", "[unit]") {
  for (const Option& option : options()) {
    if (is_number(option) || is_choice(option)) continue;
    INFO(option.name);
    CHECK((option.name == "hidden" || option.name == "sampler" || option.name == "active" || option.name == "propensity"));
    for (const char* edge : kEdges) {
      INFO("'" << edge << "'");
      Config config;
      const bool padded_width = option.name == "hidden" && (std::string_view(edge) == " 5" || std::string_view(edge) == "5 ");
      CHECK(option.set(config, edge).ok() == padded_width);  // blanks may stand around a width: "512, 256"
    }
  }
}

TEST_CASE("propensity takes two numbers, each within its own range, and nothing else", "[unit]") {
  const auto& all = options();
  const auto option = std::find_if(all.begin(), all.end(), [](const Option& one) { return one.name == "propensity"; });
  REQUIRE(option != all.end());
  for (const char* good : {"0.6,2.6", "0.5, 0.4", "0,1e-6", "10,1000", "0.55 ,1.5"}) {
    INFO(good);
    CHECK(accepted(*option, good));
  }
  for (const char* wrong : {"0.6", "0.6;2.6", "0.6,", ",2.6", "0.6,2.6,1", "-0.1,1", "10.1,1", "0.6,0", "0.6,9e-7", "0.6,1001",
                            "nan,1", "1,inf", "0.6 2.6"}) {
    INFO(wrong);
    CHECK_FALSE(accepted(*option, wrong));
  }
  Config config;
  REQUIRE(option->set(config, "0.6,2.6").ok());
  CHECK(config.network.propensity == Propensity{0.6, 2.6});
}

}  // namespace glissade
