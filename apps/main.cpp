#include <malloc.h>

#include <array>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <glissade/runtime.h>
#include <glissade/text.h>

#include "apps/commands/command.h"
#include "apps/config/help.h"
#include "apps/console/lost_mapping.h"
#include "apps/console/output.h"
#include "datasets/cache_limit.h"

namespace glissade::apps {
namespace {

constexpr int kRuntimeStatus = 1;
constexpr int kUsageStatus = 2;

int failure(const Error& error) {
  complain_at_end(error.message);
  return error.kind == Error::Kind::usage ? kUsageStatus : kRuntimeStatus;
}

int print(const std::string& text) {
  const auto written = put(text);
  return written ? 0 : failure(written.error());
}

/// The parser of `glissade` with one subcommand per entry of `commands`.
struct Parser {
  Parser() {
    commands.push_back(make_train());
    commands.push_back(make_eval());
    commands.push_back(make_predict());
    commands.push_back(make_serve());
    commands.push_back(make_nearest());
    commands.push_back(make_analogy());
    commands.push_back(make_export());
    commands.push_back(make_info());
    commands.push_back(make_report());
    commands.push_back(make_convert());
    commands.push_back(make_prune());
    commands.push_back(make_generate());
    commands.push_back(make_cache());
    commands.push_back(make_options());
    app.name("glissade");
    app.formatter(std::make_shared<HelpFormatter>());
    app.set_help_flag("--help,-h", "Print this help and exit.");
    app.set_version_flag("--version", fmt::format("glissade {}", version()), "Print the version and exit.");
    app.footer("'glissade COMMAND --help' lists the options of a command. Exit status: 0 done, 1 run-time error, 2 usage.");
    app.require_subcommand(0, 1);
    app.allow_extras();
    for (const auto& command : commands) {
      CLI::App* const sub = app.add_subcommand(command->name(), command->summary());
      sub->set_help_flag("--help,-h", "Print this help and exit.");
      sub->allow_extras();
      command->add_options(*sub);
    }
  }

  CLI::App app{"Trains and serves networks with very wide output layers."};
  std::vector<std::unique_ptr<Command>> commands;
};

/// Why the arguments name no command.
Error no_command(const CLI::App& app, const std::vector<std::unique_ptr<Command>>& commands) {
  if (app.remaining().empty()) return usage_error("a command is missing; see 'glissade --help'");
  const std::string word = app.remaining().front();
  if (word.rfind("--", 0) == 0) return usage_error(unexpected_argument(app));
  std::vector<std::string_view> names;
  names.reserve(commands.size());
  for (const auto& command : commands) names.emplace_back(command->name());
  const std::string_view meant = nearest_name(word, names);
  const std::string remedy = meant.empty() ? "see 'glissade --help'" : fmt::format("did you mean '{}'?", meant);
  return usage_error(fmt::format("unknown command '{}'; {}", word, remedy));
}

int run(int argc, char** argv) {
  Parser parser;
  try {
    parser.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return print(CLI::detail::find_and_replace(parser.app.help(), "\n\n\n", "\n\n"));
  } catch (const CLI::CallForVersion& request) {
    return print(std::string(request.what()) + "\n");
  } catch (const CLI::ParseError& error) {
    return failure(usage_error(error.what()));
  }
  const auto chosen = parser.app.get_subcommands();
  if (chosen.empty()) return failure(no_command(parser.app, parser.commands));
  if (!chosen.front()->remaining().empty()) return failure(usage_error(unexpected_argument(*chosen.front())));
  if (const std::string empty = empty_value(*chosen.front()); !empty.empty()) return failure(usage_error(empty));
  if (const auto environment = check_environment(); !environment) return failure(environment.error());
  if (const auto limit = datasets::cache_limit(); !limit) return failure(limit.error());
  for (const auto& command : parser.commands) {
    if (command->name() != chosen.front()->get_name()) continue;
    const auto status = command->run();
    return status ? *status : failure(status.error());
  }
  return kUsageStatus;
}

}  // namespace
}  // namespace glissade::apps

int main(int argc, char** argv) {
  // Large blocks go back to the system one by one. Left to itself glibc takes them from its heap after the first of them was
  // freed, and what a long run allocates while a checkpoint is being written tears that to pieces: 3 % more memory after an hour.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  glissade::apps::explain_lost_mappings();
  try {
    return glissade::apps::run(argc, argv);
  } catch (const std::bad_alloc&) {
    glissade::apps::complain_at_end("out of memory; free some, or use a smaller configuration or data set");
  } catch (const std::exception& error) {
    glissade::apps::complain_at_end(error.what());
  }
  return 1;
}
