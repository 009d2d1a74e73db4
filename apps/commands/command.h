#pragma once

#include <memory>
#include <vector>

#include <glissade/result.h>

namespace CLI {
class App;
}

namespace glissade::apps {

/// One subcommand of `glissade`. It adds its options to its parser; once the command line is parsed, it runs.
class Command {
 public:
  virtual ~Command() = default;
  virtual const char* name() const noexcept = 0;
  /// One line for the list of commands.
  virtual const char* summary() const noexcept = 0;
  virtual void add_options(CLI::App& parser) = 0;
  /// Returns the exit status. Data goes to standard output, everything else to standard error.
  virtual Result<int> run() = 0;
};

std::unique_ptr<Command> make_train();
std::unique_ptr<Command> make_eval();
std::unique_ptr<Command> make_predict();
std::unique_ptr<Command> make_serve();
std::unique_ptr<Command> make_nearest();
std::unique_ptr<Command> make_analogy();
std::unique_ptr<Command> make_export();
std::unique_ptr<Command> make_info();
std::unique_ptr<Command> make_report();
std::unique_ptr<Command> make_convert();
std::unique_ptr<Command> make_prune();
std::unique_ptr<Command> make_generate();
std::unique_ptr<Command> make_cache();
std::unique_ptr<Command> make_options();

}  // namespace glissade::apps
