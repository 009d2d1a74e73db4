#include "bench/train/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/info.h>

#include "bench/train/data.h"
#include "bench/train/run.h"

namespace glissade::bench {
namespace {

Error system_error(const char* what) { return runtime_error(fmt::format("cannot {}: {}", what, std::strerror(errno))); }

/// Only calls that are safe between fork and exec.
[[noreturn]] void become(char** arguments, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(output, STDOUT_FILENO);
  execv("/proc/self/exe", arguments);
  _exit(127);
}

std::string read_all(int descriptor) {
  std::string text;
  char block[4096];
  for (;;) {
    const ssize_t got = read(descriptor, block, sizeof block);
    if (got > 0) text.append(block, static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR)) return text;
  }
}

Result<Json> result_of(const std::string& worker, int status, const std::string& output) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return runtime_error(fmt::format(
        "run '{}' was ended by signal {} ({}); if nobody stopped it, memory ran out: use less data or smaller options", worker,
        number, strsignal(number)));
  }
  Json result = Json::parse(output, nullptr, false);
  if (!result.is_object())
    return runtime_error(fmt::format("run '{}' gave no result (exit status {})", worker, WEXITSTATUS(status)));
  if (result.contains("error")) {
    return Error{result["error"].get<std::string>(), result["usage"].get<bool>() ? Error::Kind::usage : Error::Kind::runtime};
  }
  return result;
}

Result<Json> describe_data(const Arguments& arguments) {
  const auto data = load_data(arguments, true);
  if (!data) return data.error();
  const auto threads = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
  return Json{{"train", describe(data->train->view())},
              {"test", describe(data->test->view())},
              {"reading", data->reading},
              {"threads", threads}};
}

Result<Json> work(const Arguments& arguments) {
  std::optional<tbb::global_control> limit;
  const std::size_t threads = arguments.config.run.threads > 0 ? arguments.config.run.threads
                                                               : static_cast<std::size_t>(tbb::info::default_concurrency());
  limit.emplace(tbb::global_control::max_allowed_parallelism, threads);
  try {
    if (arguments.worker == kReadWorker) return describe_data(arguments);
    for (const Variant& variant : arguments.variants) {
      if (variant.name == arguments.worker) return run_training(arguments, variant);
    }
    return usage_error(fmt::format("no run is called '{}'", arguments.worker));
  } catch (const std::exception& error) {
    return runtime_error(fmt::format("run '{}': {}", arguments.worker, error.what()));
  }
}

}  // namespace

Result<Json> start_worker(const std::vector<std::string>& command, const std::string& worker) {
  std::vector<std::string> texts = command;
  texts.insert(texts.end(), {"--worker", worker});
  std::vector<char*> arguments;
  arguments.reserve(texts.size() + 1);
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_error("make a pipe");
  const pid_t child = fork();
  if (child == 0) become(arguments.data(), ends[1]);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return system_error("start a process");
  }
  const std::string output = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return system_error("wait for a process");
  }
  return result_of(worker, status, output);
}

int be_worker(const Arguments& arguments) {
  const auto done = work(arguments);
  const Json json = done ? *done : Json{{"error", done.error().message}, {"usage", done.error().kind == Error::Kind::usage}};
  const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fflush(stdout) == 0;
  return done && written ? 0 : 1;
}

}  // namespace glissade::bench
