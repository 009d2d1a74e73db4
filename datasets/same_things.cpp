#include "datasets/same_things.h"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <string_view>
#include <utility>

#include "datasets/decompress.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

constexpr std::uint32_t kNone = 0xffffffffu;

/// A line of two numbers with one space or tab between them.
bool parse_pair(std::string_view line, std::uint64_t& label, std::uint64_t& feature) {
  const char* const end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, label);
  if (first.ec != std::errc() || first.ptr == end || (*first.ptr != ' ' && *first.ptr != '\t')) return false;
  const auto second = std::from_chars(first.ptr + 1, end, feature);
  return second.ec == std::errc() && second.ptr == end;
}

class PairReader {
 public:
  PairReader(std::uint32_t labels, std::uint32_t features) : table_(features, kNone), has_feature_(labels) {}

  /// What is wrong with the line, and what to do; empty if nothing.
  std::string add(std::string_view line) {
    std::uint64_t label = 0, feature = 0;
    if (!parse_pair(line, label, feature))
      return fmt::format("{} is no pair of a label and a feature; give two ids from 0, as '12 40'", datasets::quoted(line));
    if (label >= has_feature_.size()) return fmt::format("label {} of {} labels; give ids from 0", label, has_feature_.size());
    if (feature >= table_.size()) return fmt::format("feature {} of {} features; give ids from 0", feature, table_.size());
    if (has_feature_[label]) return fmt::format("label {} stands twice; give each label once", label);
    if (table_[feature] != kNone) return fmt::format("feature {} stands twice; give each feature once", feature);
    has_feature_[label] = true;
    table_[feature] = static_cast<std::uint32_t>(label);
    ++pairs_;
    return {};
  }
  std::size_t pairs() const noexcept { return pairs_; }
  std::vector<std::uint32_t> take() { return std::move(table_); }

 private:
  std::vector<std::uint32_t> table_;
  std::vector<bool> has_feature_;
  std::size_t pairs_ = 0;
};

}  // namespace

Result<std::vector<std::uint32_t>> read_same_things(const std::string& path, std::uint32_t labels, std::uint32_t features) {
  const auto text = Text::open(path);
  if (!text) return text.error();
  PairReader reader(labels, features);
  std::size_t number = 0;
  for (std::string_view rest = text->text(); !rest.empty();) {
    const std::size_t newline = rest.find('\n');
    std::string_view line = rest.substr(0, newline);
    if (line.ends_with('\r')) line.remove_suffix(1);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (const std::string wrong = reader.add(line); !wrong.empty())
      return runtime_error(fmt::format("{}: {}", place(path, number), wrong));
  }
  if (reader.pairs() == 0)
    return runtime_error(
        fmt::format("{} holds no pair of a label and a feature; give one per line, as '12 40'", datasets::quoted(path)));
  return reader.take();
}

}  // namespace glissade::datasets
