#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <glissade/config.h>

#include "engine/communication/row_owners.h"
#include "engine/parameters/array.h"

namespace glissade {

/// What the optimiser keeps for each weight or row.
struct OptimizerState {
  enum class First { none, fp32, bf16 };        ///< the mean gradient, or momentum: one for each weight
  enum class Second { none, fp32, bf16, row };  ///< the squared gradient: one for each weight, or one float for a whole row
  First first = First::none;
  Second second = Second::none;

  static OptimizerState of(const Config& config) noexcept;
  bool operator==(const OptimizerState&) const = default;
};

/// The float of two halves: `low` is the signed rest of the float over `high` (simd/kernel_list.h, "split").
inline float joined(std::uint16_t high, std::uint16_t low) noexcept {
  const auto rest = static_cast<std::uint32_t>(static_cast<std::int16_t>(low));
  return __builtin_bit_cast(float, (static_cast<std::uint32_t>(high) << 16) + rest);
}

/// rows x width parameters with one bias per row, and, if trainable, what the optimiser keeps for each. A row starts on a cache
/// line: rows are `pitch` elements apart, the padding stays 0. Rows may also differ in width; they then lie one behind another
/// without padding, as the entries of sparse rows do.
///
/// Rows that have some of their connections only may be kept compactly: the arrays then have a number for each connection, in the
/// order of the columns, and none for the others.
///
/// fp32: one float array. bf16-mixed: each float as two 16-bit arrays (see simd/kernel_list.h, "split"): the forward pass reads
/// `high` alone. bf16: `high` is all there is; whoever changes a row rounds it stochastically. Biases and their state are floats
/// with every storage, they are few.
///
/// Rows are independent: different rows may be updated from different threads at once.
class ParameterRows {
 public:
  struct Options {
    Storage storage = Storage::bf16_mixed;
    bool with_bias = true;
    bool trainable = true;
    OptimizerState state;
    std::uint64_t stream = 0;  ///< tells parameter blocks apart in what is drawn for stochastic rounding
    /// Connections that each row has, 0 = all: other weights are 0 and stay so. Rows of one width alone, if trainable.
    std::uint32_t fan_in = 0;
    /// Rows that share their connections, 1 = each row has its own. Without training they are kept then, too.
    std::uint32_t block = 1;
    /// The arrays have numbers for connections alone, where that is at most half of a row. Rows have connections of their own
    /// then, from the start on, and no gradient means; connections are kept without training, too.
    bool compact = false;
    bool keeps_gradient_means = false;  ///< of all of a row's weights, for connections to grow by
    bool starts_whole = false;          ///< a row has all its weights until its connections are chosen
    std::uint64_t connection_seed = 0;  ///< of the first ones
    RowOwners owners = {};              ///< whose rows these are, where several ranks share them out
    /// Second::row: the squared gradient of a row is a sum over its weights divided by this; 0 = by their number. With rows of
    /// different widths it gives a weight the same rate in a short row and in a long one.
    std::size_t usual_width = 0;

    static Options of(const Config& config, bool trainable) noexcept;
    Options without_bias() const noexcept;
    /// With all connections.
    Options connected() const noexcept;
    /// With a number for each weight, be it there or not.
    Options masked() const noexcept;
    /// Whether rows of this width are kept compactly.
    bool is_compact(std::size_t width) const noexcept;
    /// With every number a float, for blocks too small to save anything.
    Options in_floats() const noexcept;
  };

  ParameterRows() = default;
  ParameterRows(std::size_t rows, std::size_t width, const Options& options);
  /// Row r has the elements begins[r] .. begins[r + 1] - 1 of the arrays. `begins` must outlive this.
  ParameterRows(std::span<const std::uint64_t> begins, const Options& options);

