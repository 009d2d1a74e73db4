#include "bench/train/arguments.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <glissade/options.h>

namespace glissade::bench {
namespace {

struct Texts {
  std::string format = "xmc";
  std::string preset;
  std::vector<std::pair<std::string, std::string>> settings;  ///< option and value, as given
};

void add_data_options(CLI::App& parser, Arguments& arguments, Texts& texts) {
  parser.add_option("--train", arguments.train, "Training data.")->type_name("FILE");
  parser.add_option("--test", arguments.test, "Labelled data to evaluate on.")->type_name("FILE");
  parser
      .add_option("--holdout", arguments.holdout,
                  "Instead of --test: hold this part of the training rows out and evaluate on it.")
      ->type_name("SHARE");
  parser.add_option("--format", texts.format, "Format of the data files, xmc or libsvm. Default xmc.")->type_name("NAME");
  parser.add_flag_callback(
      "--no-cache", [&arguments] { arguments.read.use_cache = false; },
      "Each run parses the text; its peak memory then includes that.");
}

void add_run_options(CLI::App& parser, Arguments& arguments) {
  arguments.samplers = {"lsh", "uniform", "full"};
  parser.add_option("--samplers", arguments.samplers, "What to compare. Default lsh,uniform,full.")
      ->type_name("NAMES")
      ->delimiter(',');
  parser.add_option("--repeat", arguments.repeat, "Rounds; the tables show medians and, in brackets, extremes. Default 1.")
      ->type_name("N");
  parser
      .add_option("--eval-every", arguments.eval_every,
                  "Epochs from one evaluation to the next; the last is always evaluated. Default 1.")
      ->type_name("N");
  parser.add_option("--json", arguments.json, "File to write all results to, each epoch of each run included.")
      ->type_name("FILE");
  parser.add_flag("--curve", arguments.curve, "Print each epoch, too.");
  parser.add_option("--worker", arguments.worker)->group("");
}

void add_config_options(CLI::App& parser, Texts& texts) {
  parser.add_option("--preset", texts.preset, "Start from a named set of options, as in 'glissade train'.")->type_name("NAME");
  for (const Option& option : options()) {
    if (option.name == "sampler") continue;  // --samplers
    const auto take = [&texts, name = std::string(option.name)](const std::string& text) {
      texts.settings.emplace_back(name, text);
    };
    const std::string description = fmt::format("{} {}; default {}.", option.effect, option.range, option.get(Config{}));
    parser.add_option_function<std::string>(fmt::format("--{}", option.name), take, description)
        ->type_name("VALUE")
        ->group(std::string(option.group))
        ->take_last();
  }
}

Result<Config> make_config(const Texts& texts) {
  Config config;
  if (!texts.preset.empty()) {
    auto start = preset(texts.preset);
    if (!start) return start;
    config = std::move(*start);
  }
  for (const auto& [name, text] : texts.settings) {
    if (auto done = set_option(config, name, text); !done) return done.error();
  }
  return config;
}

Result<void> check(const Arguments& arguments, const Texts& texts) {
  if (arguments.train.empty()) return usage_error("train_bench needs --train FILE");
  if (arguments.test.empty() == (arguments.holdout == 0))
    return usage_error("train_bench needs either --test FILE or --holdout SHARE");
  if (!(arguments.holdout >= 0 && arguments.holdout < 1)) {
    return usage_error(fmt::format("--holdout: '{}' is not between 0 and 1", arguments.holdout));
  }
  if (texts.format != "xmc" && texts.format != "libsvm") {
    return usage_error(fmt::format("--format '{}' does not exist; choose one of xmc, libsvm", texts.format));
  }
  if (arguments.repeat == 0 || arguments.eval_every == 0)
    return usage_error("--repeat and --eval-every: '0' is out of range; allowed: 1 or more");
  for (auto name = arguments.samplers.begin(); name != arguments.samplers.end(); ++name) {
    Config scratch;
    if (auto known = set_option(scratch, "sampler", *name); !known) return known;
    if (std::find(arguments.samplers.begin(), name, *name) != name) {
      return usage_error(fmt::format("--samplers: '{}' is named twice; use --repeat for more than one run of each", *name));
    }
  }
  return {};
}

}  // namespace

Result<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  Texts texts;
  CLI::App parser("Trains the same data with several samplers and compares the results, each run in a process of its own.",
                  "train_bench");
  add_data_options(parser, arguments, texts);
  add_run_options(parser, arguments);
  add_config_options(parser, texts);
  try {
    parser.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    arguments.help = parser.help();
    return arguments;
  } catch (const CLI::ParseError& error) {
    return usage_error(fmt::format("{}; see 'train_bench --help'", error.what()));
  }
  if (auto valid = check(arguments, texts); !valid) return valid.error();
  arguments.read.format = texts.format == "libsvm" ? datasets::Format::libsvm : datasets::Format::xmc;
  auto config = make_config(texts);
  if (!config) return config.error();
  arguments.config = std::move(*config);
  return arguments;
}

}  // namespace glissade::bench
