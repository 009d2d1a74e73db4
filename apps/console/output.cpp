#include "apps/console/output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include <fmt/format.h>

namespace glissade::apps {

Result<void> put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  return runtime_error(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
}

void note(std::string_view line) {
  const std::string text = fmt::format("{}\n", line);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void complain(std::string_view message) {
  std::string line = fmt::format("glissade: {}", message);
  std::replace(line.begin(), line.end(), '\n', ' ');
  note(line);
}

}  // namespace glissade::apps
