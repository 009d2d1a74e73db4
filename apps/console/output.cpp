#include "apps/console/output.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include <fmt/format.h>

namespace glissade::apps {
namespace {

int speaking_rank = 0;

void write_line(std::string_view line) {
  const std::string text = fmt::format("{}\n", line);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string as_one_line(std::string line) {
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

void speak_for_rank(int rank) noexcept { speaking_rank = rank; }

Result<void> put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  return runtime_error(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
}

void note(std::string_view line) {
  if (speaking_rank == 0) write_line(line);
}

void complain(std::string_view message) { note(as_one_line(fmt::format("glissade: {}", message))); }

void complain_at_end(std::string_view message) {
  if (speaking_rank == 0) return complain(message);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  write_line(as_one_line(fmt::format("glissade: rank {}: {}", speaking_rank, message)));
}

}  // namespace glissade::apps
