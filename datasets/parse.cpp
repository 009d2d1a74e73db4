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
#include "datasets/parse_rows.h"
#include "datasets/xmc_header.h"
#include "system/message.h"

namespace glissade::datasets {
namespace {

/// The last line of a file without a final newline, with one: parsers may then rely on it.
struct Tail {
  std::string line;
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

/// Before parsing: the most there can be. After parsing: what there is.
struct Totals {
  std::uint64_t rows = 0;
  std::uint64_t features = 0;
  std::uint64_t labels = 0;
};

/// Samples are the lines that are not comments.
struct SampleLines {
  std::uint64_t samples = 0;
  std::uint64_t line_of_wanted = 0;  ///< of the sample with the wanted number (both from 0); behind all lines if there are fewer
};

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
    chunk.first_label = totals.labels;
    totals.rows += chunk.lines;
    totals.features += chunk.colons;
    totals.labels += chunk.commas + chunk.lines;
  }
  return totals;
}

/// Counts samples before they are parsed, where that is rarely asked: comments take a search of their own.
SampleLines count_samples(const std::vector<RowChunk>& chunks, std::uint64_t wanted) noexcept {
  SampleLines found;
  std::uint64_t line = 0;
  const auto take = [&](bool is_sample) {
    if (is_sample && found.samples++ == wanted) found.line_of_wanted = line;
    ++line;
  };
  for (const RowChunk& chunk : chunks) {
    std::string_view rest(chunk.begin, static_cast<std::size_t>(chunk.end - chunk.begin));
    while (!rest.empty()) {
      take(!is_comment(first_line(rest)));
      rest.remove_prefix(rest.find('\n') + 1);
    }
  }
  if (found.samples <= wanted) found.line_of_wanted = line;
  return found;
}

Result<std::shared_ptr<Columns>> allocate(const Totals& totals, const std::string& path) {
  // Each count is at most the size of the text, so these sums cannot overflow.
  const std::uint64_t bytes = (totals.rows + 1) * 16 + totals.features * 8 + totals.labels * 4;
  if (auto enough = require_memory(bytes, "reading " + datasets::quoted(path)); !enough) return enough.error();
  auto columns = std::make_shared<Columns>();
  columns->feature_offsets = try_array<std::uint64_t>(totals.rows + 1);
  columns->label_offsets = try_array<std::uint64_t>(totals.rows + 1);
  columns->feature_ids = try_array<std::uint32_t>(totals.features);
  columns->feature_values = try_array<float>(totals.features);
  columns->label_ids = try_array<std::uint32_t>(totals.labels);
  if (columns->complete()) return columns;
  return runtime_error(fmt::format("reading {} needs {} of memory, which the system refused; free memory or split the file",
                                   datasets::quoted(path), system::bytes_text(bytes)));
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

/// Brings what all chunks hold together, one behind the other (chunks were given more room than they used), and offsets from
/// their chunks' to the whole. Moves only forward, so a chunk never meets one that has yet to move.
Totals join(const std::vector<RowChunk>& chunks, Columns& columns) noexcept {
  Totals used;
  const auto move = [](auto* array, std::uint64_t to, std::uint64_t from, std::uint64_t count) {
    if (to != from) std::memmove(array + to, array + from, count * sizeof *array);
  };
  for (const RowChunk& chunk : chunks) {
    move(columns.label_ids.get(), used.labels, chunk.first_label, chunk.labels);
    move(columns.feature_ids.get(), used.features, chunk.first_feature, chunk.features);
    move(columns.feature_values.get(), used.features, chunk.first_feature, chunk.features);
    std::uint64_t* const label_ends = columns.label_offsets.get() + 1;
    for (std::size_t row = 0; row < chunk.rows; ++row)
      label_ends[used.rows + row] = label_ends[chunk.first_row + row] + used.labels;
    const std::uint64_t shift = chunk.first_feature - used.features;
    std::uint64_t* const feature_ends = columns.feature_offsets.get() + 1;
    for (std::size_t row = 0; (shift > 0 || used.rows != chunk.first_row) && row < chunk.rows; ++row)
      feature_ends[used.rows + row] = feature_ends[chunk.first_row + row] - shift;
    used.rows += chunk.rows;
    used.features += chunk.features;
    used.labels += chunk.labels;
  }
  columns.label_offsets[0] = 0;
  columns.feature_offsets[0] = 0;
  return used;
}

/// D and L of a libsvm file from its largest ids; feature ids come to count from 0, from `base`, which then is what it was.
XmcHeader number_from_ids(const std::vector<RowChunk>& chunks, IdBase& base, const Totals& totals, Columns& columns) {
  bool zero = base == IdBase::zero;
  XmcHeader header{.samples = totals.rows};
  for (const RowChunk& chunk : chunks) {
    zero = zero || chunk.has_feature_zero;
    header.features = std::max<std::uint64_t>(header.features, chunk.largest_feature);
    header.labels = std::max<std::uint64_t>(header.labels, chunk.largest_label);
  }
  header.labels += totals.labels > 0 ? 1 : 0;
  base = zero ? IdBase::zero : IdBase::one;
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

Dataset finish(const XmcHeader& header, const Totals& used, std::shared_ptr<Columns> columns, const ReadFacts& facts) {
  DatasetView view;
  view.feature_count = static_cast<std::uint32_t>(header.features);
  view.label_count = static_cast<std::uint32_t>(header.labels);
  view.features = {{columns->feature_offsets.get(), used.rows + 1},
                   {columns->feature_ids.get(), used.features},
                   {columns->feature_values.get(), used.features}};
  view.labels = {{columns->label_offsets.get(), used.rows + 1}, {columns->label_ids.get(), used.labels}, {}};
  return Dataset(view, std::move(columns), nullptr, facts);
}

/// The chunks of the rows of `body`. Empty lines at its end are left out, unless an XMC header counts them (`promised` samples).
std::vector<RowChunk> cut_rows(std::string_view body, std::uint64_t promised, std::size_t chunk_bytes, Tail& tail,
                               Totals& totals) {
  std::string_view rows = body;
  const std::uint64_t blank = take_blank_lines(rows);
  std::vector<RowChunk> chunks = cut(rows, chunk_bytes, tail);
  totals = place_chunks(chunks);
  const std::uint64_t samples = blank == 0 || promised == 0 ? promised : count_samples(chunks, 0).samples;
  if (samples >= promised) return chunks;
  const std::uint64_t counted = std::min(promised - samples, blank);
  for (std::uint64_t extra = blank; extra > counted; --extra) body.remove_suffix(body.ends_with("\r\n") ? 2 : 1);
  chunks = cut(body, chunk_bytes, tail);
  totals = place_chunks(chunks);
  return chunks;
}

/// What the messages about rows need of the text around them.
struct Around {
  const std::string& path;
  std::uint64_t lines_before = 0;  ///< comments and header
  bool has_header = false;         ///< of XMC
  std::uint64_t promised = 0;      ///< samples, by the header
};

/// The first thing wrong with the parsed rows in the order of the file, if any. `bad` is the first chunk with a problem.
std::optional<Error> first_error(const std::vector<RowChunk>& chunks, std::size_t bad, const Totals& room, const IdLimits& limits,
                                 const Around& around) {
  const bool sound = bad == chunks.size();
  std::uint64_t rows = 0;
  for (const RowChunk& chunk : chunks) rows += chunk.rows;
  if (sound && (!around.has_header || rows == around.promised)) return std::nullopt;
  const std::uint64_t bad_line = sound ? room.rows : chunks[bad].first_row + chunks[bad].problem_line;
  const auto error = [&](std::uint64_t line, const std::string& what) {
    return row_error(around.path, line + around.lines_before + 1, what);
  };
  if (around.has_header) {
    const SampleLines found = count_samples(chunks, around.promised);
    if (found.samples > around.promised && bad_line >= found.line_of_wanted) {
      return error(found.line_of_wanted,
                   fmt::format("more lines than the {} samples of the header, {} in all; correct the header or the file",
                               around.promised, found.samples));
    }
  }
  if (!sound) return error(bad_line, describe(chunks[bad], limits));
  return row_error(
      around.path, room.rows + around.lines_before,
      fmt::format("the file ends after {} of the {} samples of the header; fetch the whole file or correct the header", rows,
                  around.promised));
}

ReadFacts facts_of(const std::vector<RowChunk>& chunks, IdBase base, std::uint64_t comments) noexcept {
  ReadFacts facts{base, {}};
  facts.changes.comments = comments;
  for (const RowChunk& chunk : chunks) facts.changes += chunk.changes;
  return facts;
}

}  // namespace

Result<Dataset> parse_dataset(std::string_view text, const std::string& path, const ParseOptions& options) {
  const bool xmc = options.format == Format::xmc;
  if (text.empty()) return runtime_error(fmt::format("{} is empty; give a file with samples", datasets::quoted(path)));
  XmcHeader header;
  Around around{path};
  std::string_view body = text;
  const std::uint64_t comments = take_comments(body);
  around.lines_before = comments;
  if (xmc) {
    auto taken = take_header(body, path, ++around.lines_before, options.columns_only);
    if (!taken) return taken.error();
    header = *taken;
    around.has_header = true;
    around.promised = header.samples;
  } else if (header_in(first_line(body))) {
    return row_error(path, comments + 1,
                     fmt::format("'{}' is the header of an XMC file; read the file as XMC", shown(first_line(body))));
  }
  Tail tail;
  Totals room;
  std::vector<RowChunk> chunks = cut_rows(body, header.samples, options.chunk_bytes, tail, room);
  auto columns = allocate(room, path);
  if (!columns) return columns.error();
  Columns& filled = **columns;
  constexpr std::uint64_t kMostIds = std::numeric_limits<std::uint32_t>::max();
  const IdLimits limits{options.format, options.id_base, xmc ? header.features : kMostIds, xmc ? header.labels : kMostIds};
  const RowArrays arrays{filled.feature_offsets.get() + 1, filled.label_offsets.get() + 1, filled.feature_ids.get(),
                         filled.feature_values.get(), filled.label_ids.get()};
  const std::size_t bad = parse_chunks(chunks, limits, arrays);
  if (auto error = first_error(chunks, bad, room, limits, around)) return std::move(*error);
  const Totals used = join(chunks, filled);
  if (!xmc && used.rows == 0) {
    return runtime_error(fmt::format("{} holds empty lines {}only; give a file with samples", datasets::quoted(path),
                                     comments > 0 || room.rows > 0 ? "and comments " : ""));
  }
  IdBase base = xmc ? IdBase::zero : options.id_base;
  if (!xmc) header = number_from_ids(chunks, base, used, filled);
  return finish(header, used, std::move(*columns), facts_of(chunks, base, comments));
}

}  // namespace glissade::datasets
