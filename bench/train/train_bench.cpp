// Trains the same data several times, everything but one thing equal, and compares what is reached and what it costs.
//   train_bench --train FILE --test FILE --preset plain --samplers lsh,uniform,full
//   train_bench --train FILE --test FILE --preset plain --variants 'storage=fp32; storage=bf16,optimizer=adagrad'
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <glissade/options.h>
#include <glissade/runtime.h>

#include "bench/train/arguments.h"
#include "bench/train/machine.h"
#include "bench/train/report.h"
#include "bench/train/worker.h"

namespace glissade::bench {
namespace {

int failure(const Error& error) {
  fmt::print(stderr, "train_bench: {}\n", error.message);
  return error.kind == Error::Kind::usage ? 2 : 1;
}

/// What all runs share.
Json config_json(const Config& config, bool with_sampler) {
  Json json;
  for (const Option& option : options()) {
    if (option.name == "sampler" && !with_sampler) continue;
    const std::string text = option.get(config);
    json[std::string(option.name)] = Json::accept(text) ? Json::parse(text) : Json(text);
  }
  return json;
}

/// All rounds of all variants. One that fails is left out of its round and named; the others go on. But options that do not fit
/// the data end everything.
Result<void> run_all(const Arguments& arguments, const std::vector<std::string>& command, Json& report) {
  for (std::uint32_t round = 1; round <= arguments.repeat; ++round) {
    for (const Variant& variant : arguments.variants) {
      const std::string& name = variant.name;
      fmt::print(stderr, "round {}/{}: {}\n", round, arguments.repeat, name);
      auto run = start_worker(command, name);
      if (!run) {
        if (run.error().kind == Error::Kind::usage) return run.error();
        failure(run.error());
        report["failures"].push_back(fmt::format("{}, round {}: {}", name, round, run.error().message));
        continue;
      }
      (*run)["round"] = round;
      (*run)["seconds_per_epoch_with_input"] =
          (*run)["seconds_per_epoch"].get<double>() + report["data"]["reading"]["seconds"].get<double>();
      report["runs"].push_back(std::move(*run));
    }
  }
  report["summary"] = summarise(report["runs"]);
  return {};
}

Result<void> write_json(const std::string& path, const Json& report) {
  std::ofstream file(path);
  file << report.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  file.close();
  if (file) return {};
  return runtime_error(fmt::format("cannot write '{}'; choose another place for --json", path));
}

int compare(const Arguments& arguments, const std::vector<std::string>& command) {
  Json report = {{"bench", "train"}, {"command", command_line(command)}, {"rounds", arguments.repeat}};
  report["machine"] = machine();
  report["compared"] = arguments.by_sampler ? "samplers" : "variants";
  report["config"] = config_json(arguments.config, !arguments.by_sampler);
  report["runs"] = Json::array();
  report["failures"] = Json::array();
  // Written before the work too: an unwritable place should cost no time.
  if (!arguments.json.empty()) {
    if (auto written = write_json(arguments.json, report); !written) return failure(written.error());
  }
  fmt::print(stderr, "reading the data\n");
  auto data = start_worker(command, kReadWorker);
  if (!data) return failure(data.error());
  report["data"] = std::move(*data);
  if (auto done = run_all(arguments, command, report); !done) return failure(done.error());

  std::fputs(markdown(report).c_str(), stdout);
  if (arguments.curve) std::fputs(markdown_curve(report).c_str(), stdout);
  if (std::fflush(stdout) != 0) return failure(runtime_error("cannot write to standard output"));
  if (!arguments.json.empty()) {
    if (auto written = write_json(arguments.json, report); !written) return failure(written.error());
  }
  return report["failures"].empty() ? 0 : 1;
}

int run(int argc, char** argv) {
  const auto arguments = parse_arguments(argc, argv);
  if (!arguments) return failure(arguments.error());
  if (!arguments->help.empty()) return std::fputs(arguments->help.c_str(), stdout) < 0 ? 1 : 0;
  if (auto environment = check_environment(); !environment) return failure(environment.error());
  if (!arguments->worker.empty()) return be_worker(*arguments);
  return compare(*arguments, std::vector<std::string>(argv, argv + argc));
}

}  // namespace
}  // namespace glissade::bench

int main(int argc, char** argv) {
  try {
    return glissade::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "train_bench: {}\n", error.what());
    return 1;
  }
}
