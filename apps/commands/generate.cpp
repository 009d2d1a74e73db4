#include "datasets/generate.h"

#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/commands/command.h"
#include "apps/config/number_option.h"
#include "apps/config/threads.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "datasets/message.h"
#include "datasets/shape.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

class Generate : public Command {
 public:
  const char* name() const noexcept override { return "generate"; }
  const char* summary() const noexcept override { return "Write a synthetic data set with planted structure"; }

  void add_options(CLI::App& parser) override {
    parser.add_option("--shape", shape_, "amazon-670k, wikilsh-325k, or SAMPLESxFEATURESxLABELS such as 100000x50000x20000.")
        ->type_name("SHAPE");
    parser.add_option("--out", prefix_, "Writes PREFIX.train.txt and PREFIX.test.txt in XMC format.")->type_name("PREFIX");
    add_number(parser, "--seed", seed_, {}, "Same shape and seed, same bytes. Default 1.")->type_name("N");
    add_number(parser, "--test-samples", test_samples_, {},
               "Rows of the test file. Default: of a named shape as published, else a tenth.")
        ->type_name("N");
    add_number(parser, "--features-per-sample", features_per_sample_, {},
               "Mean number of features of a row. Default: of the shape.")
        ->type_name("MEAN");
    add_number(parser, "--labels-per-sample", labels_per_sample_, {}, "Mean number of labels of a row. Default: of the shape.")
        ->type_name("MEAN");
    threads_.add_options(parser);
    parser_ = &parser;
  }

  Result<int> run() override {
    if (shape_.empty() || prefix_.empty()) return usage_error("generate needs --shape SHAPE and --out PREFIX");
    if (auto ok = check_file_name("--out", prefix_); !ok) return ok.error();
    auto spec = datasets::named_shape(shape_);
    if (!spec) return spec.error();
    spec->seed = seed_;
    if (parser_->count("--test-samples") > 0) spec->test = test_samples_;
    if (parser_->count("--features-per-sample") > 0) spec->mean_features = features_per_sample_;
    if (parser_->count("--labels-per-sample") > 0) spec->mean_labels = labels_per_sample_;
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    for (const char* ending : {".train.txt", ".test.txt"}) {
      if (auto ok = check_replaceable(prefix_ + ending, {}); !ok) return ok.error();
    }
    const auto report = datasets::generate(*spec, prefix_);
    if (!report) return report.error();
    note(fmt::format("wrote {} and {}: {} rows, {} features, {} labels, {} in {}", datasets::quoted(prefix_ + ".train.txt"),
                     datasets::quoted(prefix_ + ".test.txt"), grouped(report->samples), grouped(report->features),
                     grouped(report->labels), system::bytes_text(report->bytes), duration_text(report->seconds)));
    return 0;
  }

 private:
  const CLI::App* parser_ = nullptr;
  std::string shape_;
  std::string prefix_;
  std::uint64_t seed_ = 1;
  std::uint64_t test_samples_ = 0;
  double features_per_sample_ = 0;
  double labels_per_sample_ = 0;
  ThreadsOption threads_;
};

}  // namespace

std::unique_ptr<Command> make_generate() { return std::make_unique<Generate>(); }

}  // namespace glissade::apps
