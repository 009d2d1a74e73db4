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
    const auto pruner = Pruner::open(model_);
    if (!pruner) return pruner.error();
    PruneMix mix;
    double share = 0;
    if (std::sscanf(mix_text_.c_str(), "size=%lf", &share) == 1) {
      const auto found = pruner->mix_for_bytes(static_cast<std::uint64_t>(share * static_cast<double>(pruner->whole_bytes())));
      if (!found) return found.error();
      mix = *found;
    } else {
      std::sscanf(mix_text_.c_str(), "%lf,%lf,%lf,%lf,%lf", &mix.steps[0], &mix.steps[1], &mix.steps[2], &mix.steps[3], &mix.steps[4]);
    }
    const auto size = pruner->write(mix, out_);
    if (!size) return size.error();
    note(fmt::format("wrote {} ({}) {:.3f} {:.3f} {:.3f} {:.3f} {:.3f}, {} of {} weights", datasets::quoted(out_), system::bytes_text(size->bytes), mix.steps[0], mix.steps[1], mix.steps[2], mix.steps[3], mix.steps[4], size->weights, pruner->weights()));
    return 0;
  }

 private:
  std::string model_, out_, mix_text_;
  ThreadsOption threads_;
};

}  // namespace

std::unique_ptr<Command> make_prune() { return std::make_unique<Prune>(); }

}  // namespace glissade::apps
