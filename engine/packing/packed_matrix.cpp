#include "engine/packing/packed_matrix.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/packing/levels.h"
#include "engine/packing/symbol_coder.h"

namespace glissade::packing {
namespace {

constexpr std::uint32_t kMatrixFormat = 1;
constexpr std::uint64_t kPieceEntries = 1u << 18;
constexpr std::size_t kGapContexts = 8, kValueContexts = 12;
constexpr std::uint8_t kLongGap = 255;

float float_of(std::uint16_t half) noexcept { return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16); }

std::uint16_t half_of(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// How the distances of a column are told: the low bits as they are, the rest as a symbol whose context is how dense it is.
struct GapRule {
  unsigned low_bits = 0;
  std::uint8_t context = 0;

  GapRule(std::uint64_t rows, std::uint64_t count) noexcept {
    const double half_octaves = 2 * std::log2(static_cast<double>(rows) / static_cast<double>(std::max<std::uint64_t>(1, count)));
    const int density = std::max(0, static_cast<int>(half_octaves));
    low_bits = density < 6 ? 0 : static_cast<unsigned>(density / 2 - 2);
    context = static_cast<std::uint8_t>(density < 6 ? density : 6 + density % 2);
  }
};

std::uint8_t value_context(std::uint8_t level) noexcept {
  return static_cast<std::uint8_t>(std::clamp(int{level} - 64, 0, static_cast<int>(kValueContexts) - 1));
}

/// Bits one behind another.
class BitWriter {
 public:
  void put(std::uint32_t value, unsigned bits) {
    held_ |= std::uint64_t{value} << count_;
    for (count_ += bits; count_ >= 8; count_ -= 8, held_ >>= 8) bytes_.push_back(static_cast<std::byte>(held_));
  }
  std::vector<std::byte> take() {
    if (count_ > 0) bytes_.push_back(static_cast<std::byte>(held_));
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
  std::uint64_t held_ = 0;
  unsigned count_ = 0;
};

class BitReader {
 public:
  explicit BitReader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
  /// Zeros behind the end.
  std::uint32_t get(unsigned bits) noexcept {
    while (count_ < bits) {
      const std::uint64_t next = at_ < bytes_.size() ? std::to_integer<std::uint64_t>(bytes_[at_]) : 0;
      ++at_;
      held_ |= next << count_;
      count_ += 8;
    }
    const auto value = static_cast<std::uint32_t>(held_ & ((std::uint64_t{1} << bits) - 1));
    held_ >>= bits;
    count_ -= bits;
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::uint64_t held_ = 0;
  unsigned count_ = 0;
};

/// The entries that stay, column by column.
struct Postings {
  std::vector<std::uint64_t> begins;              ///< columns + 1
  std::vector<std::uint32_t> rows;                ///< ascending within a column
  std::vector<std::int8_t> multiples;             ///< empty without values
  std::vector<std::uint8_t> levels;               ///< of each column: its mean multiple
  std::array<float, kMostMultiple + 1> shifts{};  ///< by how much values are nearer to 0 than their multiple
};

Postings turn(const MatrixView& matrix, float step) {
  const std::size_t rows = matrix.offsets.size() - 1;
  const bool valued = matrix.valued;
  Postings out;
  out.begins.assign(std::size_t{matrix.columns} + 1, 0);
  const auto for_each = [&](const auto& visit) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::uint64_t e = matrix.offsets[row]; e < matrix.offsets[row + 1]; ++e) {
        const float value = valued ? float_of(matrix.values[e]) : 0.f;
        const int multiple = valued ? multiple_of_entry(value, step) : 1;
        if (multiple != 0) visit(static_cast<std::uint32_t>(row), matrix.ids[e], multiple, std::abs(value) / step);
      }
    }
  };
  std::vector<double> sums(matrix.columns, 0);
  std::array<double, kMostMultiple + 1> off{}, counts{};
  for_each([&](std::uint32_t, std::uint32_t column, int multiple, float size) {
    ++out.begins[column + 1];
    sums[column] += std::abs(multiple);
    off[static_cast<std::size_t>(std::abs(multiple))] += std::abs(multiple) - std::min(size, static_cast<float>(kMostMultiple));
    ++counts[static_cast<std::size_t>(std::abs(multiple))];
  });
  for (std::size_t i = 0; i <= kMostMultiple; ++i) out.shifts[i] = counts[i] == 0 ? 0.f : static_cast<float>(off[i] / counts[i]);
  for (std::size_t column = 0; column < matrix.columns; ++column) {
    const auto count = static_cast<double>(out.begins[column + 1]);
    out.levels.push_back(count == 0 ? std::uint8_t{0} : level_of(sums[column] / count));
    out.begins[column + 1] += out.begins[column];
  }
  out.rows.resize(out.begins.back());
  if (valued) out.multiples.resize(out.begins.back());
  std::vector<std::uint64_t> ends(out.begins.begin(), out.begins.end() - 1);
  for_each([&](std::uint32_t row, std::uint32_t column, int multiple, float) {
    const std::uint64_t at = ends[column]++;
    out.rows[at] = row;
    if (valued) out.multiples[at] = static_cast<std::int8_t>(multiple);
  });
  return out;
}

/// Columns in pieces of about kPieceEntries: the first column of each, and the end.
std::vector<std::uint32_t> pieces_of(std::span<const std::uint64_t> begins) {
  std::vector<std::uint32_t> firsts = {0};
  const auto columns = static_cast<std::uint32_t>(begins.size() - 1);
  for (std::uint32_t column = 0; column < columns; ++column) {
    if (begins[column + 1] - begins[firsts.back()] >= kPieceEntries) firsts.push_back(column + 1);
  }
  if (firsts.back() != columns) firsts.push_back(columns);
  return firsts;
}

/// What a piece is told with. Symbols and contexts side by side.
struct PieceSymbols {
  std::vector<std::uint8_t> gaps, gap_contexts, values, value_contexts;
  BitWriter bits;
};

PieceSymbols symbols_of(const Postings& postings, std::uint64_t rows, std::uint32_t first, std::uint32_t end) {
  PieceSymbols out;
  for (std::uint32_t column = first; column < end; ++column) {
    const GapRule rule(rows, postings.begins[column + 1] - postings.begins[column]);
    std::uint32_t next = 0;  // the first row that the distance is counted from
    for (std::uint64_t e = postings.begins[column]; e < postings.begins[column + 1]; ++e) {
      const std::uint32_t gap = postings.rows[e] - next, high = gap >> rule.low_bits;
      next = postings.rows[e] + 1;
      out.gaps.push_back(static_cast<std::uint8_t>(std::min<std::uint32_t>(high, kLongGap)));
      out.gap_contexts.push_back(rule.context);
      if (high >= kLongGap) out.bits.put(high, 32);
      if (rule.low_bits > 0) out.bits.put(gap & ((1u << rule.low_bits) - 1), rule.low_bits);
      if (postings.multiples.empty()) continue;
      out.values.push_back(folded(postings.multiples[e]));
      out.value_contexts.push_back(value_context(postings.levels[column]));
    }
  }
  return out;
}

void put_stream(ByteWriter& out, const std::vector<std::byte>& stream) {
  out.put_count(stream.size());
  out.put_all(std::span<const std::byte>(stream));
}

struct MatrixHead {
  std::uint64_t rows = 0;
  std::uint32_t columns = 0;
  bool valued = false;
  float step = 1;
  std::vector<std::uint64_t> begins;
  std::vector<std::uint8_t> levels;
  std::array<float, kMostMultiple + 1> sizes{};  ///< of each multiple, in steps
  SymbolTables gaps, values;
};

bool read_head(ByteReader& in, std::uint64_t most_columns, MatrixHead& head) {
  constexpr std::uint64_t kMostRows = std::uint64_t{1} << 32;
  const auto format = in.get<std::uint32_t>();
  head.rows = in.get<std::uint64_t>();
  head.columns = in.get<std::uint32_t>();
  head.valued = in.get<std::uint8_t>() != 0;
  head.step = in.get<float>();
  if (in.failed() || format != kMatrixFormat || head.rows > kMostRows || head.columns > most_columns || !std::isfinite(head.step))
    return false;
  std::vector<std::uint8_t> counts;
  constexpr std::uint64_t kBytesOfCount = 5;
  if (!get_symbols(in, kBytesOfCount * head.columns, counts)) return false;
  ByteReader count(std::as_bytes(std::span<const std::uint8_t>(counts)));
  head.begins.assign(std::size_t{head.columns} + 1, 0);
  for (std::size_t column = 0; column < head.columns; ++column) {
    const std::uint64_t entries = count.get_count();
    if (entries > head.rows) return false;
    head.begins[column + 1] = head.begins[column] + entries;
  }
  if (count.failed() || count.left() != 0 || !head.gaps.read(in) || head.gaps.contexts() != kGapContexts) return false;
  if (!head.valued) return true;
  const bool leveled = get_symbols(in, head.columns, head.levels) && head.levels.size() == head.columns;
  const auto most = in.get_count();
  if (!leveled || most > kMostMultiple) return false;
  for (std::uint64_t i = 1; i <= most; ++i) head.sizes[i] = in.get<float>();
  return head.values.read(in) && head.values.contexts() == kValueContexts;
}

/// The columns of one piece, read into rows and multiples at their places. False if a row is beyond the last one.
bool read_piece(const MatrixHead& head, std::uint32_t first, std::uint32_t end,
                const std::array<std::span<const std::byte>, 3>& from, std::uint32_t* rows, std::int8_t* multiples) {
  SymbolReader gaps(from[0], head.gaps), values(from[1], head.values);
  BitReader bits(from[2]);
  for (std::uint32_t column = first; column < end; ++column) {
    const GapRule rule(head.rows, head.begins[column + 1] - head.begins[column]);
    const std::uint8_t context = head.valued ? value_context(head.levels[column]) : std::uint8_t{0};
    std::uint64_t next = 0;
    for (std::uint64_t e = head.begins[column]; e < head.begins[column + 1]; ++e) {
      std::uint64_t gap = gaps.next(rule.context);
      if (gap == kLongGap) gap = bits.get(32);
      if (rule.low_bits > 0) gap = gap << rule.low_bits | bits.get(rule.low_bits);
      next += gap;
      if (next >= head.rows) return false;
      rows[e] = static_cast<std::uint32_t>(next++);
      if (head.valued) multiples[e] = static_cast<std::int8_t>(unfolded(values.next(context)));
    }
  }
  return true;
}

/// From columns back to rows.
Matrix turn_back(const MatrixHead& head, std::span<const std::uint32_t> rows, std::span<const std::int8_t> multiples) {
  Matrix out;
  out.offsets = Array<std::uint64_t>(head.rows + 1);
  for (const std::uint32_t row : rows) ++out.offsets[row + 1];
  for (std::size_t row = 0; row < head.rows; ++row) out.offsets[row + 1] += out.offsets[row];
  out.ids = Array<std::uint32_t>(rows.size());
  if (head.valued) out.values = Array<std::uint16_t>(rows.size());
  std::array<std::uint16_t, kSymbols> halves{};  // by the multiple's byte
  for (int multiple = -kMostMultiple; multiple <= kMostMultiple; ++multiple) {
    const float size = head.sizes[static_cast<std::size_t>(std::abs(multiple))] * head.step;
    halves[static_cast<std::uint8_t>(multiple)] = half_of(multiple < 0 ? -size : size);
  }
  std::vector<std::uint64_t> ends(out.offsets.data(), out.offsets.data() + head.rows);
  for (std::uint32_t column = 0; column < head.columns; ++column) {
    for (std::uint64_t e = head.begins[column]; e < head.begins[column + 1]; ++e) {
      const std::uint64_t at = ends[rows[e]]++;
      out.ids[at] = column;
      if (head.valued) out.values[at] = halves[static_cast<std::uint8_t>(multiples[e])];
    }
  }
  return out;
}

}  // namespace

