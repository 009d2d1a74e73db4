#include "datasets/parse.h"

#include <fmt/format.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "datasets/memory.h"
#include "datasets/message.h"
#include "datasets/number.h"
#include "datasets/parse_rows.h"

namespace glissade::datasets {
namespace {

/// The last line of a file without a final newline, with one: parsers may then rely on it.
struct Tail {
  std::string line;
};

struct Header {
  std::uint64_t samples = 0;
  std::uint64_t features = 0;
  std::uint64_t labels = 0;
};

/// What a finished Dataset owns. Arrays are filled by the threads that parse, hence uninitialised.
struct Columns {
  std::unique_ptr<std::uint64_t[]> feature_offsets;
  std::unique_ptr<std::uint64_t[]> label_offsets;
  std::unique_ptr<std::uint32_t[]> feature_ids;
  std::unique_ptr<float[]> feature_values;
  std::unique_ptr<std::uint32_t[]> label_ids;

  bool complete() const noexcept { return feature_offsets && label_offsets && feature_ids && feature_values && label_ids; }
};

struct Totals {
  std::uint64_t rows = 0;
  std::uint64_t features = 0;
  std::uint64_t label_room = 0;
};

/// Line without its ending, at the front of `text`.
std::string_view first_line(std::string_view text) noexcept {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Exactly three numbers separated by blanks, or nothing.
std::optional<Header> header_in(std::string_view line) {
  constexpr std::size_t kLongestHeader = 256;
  if (line.size() > kLongestHeader) return std::nullopt;
  const std::string text = std::string(line) + '\n';
  const char* p = text.data();
  const char* const end = text.data() + text.size();
  Header header;
  for (std::uint64_t* field : {&header.samples, &header.features, &header.labels}) {
    while (*p == ' ' || *p == '\t') ++p;
    if (parse_digits(p, end, *field) == 0 || !ends_token(*p)) return std::nullopt;
  }
  while (*p == ' ' || *p == '\t') ++p;
  if (p + 1 != end) return std::nullopt;
  return header;
}

/// Takes the header line off the front of `text`.
Result<Header> take_header(std::string_view& text, const std::string& path) {
  const std::string_view line = first_line(text);
  const auto header = header_in(line);
  if (!header) {
    return runtime_error(
        fmt::format("{}: '{}' is not the header of an XMC file; start it with 'samples features labels', "
                    "or read a file without header as libsvm",
                    place(path, 1), shown(line)));
  }
  constexpr std::uint64_t kMostIds = std::numeric_limits<std::uint32_t>::max();
  if (header->features > kMostIds || header->labels > kMostIds) {
    return runtime_error(fmt::format("{}: the header '{}' states more than {} features or labels; correct it", place(path, 1),
                                     shown(line), kMostIds));
  }
  const std::size_t newline = text.find('\n');
  text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  return *header;
}

/// Takes blank lines off the end of `text`, returns how many.
std::uint64_t take_blank_lines(std::string_view& text) noexcept {
  std::uint64_t blank = 0;
  for (;;) {
    std::string_view shorter = text;
    if (shorter.ends_with('\n')) shorter.remove_suffix(1);
    if (shorter.ends_with('\r')) shorter.remove_suffix(1);
    const bool is_blank = shorter.size() < text.size() && (shorter.empty() || shorter.ends_with('\n'));
    if (!is_blank) return blank;
    text = shorter;
    ++blank;
  }
}

/// Cuts `text` into chunks of whole lines and counts in parallel what is in them. A last line without newline goes to `tail`.
std::vector<RowChunk> cut(std::string_view text, std::size_t chunk_bytes, Tail& tail) {
  const std::size_t last_newline = text.rfind('\n');
  const std::size_t whole = last_newline == std::string_view::npos ? 0 : last_newline + 1;
  std::vector<RowChunk> chunks;
  const auto add = [&chunks](std::string_view lines) {
    chunks.emplace_back();
    chunks.back().begin = lines.data();
    chunks.back().end = lines.data() + lines.size();
  };
  for (std::size_t begin = 0; begin < whole;) {
    const std::size_t aim = std::min(whole - 1, begin + std::max<std::size_t>(chunk_bytes, 1) - 1);
    const std::size_t end = text.find('\n', aim) + 1;
    add(text.substr(begin, end - begin));
    begin = end;
  }
  if (whole < text.size()) {
    tail.line.assign(text.substr(whole));
    tail.line += '\n';
    add(tail.line);
  }
  tbb::parallel_for(std::size_t{0}, chunks.size(), [&](std::size_t i) { count_rows(chunks[i]); });
  return chunks;
}

Totals place_chunks(std::vector<RowChunk>& chunks) noexcept {
  Totals totals;
  for (RowChunk& chunk : chunks) {
    chunk.first_row = totals.rows;
    chunk.first_feature = totals.features;
    chunk.first_label = totals.label_room;
    totals.rows += chunk.lines;
    totals.features += chunk.colons;
    totals.label_room += chunk.commas + chunk.lines;
  }
  return totals;
}

Result<std::shared_ptr<Columns>> allocate(const Totals& totals, const std::string& path) {
  // Each count is at most the size of the text, so these sums cannot overflow.
  const std::uint64_t bytes = (totals.rows + 1) * 16 + totals.features * 8 + totals.label_room * 4;
  if (auto enough = require_memory(bytes, "reading " + quoted(path)); !enough) return enough.error();
  auto columns = std::make_shared<Columns>();
  columns->feature_offsets = try_array<std::uint64_t>(totals.rows + 1);
  columns->label_offsets = try_array<std::uint64_t>(totals.rows + 1);
  columns->feature_ids = try_array<std::uint32_t>(totals.features);
  columns->feature_values = try_array<float>(totals.features);
  columns->label_ids = try_array<std::uint32_t>(totals.label_room);
  if (columns->complete()) return columns;
  return runtime_error(fmt::format("reading {} needs {} of memory, which the system refused; free memory or split the file",
                                   quoted(path), human_bytes(bytes)));
}

/// Parses all chunks; the index of the first with a problem, or their number. Chunks behind a known problem are skipped: which
/// ones depends on timing, the first problem does not.
std::size_t parse_chunks(std::vector<RowChunk>& chunks, const IdLimits& limits, const RowArrays& arrays) {
  std::atomic<std::size_t> first_bad{chunks.size()};
  const auto parse_one = [&](std::size_t i) {
    if (i > first_bad.load(std::memory_order_relaxed)) return;
    parse_rows(chunks[i], limits, arrays);
    if (chunks[i].problem == Problem::none) return;
    std::size_t known = first_bad.load(std::memory_order_relaxed);
    while (i < known && !first_bad.compare_exchange_weak(known, i, std::memory_order_relaxed)) {
    }
  };
  tbb::parallel_for(std::size_t{0}, chunks.size(), parse_one);
  return first_bad.load(std::memory_order_relaxed);
}

/// Labels of all chunks one behind the other (chunks were given more room than they used); offsets from per-chunk ends to global
/// ones.
void join_labels(std::vector<RowChunk>& chunks, Columns& columns) noexcept {
  std::uint64_t used = 0;
  for (RowChunk& chunk : chunks) {
    std::memmove(columns.label_ids.get() + used, columns.label_ids.get() + chunk.first_label,
                 chunk.labels * sizeof(std::uint32_t));
    for (std::size_t row = 0; row < chunk.lines; ++row) columns.label_offsets[chunk.first_row + row + 1] += used;
    used += chunk.labels;
  }
  columns.label_offsets[0] = 0;
  columns.feature_offsets[0] = 0;
}

/// D and L of a libsvm file from its largest ids; feature ids come to count from 0.
Header number_from_ids(const std::vector<RowChunk>& chunks, IdBase base, const Totals& totals, Columns& columns) {
  bool zero = base == IdBase::zero;
  Header header{.samples = totals.rows};
  bool any_label = false;
  for (const RowChunk& chunk : chunks) {
    zero = zero || chunk.has_feature_zero;
    any_label = any_label || chunk.labels > 0;
    header.features = std::max<std::uint64_t>(header.features, chunk.largest_feature);
    header.labels = std::max<std::uint64_t>(header.labels, chunk.largest_label);
  }
  header.labels += any_label ? 1 : 0;
  if (totals.features == 0) return header;
  if (zero) {
    ++header.features;
    return header;
  }
  std::uint32_t* const ids = columns.feature_ids.get();
  tbb::parallel_for(tbb::blocked_range<std::uint64_t>(0, totals.features, 1 << 16),
                    [ids](const tbb::blocked_range<std::uint64_t>& range) {
                      for (std::uint64_t i = range.begin(); i < range.end(); ++i) --ids[i];
                    });
  return header;
}

Error row_error(const std::string& path, std::uint64_t line, const std::string& what) {
  return runtime_error(fmt::format("{}: {}", place(path, line), what));
}

Dataset finish(const Header& header, const Totals& totals, std::shared_ptr<Columns> columns) {
  const std::uint64_t labels = columns->label_offsets[totals.rows];
  DatasetView view;
  view.feature_count = static_cast<std::uint32_t>(header.features);
  view.label_count = static_cast<std::uint32_t>(header.labels);
  view.features = {{columns->feature_offsets.get(), totals.rows + 1},
                   {columns->feature_ids.get(), totals.features},
                   {columns->feature_values.get(), totals.features}};
  view.labels = {{columns->label_offsets.get(), totals.rows + 1}, {columns->label_ids.get(), labels}, {}};
  return Dataset(view, std::move(columns));
}

/// The chunks of the rows of `body`. Empty lines at its end are left out, unless an XMC header counts them (`promised` samples).
std::vector<RowChunk> cut_rows(std::string_view body, std::uint64_t promised, std::size_t chunk_bytes, Tail& tail,
                               Totals& totals) {
  std::string_view rows = body;
  const std::uint64_t blank = take_blank_lines(rows);
  std::vector<RowChunk> chunks = cut(rows, chunk_bytes, tail);
  totals = place_chunks(chunks);
  if (blank == 0 || totals.rows >= promised) return chunks;
  const std::uint64_t counted = std::min(promised - totals.rows, blank);
  for (std::uint64_t extra = blank; extra > counted; --extra) body.remove_suffix(body.ends_with("\r\n") ? 2 : 1);
  chunks = cut(body, chunk_bytes, tail);
  totals = place_chunks(chunks);
  return chunks;
}

/// The first thing wrong with the parsed rows in the order of the file, if any. `bad` is the first chunk with a problem.
std::optional<Error> first_error(const std::vector<RowChunk>& chunks, std::size_t bad, const Header& promised,
                                 const Totals& totals, const IdLimits& limits, const std::string& path) {
  const bool xmc = limits.format == Format::xmc;
  const std::uint64_t first_line_number = xmc ? 2 : 1;
  const std::uint64_t bad_row = bad < chunks.size() ? chunks[bad].first_row + chunks[bad].problem_row : totals.rows;
  if (xmc && totals.rows > promised.samples && bad_row >= promised.samples) {
    return row_error(path, promised.samples + first_line_number,
                     fmt::format("more lines than the {} samples of the header, {} in all; correct the header or the file",
                                 promised.samples, totals.rows));
  }
  if (bad < chunks.size()) return row_error(path, bad_row + first_line_number, describe(chunks[bad], limits));
  if (xmc && totals.rows < promised.samples) {
    return row_error(
        path, totals.rows + 1,
        fmt::format("the file ends after {} of the {} samples of the header; fetch the whole file or correct the header",
                    totals.rows, promised.samples));
  }
  return std::nullopt;
}

}  // namespace

Result<Dataset> parse_dataset(std::string_view text, const std::string& path, const ParseOptions& options) {
  const bool xmc = options.format == Format::xmc;
  if (text.empty()) return runtime_error(fmt::format("{} is empty; give a file with samples", quoted(path)));
  Header header;
  std::string_view body = text;
  if (xmc) {
    auto taken = take_header(body, path);
    if (!taken) return taken.error();
    header = *taken;
  } else if (header_in(first_line(text))) {
    return row_error(path, 1, fmt::format("'{}' is the header of an XMC file; read the file as XMC", shown(first_line(text))));
  }
  Tail tail;
  Totals totals;
  std::vector<RowChunk> chunks = cut_rows(body, header.samples, options.chunk_bytes, tail, totals);
  if (!xmc && totals.rows == 0) {
    return runtime_error(fmt::format("{} holds empty lines only; give a file with samples", quoted(path)));
  }
  auto columns = allocate(totals, path);
  if (!columns) return columns.error();
  Columns& filled = **columns;
  constexpr std::uint64_t kMostIds = std::numeric_limits<std::uint32_t>::max();
  const IdLimits limits{options.format, options.id_base, xmc ? header.features : kMostIds, xmc ? header.labels : kMostIds};
  const RowArrays arrays{filled.feature_offsets.get() + 1, filled.label_offsets.get() + 1, filled.feature_ids.get(),
                         filled.feature_values.get(), filled.label_ids.get()};
  const std::size_t bad = parse_chunks(chunks, limits, arrays);
  if (auto error = first_error(chunks, bad, header, totals, limits, path)) return std::move(*error);
  join_labels(chunks, filled);
  if (!xmc) header = number_from_ids(chunks, options.id_base, totals, filled);
  return finish(header, totals, std::move(*columns));
}

}  // namespace glissade::datasets
