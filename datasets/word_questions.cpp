#include "datasets/word_questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include "datasets/decompress.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

/// The parts of a line between separators.
std::vector<std::string_view> parts_of(std::string_view line, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; (at = line.find_first_not_of(separators, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(separators, at), line.size());
    parts.push_back(line.substr(at, end - at));
    at = end;
  }
  return parts;
}

bool is_number(std::string_view text, double& value) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end && std::isfinite(value);
}

/// Calls visit(parts, line number) for each line that has any, until it returns an error.
template <class Visit>
Result<void> for_each_line(const std::string& path, std::string_view separators, const Visit& visit) {
  const auto text = Text::open(path);
  if (!text) return text.error();
  std::uint64_t number = 0;
  for (std::string_view rest = text->text(); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto parts = parts_of(rest.substr(0, end), separators);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (parts.empty()) continue;
    if (Result<void> done = visit(parts, number); !done) return done;
  }
  return {};
}

}  // namespace

Result<AnalogyFile> read_analogies(const std::string& path) {
  AnalogyFile out;
  const auto line = [&](const std::vector<std::string_view>& parts, std::uint64_t number) -> Result<void> {
    if (parts[0].starts_with(':')) {
      out.sections.emplace_back(parts.back() == ":" ? "" : parts.back());
      return {};
    }
    if (parts.size() != 4) {
      return runtime_error(fmt::format("{}: {} words where a question has 4; give a file such as questions-words.txt",
                                       place(path, number), parts.size()));
    }
    if (out.sections.empty()) out.sections.emplace_back("questions");
    AnalogyQuestion question{out.sections.size() - 1, {}};
    for (std::size_t i = 0; i < 4; ++i) question.words[i] = parts[i];
    out.questions.push_back(std::move(question));
    return {};
  };
  if (auto read = for_each_line(path, " \t\r", line); !read) return read.error();
  if (out.questions.empty())
    return runtime_error(fmt::format("{} holds no questions; give a file such as questions-words.txt", datasets::quoted(path)));
  return out;
}

Result<std::vector<SimilarityPair>> read_similarities(const std::string& path) {
  std::vector<SimilarityPair> out;
  const auto line = [&](const std::vector<std::string_view>& parts, std::uint64_t number) -> Result<void> {
    if (parts[0].starts_with('#')) return {};
    double score = 0;
    if (parts.size() != 3 || !is_number(parts[2], score)) {
      return runtime_error(
          fmt::format("{}: this is no line 'word word number'; give a file such as WordSim-353", place(path, number)));
    }
    out.push_back({{std::string(parts[0]), std::string(parts[1])}, score});
    return {};
  };
  if (auto read = for_each_line(path, " \t\r,", line); !read) return read.error();
  if (out.size() < 2)
    return runtime_error(fmt::format("{} holds {} pairs of words where at least 2 are needed; give a longer file",
                                     datasets::quoted(path), out.size()));
  return out;
}

}  // namespace glissade::datasets