Packed pack_matrix(const MatrixView& matrix, float step) {
  const std::uint64_t rows = matrix.offsets.size() - 1;
  const bool valued = matrix.valued;
  for (const std::uint16_t value : matrix.values) step = std::max(step, std::abs(float_of(value)) / kMostMultiple);
  const Postings postings = turn(matrix, step);
  const std::vector<std::uint32_t> firsts = pieces_of(postings.begins);
  const std::size_t pieces = firsts.size() - 1;
  std::vector<PieceSymbols> symbols(pieces);
  tbb::parallel_for(std::size_t{0}, pieces,
                    [&](std::size_t p) { symbols[p] = symbols_of(postings, rows, firsts[p], firsts[p + 1]); });
  SymbolCounts gap_counts(kGapContexts), value_counts(kValueContexts);
  for (const PieceSymbols& piece : symbols) {
    for (std::size_t i = 0; i < piece.gaps.size(); ++i) gap_counts.add(piece.gap_contexts[i], piece.gaps[i]);
    for (std::size_t i = 0; i < piece.values.size(); ++i) value_counts.add(piece.value_contexts[i], piece.values[i]);
  }
  const SymbolTables gaps(gap_counts), values(value_counts);

  ByteWriter out;
  out.put(kMatrixFormat);
  out.put(rows);
  out.put(matrix.columns);
  out.put(static_cast<std::uint8_t>(valued));
  out.put(step);
  ByteWriter counts;
  for (std::size_t column = 0; column < matrix.columns; ++column)
    counts.put_count(postings.begins[column + 1] - postings.begins[column]);
  put_symbols(out, {reinterpret_cast<const std::uint8_t*>(counts.bytes().data()), counts.bytes().size()});
  gaps.write(out);
  if (valued) {
    put_symbols(out, postings.levels);
    std::size_t most = kMostMultiple;
    while (most > 0 && postings.shifts[most] == 0.f) --most;
    // A shift may be 0 by chance behind the last one that is not: such multiples stand for themselves, so all are told.
    for (const std::int8_t multiple : postings.multiples)
      most = std::max<std::size_t>(most, static_cast<std::size_t>(std::abs(multiple)));
    out.put_count(most);
    for (std::size_t i = 1; i <= most; ++i) out.put(static_cast<float>(i) - postings.shifts[i]);
    values.write(out);
  }
  for (PieceSymbols& piece : symbols) {
    put_stream(out, encode(piece.gaps, piece.gap_contexts, gaps));
    put_stream(out, encode(piece.values, piece.value_contexts, values));
    put_stream(out, piece.bits.take());
  }
  return {out.take(), postings.rows.size()};
}

