#include "datasets/names.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "datasets/decompress.h"
#include "datasets/message.h"

namespace glissade::datasets {

Result<std::vector<std::string>> read_names(const std::string& path, std::size_t expected, const std::string& what) {
  const auto text = Text::open(path);
  if (!text) return text.error();
  std::vector<std::string> names;
  std::size_t found = 0;
  for (std::string_view rest = text->text(); !rest.empty(); ++found) {
    const std::size_t newline = rest.find('\n');
    std::string_view line = rest.substr(0, newline);
    if (line.ends_with('\r')) line.remove_suffix(1);
    // Lines past the expected ones are only counted, so a wrong file costs no memory.
    if (found < expected) names.emplace_back(line);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
  }
  if (found == expected) return names;
  return runtime_error(
      fmt::format("{} holds {} {} names where {} are needed; give the file that belongs to this data set, one name per line",
                  datasets::quoted(path), found, what, expected));
}

}  // namespace glissade::datasets
