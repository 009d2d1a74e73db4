#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace glissade::packing {

/// Dense rows as multiples of a step, each row of its own, in as few bits as their frequencies allow. How large the weights are
/// is told by row and by column, so that a small row costs little, and one that is all zeros two bytes.
struct RowsShape {
  std::uint64_t rows = 0;
  std::uint32_t width = 0;
  std::uint32_t stride = 0;       ///< elements from one row to the next once they are unpacked
  std::uint32_t float_bytes = 2;  ///< 2 bf16, 4 float
};

struct Packed {
  std::vector<std::byte> bytes;
  std::uint64_t weights = 0;  ///< that are not 0
};

/// Gives one row as `width` floats. Called from several threads.
using ReadRow = std::function<void(std::size_t row, float* out)>;

/// `steps`: one per row, > 0; taken to an eighth of an octave. Throws std::bad_alloc.
Packed pack_rows(const RowsShape& shape, const ReadRow& read, std::span<const float> steps);

/// The shape of packed rows; none if the bytes are no packed rows.
std::optional<RowsShape> packed_rows_shape(std::span<const std::byte> packed);
/// Fills in rows * stride elements of float_bytes, zeroed before. False if the bytes are damaged.
bool unpack_rows(std::span<const std::byte> packed, std::byte* out);

}  // namespace glissade::packing
