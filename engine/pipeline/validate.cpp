#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libstemmer.h>

#include <glissade/pipeline.h>
#include <glissade/text.h>

namespace glissade {

std::vector<std::string> stemmers() {
  std::vector<std::string> names;
  for (const char** name = sb_stemmer_list(); *name != nullptr; ++name) names.emplace_back(*name);
  std::ranges::sort(names);
  return names;
}

Result<void> validate(const PipelineOptions& options) {
  if (options.columns.empty()) return usage_error("a pipeline needs a column; name one of text, categories or numbers");
  for (std::size_t i = 0; i < options.columns.size(); ++i) {
    const PipelineColumn& column = options.columns[i];
    const auto same = [&](const PipelineColumn& other) { return other.name == column.name; };
    if (std::count_if(options.columns.begin(), options.columns.end(), same) > 1)
      return usage_error(fmt::format("column '{}' is named twice; name it once", column.name));
    if (!std::isfinite(column.mean) || !std::isfinite(column.deviation) || column.deviation <= 0)
      return usage_error(fmt::format("column '{}' has no finite mean and deviation above 0", column.name));
  }
  if (options.word_ngrams < 1 || options.word_ngrams > 3)
    return usage_error(fmt::format("runs of {} words; give 1 to 3", options.word_ngrams));
  if (options.longest_piece > 8 || options.shortest_piece > options.longest_piece ||
      (options.longest_piece > 0 && options.shortest_piece == 0))
    return usage_error(fmt::format("pieces of words of {} to {} characters; give 1 to 8, the shorter first",
                                   options.shortest_piece, options.longest_piece));
  if (options.max_features == 0) return usage_error("0 features at most leave nothing to learn from; give 1 or more");
  if (options.stemmer.empty()) return {};
  const std::vector<std::string> known = stemmers();
  if (std::ranges::find(known, options.stemmer) == known.end())
    return usage_error(fmt::format("there is no stemmer '{}'; give one of {}", options.stemmer, fmt::join(known, ", ")));
  return {};
}

}  // namespace glissade
