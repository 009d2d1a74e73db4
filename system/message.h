#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace glissade::system {

/// 'text', control characters as \xNN so that the message stays one line; UTF-8 stays readable. Cut after `limit` bytes.
std::string quoted(std::string_view text, std::size_t limit = std::string_view::npos);

/// Bytes of unknown kind, without quotes: control characters and anything outside ASCII as \xNN, cut after
/// `limit` characters.
std::string shown(std::string_view bytes, std::size_t limit = 40);

/// The system's words for an errno value.
std::string error_text(int error_number);

/// "512 B", "80.0 KiB", "512.3 MiB", "3.21 GiB", "1.50 TiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace glissade::system
