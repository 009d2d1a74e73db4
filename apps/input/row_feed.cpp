#include "apps/input/row_feed.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "datasets/message.h"

namespace glissade::apps {

std::string RowInput::name() const { return queries.empty() ? datasets::quoted(path) : "--query"; }

LineStream RowInput::lines() const {
  if (queries.empty()) return {STDIN_FILENO, "standard input"};
  std::string text;
  for (const std::string& query : queries) {
    text += query;
    std::replace(text.end() - static_cast<std::ptrdiff_t>(query.size()), text.end(), '\n', ' ');
    text += '\n';
  }
  return LineStream(std::move(text));
}

}  // namespace glissade::apps
