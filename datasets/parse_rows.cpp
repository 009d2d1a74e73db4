#include "datasets/parse_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/message.h"
#include "datasets/number.h"

namespace glissade::datasets {
namespace {

bool at_line_end(const char* p) noexcept { return *p == '\n' || (*p == '\r' && p[1] == '\n'); }

/// Largest-on-top heap over ids[0, size): lets the entry at `hole` sink, values moving along.
void sink(std::uint32_t* ids, float* values, std::size_t hole, std::size_t size) noexcept {
  for (std::size_t child = 2 * hole + 1; child < size; hole = child, child = 2 * hole + 1) {
    if (child + 1 < size && ids[child + 1] > ids[child]) ++child;
    if (ids[hole] >= ids[child]) return;
    std::swap(ids[hole], ids[child]);
    std::swap(values[hole], values[child]);
  }
}

/// Sorts pairs held in two arrays without memory of its own: heap sort, since rows are rarely out of order.
void sort_pairs(std::uint32_t* ids, float* values, std::size_t size) noexcept {
  for (std::size_t i = size / 2; i-- > 0;) sink(ids, values, i, size);
  for (std::size_t last = size; last-- > 1;) {
    std::swap(ids[0], ids[last]);
    std::swap(values[0], values[last]);
    sink(ids, values, 0, last);
  }
}

class RowParser {
 public:
  RowParser(RowChunk& chunk, const IdLimits& limits, const RowArrays& arrays) noexcept
      : chunk_(chunk),
        limits_(limits),
        arrays_(arrays),
        p_(chunk.begin),
        feature_(chunk.first_feature),
        label_(chunk.first_label) {}

  void run() noexcept {
    for (std::size_t row = 0; row < chunk_.lines; ++row) {
      chunk_.problem_row = row;
      if (!labels() || !features()) return;
      p_ += *p_ == '\r' ? 2 : 1;
      arrays_.feature_ends[chunk_.first_row + row] = feature_;
      arrays_.label_ends[chunk_.first_row + row] = label_ - chunk_.first_label;
    }
    chunk_.labels = label_ - chunk_.first_label;
  }

 private:
  bool labels() noexcept;
  bool features() noexcept;
  bool order_labels(std::uint64_t first) noexcept;

  /// Records the problem; always false. The token reaches to white space.
  bool fail(Problem problem, const char* token) noexcept {
    chunk_.problem = problem;
    chunk_.problem_token = {token, std::find_if(token, chunk_.end, ends_token)};
    return false;
  }
  bool fail_duplicate(Problem problem, std::uint32_t id) noexcept {
    chunk_.problem = problem;
    chunk_.problem_id = id;
    return false;
  }

