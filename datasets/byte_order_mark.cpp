#include "datasets/byte_order_mark.h"

namespace glissade::datasets {

using namespace std::string_view_literals;

std::size_t byte_order_mark(std::string_view text) noexcept { return text.starts_with("\xEF\xBB\xBF") ? 3 : 0; }

std::string_view wide_encoding(std::string_view text) noexcept {
  if (text.starts_with("\xFF\xFE\0\0"sv) || text.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return "UTF-16";
  if (text.size() < 4) return "";
  const auto zero = [text](std::size_t i) { return text[i] == '\0'; };
  if (!zero(0) && zero(1) && !zero(2) && zero(3)) return "UTF-16";
  if (zero(0) && !zero(1) && zero(2) && !zero(3)) return "UTF-16";
  if (!zero(0) && zero(1) && zero(2) && zero(3)) return "UTF-32";
  return "";
}

}  // namespace glissade::datasets
