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
  std::vector<std::string> samplers;
  std::string variants;
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

void add_run_options(CLI::App& parser, Arguments& arguments, Texts& texts) {
  parser.add_option("--samplers", texts.samplers, "What to compare. Default lsh,uniform,full.")
      ->type_name("NAMES")
      ->delimiter(',');
  parser
      .add_option(
          "--variants", texts.variants,
          "Compare these settings instead: 'OPTION=VALUE,OPTION=VALUE; OPTION=VALUE; ...', each on top of the options given, "
          "none for the options as they are. --samplers may then name the one for all.")
      ->type_name("LIST");
  parser.add_option("--repeat", arguments.repeat, "Rounds; the tables show medians and, in brackets, extremes. Default 1.")
      ->type_name("N");
  parser
      .add_option("--eval-every", arguments.eval_every,
                  "Epochs from one evaluation to the next; the last is always evaluated. Default 1.")
      ->type_name("N");
  parser.add_option("--json", arguments.json, "File to write all results to, each epoch of each run included.")
      ->type_name("FILE");
  parser.add_flag("--probe", arguments.probe,
                  "With each evaluation, compare the active sets of a test batch with the full softmax: recall of the largest "
                  "logits, direction and error of the gradients.");
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

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

/// "storage=bf16,hidden=512,256": a part without '=' belongs to the value before it.
Result<Variant> parse_variant(const std::string& text) {
  Variant variant;
  variant.name = text.empty() ? "as given" : text;
  if (text.empty()) return variant;
  for (const std::string& part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals != std::string::npos) {
      variant.settings.emplace_back(trimmed(part.substr(0, equals)), trimmed(part.substr(equals + 1)));
    } else if (!variant.settings.empty()) {
      variant.settings.back().second += ',' + part;
    } else {
      return usage_error(fmt::format("--variants: '{}' is not of the form 'OPTION=VALUE,OPTION=VALUE'", text));
    }
  }
  return variant;
}

Result<std::vector<Variant>> make_variants(const Texts& texts) {
  std::vector<Variant> variants;
  if (texts.variants.empty()) {
    const std::vector<std::string> all = {"lsh", "uniform", "full"};
    for (const std::string& name : texts.samplers.empty() ? all : texts.samplers) variants.push_back({name, {{"sampler", name}}});
  } else {
    for (const std::string& text : split(texts.variants, ';')) {
      auto variant = parse_variant(text);
      if (!variant) return variant.error();
      variants.push_back(std::move(*variant));
    }
  }
  for (auto one = variants.begin(); one != variants.end(); ++one) {
    Config scratch;
    for (const auto& [name, value] : one->settings) {
      if (auto known = set_option(scratch, name, value); !known) return known.error();
    }
    const auto same = [&](const Variant& other) { return other.name == one->name; };
    if (std::any_of(variants.begin(), one, same)) {
      return usage_error(fmt::format("{}: '{}' is named twice; use --repeat for more than one run of each",
                                     texts.variants.empty() ? "--samplers" : "--variants", one->name));
    }
  }
  return variants;
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
  if (!texts.variants.empty() && texts.samplers.size() > 1)
    return usage_error("--variants and several --samplers exclude each other; write sampler=NAME into the variants");
  return {};
}

}  // namespace

Result<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  Texts texts;
  CLI::App parser(
      "Trains the same data with several samplers, or other variants of the options, and compares the results, each run in a "
      "process "
      "of its own.",
      "train_bench");
  add_data_options(parser, arguments, texts);
  add_run_options(parser, arguments, texts);
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
  arguments.by_sampler = texts.variants.empty();
  if (!arguments.by_sampler && !texts.samplers.empty()) {
    if (auto set = set_option(arguments.config, "sampler", texts.samplers.front()); !set) return set.error();
  }
  auto variants = make_variants(texts);
  if (!variants) return variants.error();
  arguments.variants = std::move(*variants);
  return arguments;
}

}  // namespace glissade::bench