  std::size_t rows() const noexcept { return rows_; }
  /// Of every row; where they differ, of the widest.
  std::size_t width() const noexcept { return width_; }
  std::size_t width(std::size_t row) const noexcept {
    return begins_.empty() ? width_ : static_cast<std::size_t>(begins_[row + 1] - begins_[row]);
  }
  /// Where the row's elements begin in the arrays.
  std::size_t begin(std::size_t row) const noexcept {
    return begins_.empty() ? row * pitch_ : static_cast<std::size_t>(begins_[row]);
  }
  /// Elements that the arrays have of a row, its width or its connections, and where rows are of one width from one to the next.
  std::size_t kept(std::size_t row) const noexcept { return compact_ ? options_.fan_in : width(row); }
  std::size_t pitch() const noexcept { return pitch_; }
  bool is_compact() const noexcept { return compact_; }
  /// Distance between rows that are spread out to their width, padded like vectors of hidden units.
  std::size_t stride() const noexcept { return stride_; }
  Storage storage() const noexcept { return options_.storage; }
  const Options& options() const noexcept { return options_; }
  std::size_t memory_bytes() const noexcept;

  /// Row `row` as floats, exact, width(row) of them. In bf16-mixed only if trainable.
  void read(std::size_t row, float* out) const noexcept;
  /// As the forward pass sees it: the high half alone in bf16-mixed.
  void read_forward(std::size_t row, float* out) const noexcept;
  /// Likewise, in the halves that are stored; not with fp32.
  void read_halves(std::size_t row, std::uint16_t* out) const noexcept;
  /// In bf16 rounded to nearest. Where rows have some connections only, other values become 0.
  void write(std::size_t row, const float* values) noexcept;

  /// The numbers that the arrays have of a row, kept(row) of them, as read() and write() take them.
  void read_kept(std::size_t row, float* out) const noexcept;
  void write_kept(std::size_t row, const float* values) noexcept;

  /// Draws every weight uniformly from [-limit, limit], a function of (seed, row) only. Biases stay 0. With `owners`, these are
  /// the rows of one rank, and a row's number is that among the rows of all.
  void randomize(double limit, std::uint64_t seed, const RowOwners& owners = {});

  /// Makes it `rows` rows, of one width, zeros behind the last one. The arrays get room for an eighth more, so that many small
  /// steps cost little; with_exact_arrays() takes that away.
  void grow(std::size_t rows);
  /// The arrays as long as the rows need, as in a model file.
  void with_exact_arrays();
  /// Takes over what the forward pass reads of the rows from another block of the same shape: all, or one row.
  void take_forward(const ParameterRows& from);
  void take_forward(const ParameterRows& from, std::size_t row) noexcept;

  /// Connections of each row, 0 = all, and those of one, in rising order. A row that is whole has all of its weights, whatever
  /// this says: its connections are not chosen yet.
  std::size_t fan_in() const noexcept { return options_.trainable ? options_.fan_in : 0; }
  std::span<std::uint16_t> connections_of(std::size_t row) noexcept { return pattern(pattern_of(row)); }
  std::span<const std::uint16_t> connections_of(std::size_t row) const noexcept { return pattern(pattern_of(row)); }
  bool is_whole(std::size_t row) const noexcept {
    return open_ || (options_.starts_whole && connection_steps[pattern_of(row)] == 0);
  }

