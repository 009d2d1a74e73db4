#pragma once

#include <string_view>

namespace glissade::datasets {

/// How many bytes at the front of `text` are a UTF-8 byte-order mark: 3 or 0.
std::size_t byte_order_mark(std::string_view text) noexcept;

/// "UTF-16" or "UTF-32" if the first bytes show that `text` is written so, "" otherwise. Told by a byte-order mark, or by zero
/// bytes beside ASCII ones.
std::string_view wide_encoding(std::string_view text) noexcept;

}  // namespace glissade::datasets
