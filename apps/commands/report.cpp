#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/commands/command.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/input/data_options.h"
#include "apps/report/evaluations.h"
#include "apps/report/run_log.h"
#include "datasets/atomic_file.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

class Report : public Command {
 public:
  const char* name() const noexcept override { return "report"; }
  const char* summary() const noexcept override { return "Draw runs from their --log-json files, as one HTML page"; }

  void add_options(CLI::App& parser) override {
    parser.add_option("RUN", runs_, "Logs that 'glissade train --log-json' wrote; several are drawn over each other.");
    parser
        .add_option("--examples", examples_,
                    "Files that 'glissade eval --examples' wrote: scores by how many training rows labels have, and rows with "
                    "their wrong answers, below the runs; several files.")
        ->type_name("FILE")
        ->take_all()
        ->allow_extra_args(false);
    parser.add_option("--out", out_, "Page to write. Default: standard output.")->type_name("FILE");
  }

  Result<int> run() override {
    if (runs_.empty()) return usage_error("report needs a log that 'glissade train --log-json' wrote; name one or more");
    std::vector<std::string> inputs = runs_;
    inputs.insert(inputs.end(), examples_.begin(), examples_.end());
    if (auto once = check_standard_input(inputs); !once) return once.error();
    if (out_ == "-") out_.clear();
    if (!out_.empty()) {
      if (auto ok = check_replaceable(out_, inputs); !ok) return ok.error();
    }
    std::vector<RunLog> logs;
    for (const std::string& path : runs_) {
      auto log = read_run_log(path);
      if (!log) return log.error();
      logs.push_back(std::move(*log));
    }
    for (const auto& [one, other] : scored_apart(logs))
      note(fmt::format("runs {} and {} are scored on different rows: their P@k, nDCG@k and PSP@k cannot be compared",
                       datasets::quoted(one), datasets::quoted(other)));
    std::vector<nlohmann::ordered_json> examples;
    for (const std::string& path : examples_) {
      auto json = read_examples(path);
      if (!json) return json.error();
      examples.push_back(std::move(*json));
    }
    if (auto written = write(report_page(logs, examples)); !written) return written.error();
    return 0;
  }

 private:
  Result<void> write(const std::string& page) const {
    if (out_.empty()) return put(page);
    auto file = datasets::AtomicFile::create(out_);
    if (!file) return file.error();
    if (auto written = file->write(page); !written) return written;
    if (auto done = file->commit(); !done) return done;
    note(fmt::format("wrote {}: {} {}", datasets::quoted(out_), runs_.size(), runs_.size() == 1 ? "run" : "runs"));
    return {};
  }

  std::vector<std::string> runs_;
  std::vector<std::string> examples_;
  std::string out_;
};

}  // namespace

std::unique_ptr<Command> make_report() { return std::make_unique<Report>(); }

}  // namespace glissade::apps
