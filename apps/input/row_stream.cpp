#include "apps/input/row_stream.h"

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

RowStream::RowStream(LineStream lines, std::string name, const datasets::ReadOptions& options, std::uint32_t feature_count)
    : lines_(std::move(lines)), name_(std::move(name)), options_(options), feature_count_(feature_count) {}

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

Result<SparseRows> RowStream::next() {
  for (;;) {
    const auto come = lines_.next();
    if (!come) return come.error();
    if (come->empty()) return SparseRows{};
    std::string_view lines = *come;
    if (at_front_) {
      if (auto taken = take_front(lines); !taken) return taken.error();
    }
    if (lines.empty()) continue;
    auto rows = parse(lines);
    if (!rows || rows->rows() > 0) return rows;
  }
}

Result<SparseRows> RowStream::parse(std::string_view lines) {
  datasets::RowChunk chunk;
  chunk.begin = lines.data();
  chunk.end = lines.data() + lines.size();
  datasets::count_rows(chunk);
  offsets_.assign(chunk.lines + 1, 0);
  label_ends_.resize(chunk.lines);
  ids_.resize(chunk.colons);
  values_.resize(chunk.colons);
  label_ids_.resize(chunk.commas + chunk.lines);

  // Limits are those of a file without header, so that no message blames a header.
  constexpr std::uint64_t kMostIds = std::numeric_limits<std::uint32_t>::max();
  const bool from_one = options_.format == datasets::Format::libsvm && options_.id_base != datasets::IdBase::zero;
  const auto base = from_one ? datasets::IdBase::one : datasets::IdBase::zero;
  const datasets::IdLimits limits{datasets::Format::libsvm, base, kMostIds, kMostIds};
  datasets::parse_rows(chunk, limits, {offsets_.data() + 1, label_ends_.data(), ids_.data(), values_.data(), label_ids_.data()});
  if (chunk.problem != datasets::Problem::none) {
    const std::string where = datasets::place(name_, lines_before_ + chunk.problem_line + 1);
    return runtime_error(fmt::format("{}: {}", where, datasets::describe(chunk, limits)));
  }
  offsets_.resize(chunk.rows + 1);
  ids_.resize(chunk.features);
  values_.resize(chunk.features);
  if (from_one) {
    for (std::uint32_t& id : ids_) --id;
  }
  unknown_features_ += datasets::drop_features(offsets_, ids_, values_, feature_count_);
  lines_before_ += chunk.lines;
  rows_ += chunk.rows;
  changes_ += chunk.changes;
  return SparseRows{offsets_, ids_, values_};
}

}  // namespace glissade::apps
