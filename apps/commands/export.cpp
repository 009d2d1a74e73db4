#include <CLI/CLI.hpp>

#include "apps/commands/command.h"
#include "apps/config/threads.h"
#include "apps/console/output_file.h"
#include "apps/words/vocabulary.h"
#include "datasets/vectors.h"

namespace glissade::apps {
namespace {

class Export : public Command {
 public:
  const char* name() const noexcept override { return "export"; }
  const char* summary() const noexcept override { return "Write the word vectors of a model for other programs"; }

  void add_options(CLI::App& parser) override {
    parser.add_option("--model", model_, "Model file, trained on a running text.")->type_name("FILE");
    parser
        .add_option(
            "--vectors", vectors_,
            "File to write, in word2vec's binary format if its name ends in .bin, else in its text format (.gz and .zst are "
            "compressed), or - for standard output.")
        ->type_name("FILE");
    threads_.add_options(parser);
  }

  Result<int> run() override {
    if (model_.empty() || vectors_.empty()) return usage_error("export needs --model FILE and --vectors FILE");
    if (auto ok = check_file_name("--model", model_); !ok) return ok.error();
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    if (vectors_ != "-") {
      if (auto ok = check_replaceable(vectors_, {model_}); !ok) return ok.error();
    }
    const auto vocabulary = Vocabulary::load(model_);
    if (!vocabulary) return vocabulary.error();
    const auto written =
        datasets::write_vectors(vectors_, datasets::vector_format(vectors_), vocabulary->words(), vocabulary->vectors());
    if (!written) return written.error();
    return 0;
  }

 private:
  std::string model_;
  std::string vectors_;
  ThreadsOption threads_;
};

}  // namespace

std::unique_ptr<Command> make_export() { return std::make_unique<Export>(); }

}  // namespace glissade::apps
