#include "apps/config/threads.h"

#include <optional>

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <CLI/CLI.hpp>

#include <glissade/options.h>

namespace glissade::apps {

struct ThreadLimit::State {
  std::optional<tbb::global_control> control;
};

ThreadLimit::ThreadLimit(std::uint32_t threads) : state_(std::make_unique<State>()) {
  if (threads > 0) state_->control.emplace(tbb::global_control::max_allowed_parallelism, threads);
}
ThreadLimit::~ThreadLimit() = default;
ThreadLimit::ThreadLimit(ThreadLimit&&) noexcept = default;

std::uint32_t effective_threads(std::uint32_t threads) {
  return threads > 0 ? threads : static_cast<std::uint32_t>(tbb::info::default_concurrency());
}

std::uint32_t allowed_threads() {
  return static_cast<std::uint32_t>(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
}

void ThreadsOption::add_options(CLI::App& parser) {
  parser.add_option("--threads", text_, "Threads to use; 0 (the default) = all that the process may use.")->type_name("N");
}

Result<ThreadLimit> ThreadsOption::limit() const {
  Config config;
  if (auto done = set_option(config, "threads", text_); !done) return done.error();
  return ThreadLimit(config.run.threads);
}

}  // namespace glissade::apps
