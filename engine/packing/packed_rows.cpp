#include "engine/packing/packed_rows.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <mutex>

#include "engine/packing/levels.h"
#include "engine/packing/symbol_coder.h"

namespace glissade::packing {
namespace {

constexpr std::uint32_t kRowsFormat = 1;
constexpr std::size_t kRowContexts = 24;
constexpr std::uint64_t kPieceElements = 1u << 18;
constexpr int kStepPart = 8, kStepMiddle = 128;  ///< a row's step is the base times 2^((byte - 128) / 8)

std::uint64_t rows_in_piece(const RowsShape& shape) noexcept {
  return std::max<std::uint64_t>(1, kPieceElements / std::max(1u, shape.width));
}

/// What both sides know of the rows before the weights.
struct Frame {
  float base = 1;
  std::vector<std::uint8_t> steps, rows, columns;  ///< step of each row, levels of rows and columns

  float step(std::size_t row) const noexcept {
    return base * std::exp2(static_cast<float>(steps[row] - kStepMiddle) / static_cast<float>(kStepPart));
  }
  std::size_t context(std::size_t row, std::size_t column) const noexcept {
    // Levels are 65 at one step; most contexts lie between 1/32 of a step and 2^7 steps.
    const int level = int{rows[row]} + int{columns[column]} - 2 * 65;
    return static_cast<std::size_t>(std::clamp(level + 10, 0, static_cast<int>(kRowContexts) - 1));
  }
};

struct Means {
  std::array<double, 3> sums{};  ///< of sizes in steps, for multiples 1, 2, and above
  std::array<std::uint64_t, 3> counts{};
};

std::size_t bin_of(int multiple) noexcept { return static_cast<std::size_t>(std::min(std::abs(multiple), 3)) - 1; }

/// The steps asked for, as far as the largest multiple reaches the largest weight of each row.
void find_steps(const RowsShape& shape, const ReadRow& read, std::span<const float> steps, Frame& frame) {
  frame.steps.resize(shape.rows);
  tbb::parallel_for(tbb::blocked_range<std::uint64_t>(0, shape.rows, 1024), [&](const tbb::blocked_range<std::uint64_t>& range) {
    std::vector<float> x(shape.width);
    for (std::uint64_t row = range.begin(); row != range.end(); ++row) {
      read(row, x.data());
      float largest = 0;
      for (const float weight : x) largest = std::max(largest, std::abs(weight));
      const float least = largest / static_cast<float>(kMostMultiple) * std::exp2(1.f / kStepPart);
      const float code = kStepPart * std::log2(std::max(steps[row], least) / frame.base);
      frame.steps[row] = static_cast<std::uint8_t>(std::clamp(std::lround(code) + kStepMiddle, 0l, 255l));
    }
  });
}

/// Mean sizes |multiple| of rows and columns.
void find_levels(const RowsShape& shape, const ReadRow& read, Frame& frame) {
  frame.rows.assign(shape.rows, 0);
  std::vector<double> columns(shape.width, 0);
  const std::uint64_t piece = rows_in_piece(shape), pieces = (shape.rows + piece - 1) / piece;
  std::vector<std::vector<double>> parts(pieces);
  tbb::parallel_for(std::uint64_t{0}, pieces, [&](std::uint64_t p) {
    std::vector<float> x(shape.width);
    parts[p].assign(shape.width, 0);
    for (std::uint64_t row = p * piece; row < std::min(shape.rows, (p + 1) * piece); ++row) {
      read(row, x.data());
      const float step = frame.step(row);
      double sum = 0;
      bool any = false;
      for (std::size_t d = 0; d < shape.width; ++d) {
        any = any || multiple_of(x[d], step) != 0;
        sum += std::abs(x[d]) / step;
        parts[p][d] += std::abs(x[d]) / step;
      }
      frame.rows[row] = any ? level_of(sum / shape.width) : std::uint8_t{0};
    }
  });
  double all = 0;
  for (const auto& part : parts) {
    for (std::size_t d = 0; d < shape.width; ++d) columns[d] += part[d];
  }
  for (const double column : columns) all += column / shape.width;
  frame.columns.resize(shape.width);
  for (std::size_t d = 0; d < shape.width; ++d) frame.columns[d] = std::max<std::uint8_t>(1, level_of(columns[d] / all));
}

void store(const RowsShape& shape, std::byte* out, std::uint64_t element, float value) noexcept {
  if (shape.float_bytes == sizeof(float)) {
    std::memcpy(out + element * sizeof(float), &value, sizeof value);
    return;
  }
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto half = static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  std::memcpy(out + element * sizeof half, &half, sizeof half);
}

/// All but the weights.
struct Head {
  RowsShape shape;
  Frame frame;
  std::array<std::array<float, 3>, kRowContexts> shifts{};  ///< by how much weights are nearer to 0 than their multiple
  SymbolTables tables;
};

void write_shape(const RowsShape& shape, ByteWriter& out) {
  out.put(kRowsFormat);
  out.put(shape.rows);
  out.put(shape.width);
  out.put(shape.stride);
  out.put(shape.float_bytes);
}

std::optional<RowsShape> read_shape(ByteReader& in) {
  constexpr std::uint64_t kMostRows = std::uint64_t{1} << 32;
  constexpr std::uint32_t kMostWidth = 1u << 20;
  const auto format = in.get<std::uint32_t>();
  RowsShape shape;
  shape.rows = in.get<std::uint64_t>();
  shape.width = in.get<std::uint32_t>();
  shape.stride = in.get<std::uint32_t>();
  shape.float_bytes = in.get<std::uint32_t>();
  const bool good = !in.failed() && format == kRowsFormat && shape.rows <= kMostRows && shape.width <= shape.stride &&
                    shape.stride <= kMostWidth && (shape.float_bytes == 2 || shape.float_bytes == 4);
  return good ? std::optional(shape) : std::nullopt;
}

bool read_head(ByteReader& in, Head& head) {
  const auto shape = read_shape(in);
  if (!shape) return false;
  head.shape = *shape;
  head.frame.base = in.get<float>();
  head.shifts = in.get<decltype(head.shifts)>();
  const auto read = [&](std::uint64_t count, std::vector<std::uint8_t>& bytes) {
    return get_symbols(in, count, bytes) && bytes.size() == count;
  };
  return read(shape->rows, head.frame.steps) && read(shape->rows, head.frame.rows) && read(shape->width, head.frame.columns) &&
         head.tables.read(in) && head.tables.contexts() == kRowContexts && std::isfinite(head.frame.base);
}

/// The weights of a piece as symbols. Rows that are zeros have none.
class Piece {
 public:
  Piece(const RowsShape& shape, const Frame& frame, std::uint64_t first) : frame_(frame), shape_(shape), first_(first) {}

