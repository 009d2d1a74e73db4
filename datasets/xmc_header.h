#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace glissade::datasets {

/// The first line of an XMC file: "samples features labels".
struct XmcHeader {
  std::uint64_t samples = 0;
  std::uint64_t features = 0;
  std::uint64_t labels = 0;
};

/// Exactly three numbers separated by blanks, or nothing; `columns_only`: exactly two, without the labels. `line` has no line
/// ending.
std::optional<XmcHeader> header_in(std::string_view line, bool columns_only = false);

/// Takes comment lines off the front of `text`; how many there were.
std::uint64_t take_comments(std::string_view& text);

/// The line at the front of `text`, without its ending.
std::string_view first_line(std::string_view text) noexcept;

/// Takes the header line off the front of `text`; `line` is its number, `path` for messages. Fails where it is no header, and
/// where D or L do not fit in 32 bits.
Result<XmcHeader> take_header(std::string_view& text, const std::string& path, std::uint64_t line, bool columns_only = false);

}  // namespace glissade::datasets
