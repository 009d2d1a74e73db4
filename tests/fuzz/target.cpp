#include "tests/fuzz/target.h"

#include <sys/mman.h>
#include <tbb/global_control.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace glissade::fuzz {

InMemoryFile::InMemoryFile(std::string_view bytes) : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
  require(descriptor_ >= 0, "no file in memory to be had");
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    require(written > 0, "a file in memory cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

InMemoryFile::~InMemoryFile() { ::close(descriptor_); }

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

void require_one_line(const Error& error) {
  require(!error.message.empty(), "an error without a message");
  for (const char c : error.message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) require(false, "an error of more than one line: " + error.message);
  }
}

void single_threaded() { static const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1); }

std::uint8_t take_byte(std::string_view& input) {
  if (input.empty()) return 0;
  const auto byte = static_cast<std::uint8_t>(input.front());
  input.remove_prefix(1);
  return byte;
}

}  // namespace glissade::fuzz
