#include "apps/input/row_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "datasets/byte_order_mark.h"
#include "datasets/known_features.h"
#include "datasets/message.h"
#include "datasets/parse_rows.h"
#include "datasets/xmc_header.h"

namespace glissade::apps {

RowStream::RowStream(LineStream lines, std::string name, const datasets::ReadOptions& options, std::uint32_t feature_count,
                     bool keeps_going)
    : lines_(std::move(lines)),
      name_(std::move(name)),
      options_(options),
      feature_count_(feature_count),
      keeps_going_(keeps_going) {}

/// Takes off what may stand before the first row: a byte-order mark, comments, a header.
Result<void> RowStream::take_front(std::string_view& lines) {
  if (lines_before_ == 0) {
    if (const auto encoding = datasets::wide_encoding(lines); !encoding.empty())
      return runtime_error(fmt::format("{} is {} text; write it as UTF-8", datasets::quoted(name_), encoding));
    const std::size_t mark = datasets::byte_order_mark(lines);
    changes_.byte_order_marks += mark > 0 ? 1 : 0;
    lines.remove_prefix(mark);
  }
  const std::uint64_t comments = datasets::take_comments(lines);
  changes_.comments += comments;
  lines_before_ += comments;
  if (lines.empty()) return {};
  at_front_ = false;
  const auto header = datasets::header_in(datasets::first_line(lines));
  if (!header) return {};
  if (header->features > feature_count_) {
    return runtime_error(
        fmt::format("{}: the header states {} features, the model has {}; give rows made with the model's training data",
                    datasets::place(name_, lines_before_ + 1), grouped(header->features), grouped(feature_count_)));
  }
  lines.remove_prefix(lines.find('\n') + 1);
  ++lines_before_;
  return {};
}

Result<RowBlock> RowStream::next() {
  for (;;) {
    const auto come = lines_.next();
    if (!come) return come.error();
    if (come->empty()) return RowBlock{};
    std::string_view lines = *come;
    if (at_front_) {
      if (auto taken = take_front(lines); !taken) return taken.error();
    }
    if (lines.empty()) continue;
    auto block = parse(lines);
    if (!block || !block->empty()) return block;
  }
}

Result<RowBlock> RowStream::parse(std::string_view lines) {
  offsets_.assign(1, 0);
  ids_.clear();
  values_.clear();
  errors_.clear();
  if (keeps_going_) {
    append_each(lines);
  } else if (auto error = append(lines)) {
    return runtime_error(std::move(error->message));
  }
  unknown_features_ += datasets::drop_features(offsets_, ids_, values_, feature_count_);
  rows_ += offsets_.size() - 1;
  return RowBlock{{offsets_, ids_, values_}, {}, errors_};
}

/// Appends the rows of all lines, and an error for each that is none. What has an error is read again in halves: few have one.
void RowStream::append_each(std::string_view lines) {
  auto error = append(lines);
  if (!error) return;
  const std::size_t newline = lines.find('\n', std::min(lines.size() / 2, lines.size() - 1));
  const std::size_t middle = newline + 1 < lines.size() ? newline + 1 : lines.rfind('\n', lines.size() - 2) + 1;
  if (middle == 0) {
    ++lines_before_;
    errors_.push_back(std::move(*error));
    return;
  }
  append_each(lines.substr(0, middle));
  append_each(lines.substr(middle));
}

/// Appends the rows of whole lines; an error, and no row, if one of them is none.
std::optional<RowError> RowStream::append(std::string_view lines) {
  datasets::RowChunk chunk;
  chunk.begin = lines.data();
  chunk.end = lines.data() + lines.size();
  datasets::count_rows(chunk);
  const std::size_t rows = offsets_.size(), entries = ids_.size();
  offsets_.resize(rows + chunk.lines);
  label_ends_.resize(chunk.lines);
  ids_.resize(entries + chunk.colons);
  values_.resize(entries + chunk.colons);
  label_ids_.resize(chunk.commas + chunk.lines);

  // Limits are those of a file without header, so that no message blames a header.
  constexpr std::uint64_t kMostIds = std::numeric_limits<std::uint32_t>::max();
  const bool from_one = options_.format == datasets::Format::libsvm && options_.id_base != datasets::IdBase::zero;
  const auto base = from_one ? datasets::IdBase::one : datasets::IdBase::zero;
  const datasets::IdLimits limits{datasets::Format::libsvm, base, kMostIds, kMostIds};
  datasets::parse_rows(
      chunk, limits,
      {offsets_.data() + rows, label_ends_.data(), ids_.data() + entries, values_.data() + entries, label_ids_.data()});
  const bool failed = chunk.problem != datasets::Problem::none;
  if (failed) chunk.rows = chunk.features = 0;
  offsets_.resize(rows + chunk.rows);
  ids_.resize(entries + chunk.features);
  values_.resize(entries + chunk.features);
  if (failed) {
    const std::string where = datasets::place(name_, lines_before_ + chunk.problem_line + 1);
    return RowError{rows - 1, fmt::format("{}: {}", where, datasets::describe(chunk, limits))};
  }
  for (std::size_t row = rows; row < offsets_.size(); ++row) offsets_[row] += entries;
  for (std::size_t i = entries; from_one && i < ids_.size(); ++i) --ids_[i];
  lines_before_ += chunk.lines;
  changes_ += chunk.changes;
  return std::nullopt;
}

}  // namespace glissade::apps