  /// A pattern is the connections that rows share: the rows of places block() * i .. block() * (i + 1) - 1, or row i alone.
  std::size_t block() const noexcept { return options_.fan_in != 0 ? options_.block : 1; }
  std::size_t patterns() const noexcept { return (rows_ + block() - 1) / block(); }
  std::size_t pattern_of(std::size_t row) const noexcept { return places.empty() ? row : places[row] / block(); }
  std::span<std::uint16_t> pattern(std::size_t i) noexcept { return {connections.data() + i * options_.fan_in, options_.fan_in}; }
  std::span<const std::uint16_t> pattern(std::size_t i) const noexcept {
    return {connections.data() + i * options_.fan_in, options_.fan_in};
  }
  /// Whether it is not said yet which rows share connections. Until then every row has all of its weights.
  bool is_open() const noexcept { return open_; }
  /// Says it: `order` are all rows, place by place. Rows lose what they have no connection for. `largest`: a pattern has the
  /// columns of the largest sums of its rows' magnitudes, instead of drawn ones.
  void share_connections(std::span<const std::uint32_t> order, bool largest = false);
  /// Leaves it at what `places` says.
  void close() noexcept { open_ = false; }
  /// Whether each row's connections are columns of it, in rising order: what is read from a file may be anything.
  bool connections_are_sound() const noexcept;
  /// The row's connections become those of the largest |values|, of equal ones the smaller columns; the weights stay as they are.
  /// `values`: width(row) of them. Compact rows have to be written after it: what is kept does not move.
  void connect_largest(std::size_t row, const float* values);
  /// A compact row's connections become `columns`, in rising order. What is kept for those that stay moves with them; the others
  /// start at 0. Returns the squared length of the weights that are gone.
  float reconnect(std::size_t row, std::span<const std::uint16_t> columns);
  /// No row is whole any more: those that were keep the connections that were drawn for them.
  void end_whole() noexcept;
  /// Weights without a connection become 0, and so does what the optimiser keeps for them. Compact rows have none.
  void cut_to_connections(std::size_t row) noexcept;
  /// Not of compact rows.
  void clear_weight(std::size_t row, std::size_t column) noexcept;
  /// Squared length of a gradient's part that the row's connections take up.
  double square_of(std::size_t row, const float* gradient) const noexcept;

  static std::size_t padded(std::size_t width) noexcept { return (width + 31) / 32 * 32; }

  /// Bytes of the arrays below.
  struct Footprint {
    std::uint64_t weights = 0;  ///< and biases
    std::uint64_t state = 0;    ///< what only training needs of the optimiser's, row_steps included
  };
  static Footprint footprint(std::uint64_t rows, std::uint64_t width, const Options& options) noexcept;

  // The arrays themselves, for kernels and for the model file. Which are non-empty follows from the options; those below `bias`
  // exist only if trainable.
  Array<float> weights;                     ///< fp32
  Array<std::uint16_t> high;                ///< bf16-mixed, bf16
  Array<std::uint16_t> low;                 ///< bf16-mixed, trainable
  Array<float> bias;                        ///< with_bias
  Array<float> first_moment;                ///< First::fp32
  Array<std::uint16_t> first_moment_bf16;   ///< First::bf16
  Array<float> second_moment;               ///< Second::fp32
  Array<std::uint16_t> second_moment_bf16;  ///< Second::bf16
  Array<float> row_second_moment;           ///< Second::row, one for each row
  Array<float> bias_first_moment;           ///< unless First::none
  Array<float> bias_second_moment;          ///< unless Second::none; a bias has its own also where a row's weights share one
  Array<std::uint32_t> row_steps;           ///< the optimiser step that last touched the row, 0 = never
  Array<std::uint16_t> connections;         ///< fan_in: columns, pattern behind pattern, in rising order
  Array<std::uint32_t> connection_steps;    ///< fan_in: gradients that a pattern's rows have had, for the schedule of changes
  Array<std::uint32_t> places;              ///< block: of each row, no two alike; connections and these also without training
  Array<float> gradient_means;              ///< keeps_gradient_means, one for each weight

 private:
  using Load = void (ParameterRows::*)(std::size_t at, float* out, std::size_t count) const noexcept;
  void spread(std::size_t row, float* out, Load load) const noexcept;
  void widen(std::size_t at, float* out, std::size_t count) const noexcept;
  void join(std::size_t at, float* out, std::size_t count) const noexcept;
  void store(std::size_t at, const float* values, std::size_t count) noexcept;
  void allocate(std::size_t elements);
  void resize_arrays(std::size_t rows);
  void allocate_patterns();
  void draw_connections(std::size_t first_pattern);
  void connect_largest_sums(std::size_t pattern, std::span<const std::uint32_t> order);
  void resize_patterns(std::size_t rows);

  std::span<const std::uint64_t> begins_;  ///< empty: rows of one width
  std::size_t rows_ = 0;
  std::size_t width_ = 0;
  std::size_t stride_ = 0;
  std::size_t pitch_ = 0;
  bool compact_ = false;
  bool open_ = false;
  Options options_;
};

}  // namespace glissade
