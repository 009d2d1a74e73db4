#include "datasets/parse_rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

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

/// A label that is not written in digits alone.
struct LabelNumber {
  std::uint64_t id = 0;
  Problem problem = Problem::none;
};

/// 7.0, +7, 7e0: whole numbers as pandas, numpy and others write them.
LabelNumber label_number(std::string_view token) noexcept {
  if (token.empty()) return {0, Problem::label_missing};
  const bool plus = token.starts_with('+');
  if (plus) token.remove_prefix(1);
  double number = 0;
  const auto [stop, status] = std::from_chars(token.data(), token.data() + token.size(), number);
  if (status != std::errc() || stop != token.data() + token.size() || !std::isfinite(number) || (plus && token.starts_with('-')))
    return {0, Problem::bad_label};
  if (number < 0) return {0, Problem::negative_label};
  if (number != std::floor(number)) return {0, Problem::label_not_whole};
  constexpr double kFarAbove = 1e15;  // any id, and exact as a double
  return {static_cast<std::uint64_t>(std::min(number, kFarAbove)), Problem::none};
}

/// What a token that is no feature is instead.
bool is_qid(const char* p) noexcept { return p[0] == 'q' && p[1] == 'i' && p[2] == 'd' && p[3] == ':' && is_digit(p[4]); }

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
    std::uint64_t row = chunk_.first_row;
    for (std::size_t line = 0; line < chunk_.lines; ++line) {
      chunk_.problem_line = line;
      line_ = p_;
      if (!labels() || !features()) break;
      p_ += *p_ == '\r' ? 2 : 1;
      if (only_comment_) {
        only_comment_ = false;
        continue;
      }
      arrays_.feature_ends[row] = feature_;
      arrays_.label_ends[row] = label_ - chunk_.first_label;
      ++row;
    }
    chunk_.rows = row - chunk_.first_row;
    chunk_.features = feature_ - chunk_.first_feature;
    chunk_.labels = label_ - chunk_.first_label;
  }

 private:
  bool labels() noexcept;
  bool unusual_label(const char* token, std::uint64_t& id) noexcept;
  void order_labels(std::uint64_t first) noexcept;
  bool features() noexcept;
  bool skip_unusual(const char*& p) noexcept;
  bool add_up(std::uint32_t* ids, float* values, std::size_t& count) noexcept;

  /// Records the problem; always false. The token reaches to white space.
  bool fail(Problem problem, const char* token) noexcept {
    chunk_.problem = problem;
    chunk_.problem_token = {token, std::find_if(token, chunk_.end, ends_token)};
    return false;
  }

  RowChunk& chunk_;
  const IdLimits& limits_;
  const RowArrays& arrays_;
  const char* p_;
  const char* line_ = nullptr;  ///< where the line begins
  bool only_comment_ = false;   ///< the line holds nothing else
  std::uint64_t feature_;
  std::uint64_t label_;
};

bool RowParser::labels() noexcept {
  if (*p_ == ' ' || *p_ == '\t' || at_line_end(p_)) return true;
  const std::uint64_t first = label_;
  bool ascending = true;
  for (const char* token = p_;; token = p_) {
    std::uint64_t id = 0;
    const unsigned digits = parse_digits(p_, chunk_.end, id);
    if (*p_ == ':' && digits > 0 && label_ == first) {
      p_ = token;  // a feature: the row has no labels, and not even the space before its features
      return true;
    }
    if (digits == 0 || (*p_ != ',' && !ends_token(*p_))) {
      if (label_ == first && (*token == '#' || is_qid(token))) {
        p_ = token;
        return true;
      }
      if (!unusual_label(token, id)) return false;
    }
    if (id >= limits_.labels) return fail(Problem::label_too_large, token);
    ascending = ascending && (label_ == first || arrays_.label_ids[label_ - 1] < id);
    arrays_.label_ids[label_++] = static_cast<std::uint32_t>(id);
    if (*p_ != ',') break;
    ++p_;
  }
  if (!ascending) order_labels(first);
  chunk_.largest_label = std::max(chunk_.largest_label, arrays_.label_ids[label_ - 1]);
  return true;
}

/// A label that is not followed by a comma or white space, or does not begin with a digit.
bool RowParser::unusual_label(const char* token, std::uint64_t& id) noexcept {
  const auto ends_label = [](char c) { return c == ',' || c == '#' || ends_token(c); };
  if (*token == '\r') return fail(Problem::lone_return, token);
  p_ = std::find_if(token, chunk_.end, ends_label);
  const LabelNumber label = label_number({token, p_});
  id = label.id;
  if (label.problem == Problem::none) return true;
  return fail(label.problem, label.problem == Problem::label_missing ? line_ : token);
}

void RowParser::order_labels(std::uint64_t first) noexcept {
  std::uint32_t* const begin = arrays_.label_ids + first;
  std::uint32_t* const end = arrays_.label_ids + label_;
  std::sort(begin, end);
  const auto twins = static_cast<std::uint64_t>(end - std::unique(begin, end));
  label_ -= twins;
  chunk_.changes.duplicate_labels += twins;
}

/// Steps over what may stand in the place of a feature: 'qid:N', a comment. False if there is neither.
bool RowParser::skip_unusual(const char*& p) noexcept {
  if (is_qid(p)) {
    while (!ends_token(*p) && *p != '#') ++p;
    ++chunk_.changes.qids;
    return true;
  }
  if (*p != '#') return false;
  only_comment_ = std::all_of(line_, p, [](char c) { return c == ' ' || c == '\t'; });
  while (!at_line_end(p)) ++p;
  ++chunk_.changes.comments;
  return true;
}

/// Sorted pairs: those of one id become one, with the sum of their values.
bool RowParser::add_up(std::uint32_t* ids, float* values, std::size_t& count) noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++kept) {
    const std::uint32_t id = ids[i];
    double sum = static_cast<double>(values[i]);
    while (++i < count && ids[i] == id) sum += static_cast<double>(values[i]);
    if (std::abs(sum) > static_cast<double>(std::numeric_limits<float>::max())) {
      chunk_.problem = Problem::sum_too_large;
      chunk_.problem_id = id;
      return false;
    }
    ids[kept] = id;
    values[kept] = static_cast<float>(sum);
  }
  chunk_.changes.duplicate_features += count - kept;
  count = kept;
  return true;
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
      p = token;
      if (skip_unusual(p)) continue;
      return fail(*token == '-' && is_digit(token[1]) ? Problem::negative_feature
                  : *token == '\r'                    ? Problem::lone_return
                                                      : Problem::bad_feature,
                  token);
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
    if (std::adjacent_find(ids, ids + count) != ids + count && !add_up(ids, values, count)) return false;
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

bool is_comment(std::string_view line) noexcept {
  const std::size_t start = line.find_first_not_of(" \t");
  return start != std::string_view::npos && line[start] == '#';
}

void parse_rows(RowChunk& chunk, const IdLimits& limits, const RowArrays& arrays) noexcept {
  RowParser(chunk, limits, arrays).run();
}

}  // namespace glissade::datasets
