#include "datasets/message.h"

#include <fmt/format.h>

#include <system_error>

namespace glissade::datasets {

std::string shown(std::string_view bytes, std::size_t limit) {
  std::string out;
  for (const char c : bytes) {
    if (out.size() >= limit) return out + "...";
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e) {
      out += fmt::format("\\x{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string quoted(std::string_view path) {
  if (path == "-") return "'standard input'";
  std::string out = "'";
  for (const char c : path) {
    // UTF-8 in a path stays readable; only what would break the line is replaced.
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string place(std::string_view path, std::uint64_t line) { return fmt::format("{}:{}", quoted(path), line); }

std::string system_message(int error_number) { return std::generic_category().message(error_number); }

std::string human_bytes(std::uint64_t bytes) {
  if (bytes >= 1'000'000'000) return fmt::format("{:.1f} GB", static_cast<double>(bytes) * 1e-9);
  if (bytes >= 1'000'000) return fmt::format("{:.0f} MB", static_cast<double>(bytes) * 1e-6);
  return fmt::format("{} bytes", bytes);
}

}  // namespace glissade::datasets
