#include "system/message.h"

#include <fmt/format.h>

#include <system_error>

namespace glissade::system {
namespace {

void append_byte(std::string& out, char c) { out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c)); }

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::string quoted(std::string_view text, std::size_t limit) {
  std::string out = "'";
  for (const char c : text.substr(0, limit)) {
    if (is_control(c)) {
      append_byte(out, c);
    } else {
      out += c;
    }
  }
  return out + (text.size() > limit ? "...'" : "'");
}

std::string shown(std::string_view bytes, std::size_t limit) {
  std::string out;
  for (const char c : bytes) {
    if (out.size() >= limit) return out + "...";
    if (is_control(c) || static_cast<unsigned char>(c) > 0x7e) {
      append_byte(out, c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string error_text(int error_number) { return std::generic_category().message(error_number); }

std::string bytes_text(std::uint64_t bytes) {
  constexpr double kKib = 1024.0, kMib = kKib * kKib, kGib = kMib * kKib, kTib = kGib * kKib;
  const auto size = static_cast<double>(bytes);
  if (size < kKib) return fmt::format("{} B", bytes);
  if (size < kMib) return fmt::format("{:.1f} KiB", size / kKib);
  if (size < kGib) return fmt::format("{:.1f} MiB", size / kMib);
  return size < kTib ? fmt::format("{:.2f} GiB", size / kGib) : fmt::format("{:.2f} TiB", size / kTib);
}

}  // namespace glissade::system
