#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

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
  const char* summary() const noexcept override { return "Rewrite a data file in another format or compression"; }

  void add_options(CLI::App& parser) override {
    parser.add_option(
        "input", input_,
        "Data file in the format that --format names; plain, .gz, .zst, .bz2, .xz, .zip or .tar; - for standard input.");
    parser.add_option("output", output_,
                      "Data file to write; compressed if its name ends in .gz or .zst; - for standard output.");
    parser.add_option("--to", to_, "Format to write: xmc or libsvm. Default xmc.")->type_name("NAME");
    threads_.add_options(parser);
    data_.add_options(parser);
  }

  Result<int> run() override {
    if (input_.empty() || output_.empty()) return usage_error("convert needs an input file and an output file");
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
  std::string input_;
  std::string output_;
  std::string to_ = "xmc";
  ThreadsOption threads_;
  DataOptions data_;
};

}  // namespace

std::unique_ptr<Command> make_convert() { return std::make_unique<Convert>(); }

}  // namespace glissade::apps
