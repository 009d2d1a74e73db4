#pragma once

#include <string_view>

#include "datasets/records/text_memory.h"

namespace glissade::datasets {

/// What a JSON string stands for.
struct JsonString {
  std::string_view text;
  const char* end = nullptr;  ///< its closing quote
  bool good = false;          ///< closed, and with escapes that there are
  bool escaped = false;       ///< `text` is in memory
  bool replaced = false;      ///< U+FFFD stands for half a pair of surrogates
};

/// `raw` begins behind the opening quote and reaches as far as may be read. RFC 8259, section 7.
JsonString json_string(std::string_view raw, TextMemory& memory);

/// Whether a text is a number as JSON has them. RFC 8259, section 6.
bool is_json_number(std::string_view text) noexcept;

}  // namespace glissade::datasets