std::optional<Matrix> unpack_matrix(std::span<const std::byte> packed, std::uint64_t most_columns) {
  ByteReader in(packed);
  MatrixHead head;
  if (!read_head(in, most_columns, head)) return std::nullopt;
  const std::vector<std::uint32_t> firsts = pieces_of(head.begins);
  const std::size_t pieces = firsts.size() - 1;
  std::vector<std::array<std::span<const std::byte>, 3>> streams(pieces);
  for (auto& piece : streams) {
    for (auto& stream : piece) stream = in.get_bytes(in.get_count());
  }
  if (in.failed() || in.left() != 0) return std::nullopt;
  // Zeroed pages that nothing has touched take no memory: damage shows before much is.
  Array<std::uint32_t> rows(head.begins.back());
  Array<std::int8_t> multiples(head.valued ? rows.size() : 0);
  std::atomic<bool> sound = true;
  tbb::parallel_for(std::size_t{0}, pieces, [&](std::size_t p) {
    if (!read_piece(head, firsts[p], firsts[p + 1], streams[p], rows.data(), multiples.data())) sound = false;
  });
  if (!sound) return std::nullopt;
  return turn_back(head, {rows.data(), rows.size()}, {multiples.data(), multiples.size()});
}

}  // namespace glissade::packing
