#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace glissade::datasets {

/// `bytes` fit for a one-line message: control characters and anything outside ASCII as \xNN, cut after `limit` characters.
std::string shown(std::string_view bytes, std::size_t limit = 40);

/// 'path', control characters as \xNN so that the message stays one line; 'standard input' for "-".
std::string quoted(std::string_view path);

/// 'path':line, lines counted from 1.
std::string place(std::string_view path, std::uint64_t line);

/// The system's words for an errno value.
std::string system_message(int error_number);

/// "3.2 GB", "17 MB", "512 bytes".
std::string human_bytes(std::uint64_t bytes);

}  // namespace glissade::datasets