  RowChunk& chunk_;
  const IdLimits& limits_;
  const RowArrays& arrays_;
  const char* p_;
  std::uint64_t feature_;
  std::uint64_t label_;
};

bool RowParser::labels() noexcept {
  if (*p_ == ' ' || *p_ == '\t' || at_line_end(p_)) return true;
  const std::uint64_t first = label_;
  bool ascending = true;
  for (const char* token = p_;; token = p_) {
    std::uint64_t id = 0;
    if (parse_digits(p_, chunk_.end, id) == 0) {
      return fail(*token == '-' && is_digit(token[1]) ? Problem::negative_label : Problem::bad_label, token);
    }
    if (*p_ == ':' && label_ == first) {
      p_ = token;  // a feature: the row has no labels, and not even the space before its features
      return true;
    }
    if (*p_ != ',' && !ends_token(*p_)) return fail(Problem::bad_label, token);
    if (id >= limits_.labels) return fail(Problem::label_too_large, token);
    ascending = ascending && (label_ == first || arrays_.label_ids[label_ - 1] < id);
    arrays_.label_ids[label_++] = static_cast<std::uint32_t>(id);
    if (*p_ != ',') break;
    ++p_;
  }
  if (!ascending && !order_labels(first)) return false;
  chunk_.largest_label = std::max(chunk_.largest_label, arrays_.label_ids[label_ - 1]);
  return true;
}

bool RowParser::order_labels(std::uint64_t first) noexcept {
  std::uint32_t* const begin = arrays_.label_ids + first;
  std::uint32_t* const end = arrays_.label_ids + label_;
  std::sort(begin, end);
  const auto twin = std::adjacent_find(begin, end);
  return twin == end || fail_duplicate(Problem::duplicate_label, *twin);
}

bool RowParser::features() noexcept {
  std::uint32_t* const ids = arrays_.feature_ids + feature_;
  float* const values = arrays_.feature_values + feature_;
  const char* const end = chunk_.end;
  const std::uint64_t limit = limits_.features;
  const char* p = p_;
  std::size_t count = 0;
  std::int64_t previous = -1;
  bool ascending = true;
  for (;;) {
    while (*p == ' ' || *p == '\t') ++p;
    if (at_line_end(p)) break;
    const char* const token = p;
    std::uint64_t id = 0;
    const unsigned digits = parse_digits(p, end, id);
    if (digits == 0 || *p != ':') {
      return fail(*token == '-' && is_digit(token[1]) ? Problem::negative_feature : Problem::bad_feature, token);
    }
    if (id >= limit) return fail(Problem::feature_too_large, token);
    ++p;
    if (const ValueStatus status = parse_value(p, end, values[count]); status != ValueStatus::good) {
      return fail(status == ValueStatus::not_finite  ? Problem::value_not_finite
                  : status == ValueStatus::too_large ? Problem::value_too_large
                                                     : Problem::bad_value,
                  token);
    }
    ids[count++] = static_cast<std::uint32_t>(id);
    ascending &= static_cast<std::int64_t>(id) > previous;
    previous = static_cast<std::int64_t>(id);
  }
  p_ = p;
  if (count == 0) return true;
  if (!ascending) {
    sort_pairs(ids, values, count);
    const auto twin = std::adjacent_find(ids, ids + count);
    if (twin != ids + count) return fail_duplicate(Problem::duplicate_feature, *twin);
  }
  if (ids[0] == 0) {
    if (limits_.format == Format::libsvm && limits_.id_base == IdBase::one) return fail(Problem::feature_zero, p_);
    chunk_.has_feature_zero = true;
  }
  chunk_.largest_feature = std::max(chunk_.largest_feature, ids[count - 1]);
  feature_ += count;
  return true;
}

}  // namespace

void count_rows(RowChunk& chunk) noexcept {
  // Blocks that one byte can count: the compiler then compares and adds whole vectors of bytes, without widening them.
  constexpr std::size_t kBlock = 255;
  std::size_t lines = 0;
  std::size_t colons = 0;
  std::size_t commas = 0;
  for (const char* p = chunk.begin; p < chunk.end;) {
    const std::size_t size = std::min(kBlock, static_cast<std::size_t>(chunk.end - p));
    std::uint8_t block_lines = 0;
    std::uint8_t block_colons = 0;
    std::uint8_t block_commas = 0;
    for (std::size_t i = 0; i < size; ++i) {
      block_lines = static_cast<std::uint8_t>(block_lines + (p[i] == '\n'));
      block_colons = static_cast<std::uint8_t>(block_colons + (p[i] == ':'));
      block_commas = static_cast<std::uint8_t>(block_commas + (p[i] == ','));
    }
    lines += block_lines;
    colons += block_colons;
    commas += block_commas;
    p += size;
  }
  chunk.lines = lines;
  chunk.colons = colons;
  chunk.commas = commas;
}

void parse_rows(RowChunk& chunk, const IdLimits& limits, const RowArrays& arrays) noexcept {
  RowParser(chunk, limits, arrays).run();
}

std::string describe(const RowChunk& chunk, const IdLimits& limits) {
  const std::string_view token = chunk.problem_token;
  const std::string shown_token = shown(token);
  const std::string id = shown(token.substr(0, token.find_first_of(",:")));
  const bool xmc = limits.format == Format::xmc;
  switch (chunk.problem) {
    case Problem::none: break;
    case Problem::bad_label:
      return fmt::format("'{}' is not a list of labels; write label ids separated by commas, or a space where there are none",
                         shown_token);
    case Problem::negative_label: return fmt::format("label id {} is negative; label ids start at 0", id);
    case Problem::label_too_large:
      return xmc ? fmt::format("label id {} is not below the {} labels of the header; correct the id or the header", id,
                               limits.labels)
                 : fmt::format("label id {} is too large; ids must be below {}", id, limits.labels);
    case Problem::duplicate_label: return fmt::format("label {} occurs twice in the row; name each label once", chunk.problem_id);
    case Problem::bad_feature:
      return fmt::format("'{}' is not a feature; write id:value pairs such as 17:0.25, separated by spaces", shown_token);
    case Problem::negative_feature:
      return fmt::format("feature id {} is negative; feature ids start at {}", id, xmc ? "0" : "0 or 1");
    case Problem::feature_too_large:
      return xmc ? fmt::format("feature id {} is not below the {} features of the header; correct the id or the header", id,
                               limits.features)
                 : fmt::format("feature id {} is too large; ids must be below {}", id, limits.features);
    case Problem::feature_zero: return "feature id 0 in a file that is read as counting from 1; read it as counting from 0";
    case Problem::duplicate_feature:
      return fmt::format("feature {} occurs twice in the row; give each feature once, with its values added up",
                         chunk.problem_id);
    case Problem::bad_value:
      return fmt::format("the value in '{}' is not a number; write it as a decimal such as 0.25", shown_token);
    case Problem::value_not_finite:
      return fmt::format("the value in '{}' is not finite; leave the feature out or give it a number", shown_token);
    case Problem::value_too_large:
      return fmt::format("the value in '{}' does not fit in a 32-bit float; scale the values down", shown_token);
  }
  return "the row cannot be read";
}

}  // namespace glissade::datasets
