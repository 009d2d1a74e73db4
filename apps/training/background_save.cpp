#include "apps/training/background_save.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include <glissade/runtime.h>

#include "apps/console/interrupt.h"
#include "datasets/atomic_file.h"
#include "datasets/message.h"
#include "system/temporary_file.h"

namespace glissade::apps {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

/// Of a child without words of its own.
std::string why_it_ended(const std::string& path, int signal) {
  std::string why = "the process that saves it ran out of memory; free some";
  if (signal == SIGKILL) why = "the process that saves it was ended by SIGKILL; check the free memory";
  if (signal != 0 && signal != SIGKILL) why = fmt::format("the process that saves it was ended by {}", signal_name(signal));
  return fmt::format("{} cannot be written: {}", datasets::quoted(path), why);
}

void remove_what_it_left(const std::string& path) {
  const std::string target = std::filesystem::path(path).filename().string();
  system::remove_abandoned(path, [&](const std::string& name) { return name == target; });
}

}  // namespace

BackgroundSave::~BackgroundSave() { wait(); }

void BackgroundSave::start(const Model& model, const std::string& path) {
  path_ = path;
  started_ = std::chrono::steady_clock::now();
  restoring_ = {};  // no other thread may hold a lock when this process forks
  std::array<int, 2> pipe{-1, -1};
  const pid_t parent = ::getpid();
  // What other ranks take part in is nothing for a copy of this process.
  const bool piped = !model.is_shard() && ::pipe2(pipe.data(), O_CLOEXEC) == 0;
  child_ = piped ? ::fork() : -1;
  if (child_ == 0) {
    messages_ = pipe[1];
    run_child(model, path, parent);
  }
  if (piped) ::close(pipe[1]);
  messages_ = pipe[0];
  if (child_ > 0) return;
  if (piped) ::close(std::exchange(messages_, -1));
  child_ = 0;
  auto written = model.save(path);
  done_ = Outcome{std::move(written), seconds_since(started_)};
}

/// Only this thread is here; the library's save() uses no other, and glibc keeps its allocator usable across a fork.
void BackgroundSave::run_child(const Model& model, const std::string& path, pid_t parent) noexcept {
  leave_interrupts_to_parent();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  try {
    const auto written = model.save(path);
    if (written) ::_exit(0);
    const std::string& text = written.error().message;
    if (::write(messages_, text.data(), text.size()) < 0) ::_exit(2);
  } catch (...) {
    ::_exit(2);  // out of memory: the parent has words for a child without any
  }
  ::_exit(1);
}

std::optional<BackgroundSave::Outcome> BackgroundSave::poll() {
  const bool forked = busy();
  std::optional<Outcome> outcome = collect(WNOHANG);
  if (forked && outcome) restoring_ = std::jthread([] { restore_huge_pages(); });
  return outcome;
}

std::optional<BackgroundSave::Outcome> BackgroundSave::wait() { return collect(0); }

std::optional<BackgroundSave::Outcome> BackgroundSave::collect(int wait_options) {
  if (done_) return std::exchange(done_, std::nullopt);
  if (child_ <= 0) return std::nullopt;
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(child_, &status, wait_options);
  } while (ended < 0 && errno == EINTR);
  if (ended == 0) return std::nullopt;
  const std::string message = read_all(messages_);
  ::close(std::exchange(messages_, -1));
  child_ = 0;
  Outcome outcome{{}, seconds_since(started_)};
  if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return outcome;
  const bool killed = ended > 0 && WIFSIGNALED(status);
  outcome.written = runtime_error(!message.empty() ? message : why_it_ended(path_, killed ? WTERMSIG(status) : 0));
  if (killed) remove_what_it_left(path_);
  return outcome;
}

}  // namespace glissade::apps
