#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/console/output.h"

namespace glissade::apps {

/// Where `idle` holds for the situation `S` of a command, an option of its command line has no effect there. For the options of
/// Config see glissade::idle_options().
template <class S>
struct IdleRule {
  std::string_view option;  ///< "--slim"
  bool (*idle)(const S& situation);
  std::string_view reason;  ///< why, and when it would count
};

/// One line on standard error for each option on the command line that a rule calls idle; of an option's rules the first that
/// holds gives the reason. An option of `rules` that `parser` does not have is passed over.
template <class S, std::size_t N>
void warn_of_idle(const CLI::App& parser, const S& situation, const std::array<IdleRule<S>, N>& rules) {
  std::string_view told;
  for (const IdleRule<S>& rule : rules) {  // the rules of an option stand together
    const CLI::Option* const option = parser.get_option_no_throw(std::string(rule.option));
    if (rule.option == told || option == nullptr || option->count() == 0 || !rule.idle(situation)) continue;
    complain(fmt::format("warning: option '{}' has no effect: {}", rule.option, rule.reason));
    told = rule.option;
  }
}

}  // namespace glissade::apps
