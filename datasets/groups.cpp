#include "datasets/groups.h"

#include <fmt/format.h>

#include <string_view>

#include "datasets/content_hash.h"
#include "datasets/decompress.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

/// A row that is alone: its place, hashed apart from all texts.
std::uint64_t lone(std::uint64_t row) {
  const std::uint64_t key[2] = {row, 0x6c6f6e65726f77};  // "lonerow"
  return content_hash(key, sizeof key).high;
}

}  // namespace

Result<std::vector<std::uint64_t>> read_groups(const std::string& path, std::size_t rows, const std::string& data_path) {
  const auto text = Text::open(path);
  if (!text) return text.error();
  std::vector<std::uint64_t> groups;
  std::size_t found = 0;
  for (std::string_view rest = text->text(); !rest.empty(); ++found) {
    const std::size_t newline = rest.find('\n');
    std::string_view line = rest.substr(0, newline);
    if (line.ends_with('\r')) line.remove_suffix(1);
    // Lines past the expected ones are only counted, so a wrong file costs no memory.
    if (found < rows) groups.push_back(line.empty() ? lone(found) : content_hash(line.data(), line.size()).low);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
  }
  if (found == rows) return groups;
  return runtime_error(fmt::format("{} holds {} groups where {} has {} rows; give one group per row, one per line",
                                   datasets::quoted(path), found, datasets::quoted(data_path), rows));
}

}  // namespace glissade::datasets
