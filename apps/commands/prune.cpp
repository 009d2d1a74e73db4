#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <glissade/prune.h>

#include "apps/commands/command.h"
#include "apps/config/threads.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

class Prune : public Command {
 public:
  const char* name() const noexcept override { return "prune"; }
  const char* summary() const noexcept override { return "Make a trained model smaller"; }

  void add_options(CLI::App& parser) override {
    parser.add_option("--model", model_, "Model file to prune.")->type_name("FILE");
    parser.add_option("--out", out_, "Model file to write.")->type_name("FILE");
    parser.add_option("--mix", mix_text_, "")->type_name("MIX");
    threads_.add_options(parser);
  }

  Result<int> run() override {
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    PruneMix mix;
    if (!mix_text_.empty())
      std::sscanf(mix_text_.c_str(), "%lf,%lf,%lf,%lf,%lf", &mix.features, &mix.labels, &mix.rows, &mix.neighbours, &mix.co_labels);
    const auto bytes = glissade::prune(model_, out_, mix);
    if (!bytes) return bytes.error();
    note(fmt::format("wrote {} ({})", datasets::quoted(out_), system::bytes_text(*bytes)));
    return 0;
  }

 private:
  std::string model_, out_, mix_text_;
  ThreadsOption threads_;
};

}  // namespace

std::unique_ptr<Command> make_prune() { return std::make_unique<Prune>(); }

}  // namespace glissade::apps
