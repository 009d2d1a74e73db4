#include "datasets/xmc_header.h"

#include <fmt/format.h>

#include <limits>

#include "datasets/message.h"
#include "datasets/number.h"
#include "datasets/parse_rows.h"

namespace glissade::datasets {
namespace {

void take_line(std::string_view& text) noexcept {
  const std::size_t newline = text.find('\n');
  text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
}

}  // namespace

std::string_view first_line(std::string_view text) noexcept {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::uint64_t take_comments(std::string_view& text) {
  std::uint64_t comments = 0;
  for (; is_comment(first_line(text)); ++comments) take_line(text);
  return comments;
}

std::optional<XmcHeader> header_in(std::string_view line, bool columns_only) {
  constexpr std::size_t kLongestHeader = 256;
  if (line.size() > kLongestHeader) return std::nullopt;
  const std::string text = std::string(line) + '\n';
  const char* p = text.data();
  const char* const end = text.data() + text.size();
  XmcHeader header;
  for (std::uint64_t* field : {&header.samples, &header.features, &header.labels}) {
    if (columns_only && field == &header.labels) break;
    while (*p == ' ' || *p == '\t') ++p;
    if (parse_digits(p, end, *field) == 0 || !ends_token(*p)) return std::nullopt;
  }
  while (*p == ' ' || *p == '\t') ++p;
  if (p + 1 != end) return std::nullopt;
  return header;
}

Result<XmcHeader> take_header(std::string_view& text, const std::string& path, std::uint64_t line_number, bool columns_only) {
  const std::string_view line = first_line(text);
  const auto header = header_in(line, columns_only);
  if (!header && columns_only)
    return runtime_error(fmt::format("{}: '{}' is not the header of one file of a pair; start it with 'samples columns'",
                                     place(path, line_number), shown(line)));
  if (!header && header_in(line, true))
    return runtime_error(
        fmt::format("{}: '{}' has two numbers, like one file of a pair; call the file of features NAME_X_Xf.txt, put that of "
                    "labels, NAME_X_Y.txt, beside it, and give the first",
                    place(path, line_number), shown(line)));
  if (!header) {
    return runtime_error(
        fmt::format("{}: '{}' is not the header of an XMC file; start it with 'samples features labels', "
                    "read a file without header as libsvm, or name the columns of records with --text and --labels",
                    place(path, line_number), shown(line)));
  }
  constexpr std::uint64_t kMostIds = std::numeric_limits<std::uint32_t>::max();
  if (header->features > kMostIds || header->labels > kMostIds) {
    return runtime_error(fmt::format("{}: the header '{}' states more than {} features or labels; correct it",
                                     place(path, line_number), shown(line), kMostIds));
  }
  take_line(text);
  return *header;
}

}  // namespace glissade::datasets