  template <class Visit>
  void for_each(const ReadRow& read, const Visit& visit) const {
    std::vector<float> x(shape_.width);
    for (std::uint64_t row = first_; row < std::min(shape_.rows, first_ + rows_in_piece(shape_)); ++row) {
      if (frame_.rows[row] == 0) continue;
      read(row, x.data());
      const float step = frame_.step(row);
      for (std::size_t d = 0; d < shape_.width; ++d)
        visit(frame_.context(row, d), multiple_of(x[d], step), std::abs(x[d]) / step);
    }
  }

 private:
  const Frame& frame_;
  const RowsShape& shape_;
  std::uint64_t first_;
};

}  // namespace

Packed pack_rows(const RowsShape& shape, const ReadRow& read, std::span<const float> steps) {
  std::uint64_t weights = 0;
  Head head{shape, {}, {}, {}};
  Frame& frame = head.frame;
  double logs = 0;
  for (const float step : steps) logs += std::log2(step);
  frame.base = static_cast<float>(std::exp2(logs / static_cast<double>(std::max<std::size_t>(1, steps.size()))));
  find_steps(shape, read, steps, frame);
  find_levels(shape, read, frame);

  const std::uint64_t piece = rows_in_piece(shape), pieces = (shape.rows + piece - 1) / piece;
  SymbolCounts counts(kRowContexts);
  std::vector<std::array<Means, kRowContexts>> means(pieces);
  std::mutex mutex;
  tbb::parallel_for(std::uint64_t{0}, pieces, [&](std::uint64_t p) {
    SymbolCounts own(kRowContexts);
    Piece(shape, frame, p * piece).for_each(read, [&](std::size_t context, int multiple, float size) {
      own.add(context, folded(multiple));
      if (multiple == 0) return;
      means[p][context].sums[bin_of(multiple)] += std::abs(multiple) - std::min(size, static_cast<float>(kMostMultiple));
      ++means[p][context].counts[bin_of(multiple)];
    });
    const std::lock_guard lock(mutex);
    counts.add(own);
  });
  for (std::size_t context = 0; context < kRowContexts; ++context) {
    for (std::size_t bin = 0; bin < 3; ++bin) {
      double sum = 0, count = 0;
      for (const auto& part : means) {
        sum += part[context].sums[bin];
        count += static_cast<double>(part[context].counts[bin]);
        weights += part[context].counts[bin];
      }
      head.shifts[context][bin] = count == 0 ? 0.f : static_cast<float>(sum / count);
    }
  }
  head.tables = SymbolTables(counts);
  std::vector<std::vector<std::byte>> streams(pieces);
  tbb::parallel_for(std::uint64_t{0}, pieces, [&](std::uint64_t p) {
    std::vector<std::uint8_t> symbols, contexts;
    Piece(shape, frame, p * piece).for_each(read, [&](std::size_t context, int multiple, float) {
      symbols.push_back(folded(multiple));
      contexts.push_back(static_cast<std::uint8_t>(context));
    });
    streams[p] = encode(symbols, contexts, head.tables);
  });

  ByteWriter out;
  write_shape(shape, out);
  out.put(frame.base);
  out.put(head.shifts);
  put_symbols(out, frame.steps);
  put_symbols(out, frame.rows);
  put_symbols(out, frame.columns);
  head.tables.write(out);
  for (const auto& stream : streams) {
    out.put_count(stream.size());
    out.put_all(std::span<const std::byte>(stream));
  }
  return {out.take(), weights};
}

std::optional<RowsShape> packed_rows_shape(std::span<const std::byte> packed) {
  ByteReader in(packed);
  return read_shape(in);
}

bool unpack_rows(std::span<const std::byte> packed, std::byte* out) {
  ByteReader in(packed);
  Head head;
  if (!read_head(in, head)) return false;
  const RowsShape& shape = head.shape;
  const std::uint64_t piece = rows_in_piece(shape), pieces = (shape.rows + piece - 1) / piece;
  std::vector<std::span<const std::byte>> streams(pieces);
  for (auto& stream : streams) stream = in.get_bytes(in.get_count());
  if (in.failed() || in.left() != 0) return false;
  tbb::parallel_for(std::uint64_t{0}, pieces, [&](std::uint64_t p) {
    SymbolReader symbols(streams[p], head.tables);
    for (std::uint64_t row = p * piece; row < std::min(shape.rows, (p + 1) * piece); ++row) {
      if (head.frame.rows[row] == 0) continue;
      const float step = head.frame.step(row);
      for (std::size_t d = 0; d < shape.width; ++d) {
        const std::size_t context = head.frame.context(row, d);
        const int multiple = unfolded(symbols.next(context));
        if (multiple == 0) continue;
        const float size = static_cast<float>(std::abs(multiple)) - head.shifts[context][bin_of(multiple)];
        store(shape, out, row * shape.stride + d, multiple < 0 ? -size * step : size * step);
      }
    }
  });
  return true;
}

}  // namespace glissade::packing
