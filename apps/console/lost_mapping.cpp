#include "apps/console/lost_mapping.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace glissade::apps {
namespace {

// All of this runs in a signal handler: no allocation, no lock, only calls that POSIX allows there.

/// Hexadecimal digits at the begin of `text`, which they are taken off.
std::uintptr_t take_hex(std::string_view& text) noexcept {
  std::uintptr_t value = 0;
  while (!text.empty()) {
    const char c = text.front();
    const bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'f';
    if (!digit && !letter) break;
    value = value * 16 + static_cast<std::uintptr_t>(digit ? c - '0' : c - 'a' + 10);
    text.remove_prefix(1);
  }
  return value;
}

/// The path in a line "BEGIN-END PERMISSIONS OFFSET DEVICE INODE PATH" of /proc/self/maps; empty if `address` is not within.
std::string_view path_if_within(std::string_view line, std::uintptr_t address) noexcept {
  const std::uintptr_t begin = take_hex(line);
  if (line.empty() || line.front() != '-') return {};
  line.remove_prefix(1);
  const std::uintptr_t end = take_hex(line);
  const auto slash = line.find('/');
  const auto bracket = line.find('[');
  if (address < begin || address >= end || slash == std::string_view::npos || bracket < slash) return {};
  return line.substr(slash);
}

/// A line of a file at a time, longer ones cut off.
class LineReader {
 public:
  explicit LineReader(int descriptor) noexcept : descriptor_(descriptor) {}

  bool next(std::string_view& line) noexcept {
    std::size_t length = 0;
    for (char c = 0; get(c);) {
      if (c == '\n') {
        line = {line_.data(), length};
        return true;
      }
      if (length < line_.size()) line_[length++] = c;
    }
    return false;
  }

 private:
  bool get(char& c) noexcept {
    if (at_ == filled_) {
      ssize_t got = 0;
      do {
        got = ::read(descriptor_, buffer_.data(), buffer_.size());
      } while (got < 0 && errno == EINTR);
      if (got <= 0) return false;
      at_ = 0;
      filled_ = static_cast<std::size_t>(got);
    }
    c = buffer_[at_++];
    return true;
  }

  int descriptor_;
  std::size_t at_ = 0, filled_ = 0;
  std::array<char, 1024> buffer_;
  std::array<char, 1024> line_;
};

void say(std::string_view text) noexcept {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

void end_with(std::string_view path) noexcept {
  constexpr std::string_view kBegin = "glissade: '";
  constexpr std::string_view kEnd =
      "' was cut short or rewritten while it was in use, or its disk failed; replace a file by renaming a new one (mv), never in "
      "place\n";
  std::array<char, 2048> text;
  std::size_t size = 0;
  for (const std::string_view part : {kBegin, path, kEnd}) {
    const std::size_t more = std::min(part.size(), text.size() - size);
    std::memcpy(text.data() + size, part.data(), more);
    size += more;
  }
  say({text.data(), size});
  ::_exit(1);
}

std::atomic_flag speaking = ATOMIC_FLAG_INIT;

void handle(int signal, siginfo_t* info, void*) {
  while (speaking.test_and_set()) ::pause();  // several threads read the file: one line is enough
  if (info->si_code == BUS_ADRERR) {
    const int maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    LineReader lines(maps);
    for (std::string_view line; maps >= 0 && lines.next(line);) {
      const std::string_view path = path_if_within(line, reinterpret_cast<std::uintptr_t>(info->si_addr));
      if (!path.empty()) end_with(path);
    }
  }
  std::signal(signal, SIG_DFL);  // something else: the process ends as it would have
  ::raise(signal);
}

}  // namespace

void explain_lost_mappings() noexcept {
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace glissade::apps
