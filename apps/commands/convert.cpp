#include <chrono>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <glissade/model_shards.h>

#include "apps/commands/command.h"
#include "apps/config/threads.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/input/data_options.h"
#include "datasets/message.h"
#include "datasets/write.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

class Convert : public Command {
 public:
  const char* name() const noexcept override { return "convert"; }
  const char* summary() const noexcept override {
    return "Rewrite a data file in another format or compression, or the shards of a model as one file";
  }

  void add_options(CLI::App& parser) override {
    parser.add_option(
        "input", input_,
        "Data file in the format that --format names; plain, .gz, .zst, .bz2, .xz, .zip or .tar; - for standard input.");
    parser.add_option("output", output_,
                      "Data file to write; compressed if its name ends in .gz or .zst; - for standard output.");
    parser.add_option("--to", to_, "Format to write: xmc or libsvm. Default xmc.")->type_name("NAME");
    parser.add_flag("--merge", merge_,
                    "The input is a model file whose rows lie in shards beside it, as ranks write it that share the labels out; "
                    "the output one file that has all.");
    parser.add_flag("--slim", slim_, "With --merge: without the training state: smaller, for answers alone.");
    threads_.add_options(parser);
    data_.add_options(parser);
    parser_ = &parser;
  }

  Result<int> run() override {
    if (input_.empty() || output_.empty()) return usage_error("convert needs an input file and an output file");
    if (slim_ && !merge_) return usage_error("--slim is about the model of --merge; leave it out");
    if (merge_) return merge();
    const auto format = choose_format("--to", to_);
    if (!format) return format.error();
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    if (output_ != "-") {
      if (auto ok = check_replaceable(output_, {input_}); !ok) return ok.error();
    }
    const auto data = data_.read(input_, "data");
    if (!data) return data.error();
    const auto report = datasets::write_dataset(data->view(), output_, *format);
    if (!report) return report.error();
    note(fmt::format("wrote {} ({}) in {}", output_ == "-" ? "standard output" : datasets::quoted(output_),
                     system::bytes_text(report->file_bytes), duration_text(report->seconds)));
    return 0;
  }

 private:
  Result<int> merge() {
    for (const CLI::Option* option : parser_->get_options()) {
      const std::string name = option->get_name();
      const bool is_ours = name == "--merge" || name == "--slim" || name == "--threads" || !name.starts_with("--");
      if (option->count() > 0 && !is_ours)
        return usage_error(fmt::format("{} is about data, and --merge about a model; leave one of them out", name));
    }
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    if (auto ok = check_replaceable(output_, {input_}); !ok) return ok.error();
    const auto shards = count_shards(input_);
    if (!shards) return shards.error();
    const auto start = std::chrono::steady_clock::now();
    if (auto merged = merge_shards(input_, output_, !slim_); !merged) return merged.error();
    note(fmt::format("wrote {} from {} shards in {}", datasets::quoted(output_), *shards,
                     duration_text(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count())));
    return 0;
  }

  std::string input_;
  std::string output_;
  std::string to_ = "xmc";
  bool merge_ = false, slim_ = false;
  const CLI::App* parser_ = nullptr;
  ThreadsOption threads_;
  DataOptions data_;
};

}  // namespace

std::unique_ptr<Command> make_convert() { return std::make_unique<Convert>(); }

}  // namespace glissade::apps
