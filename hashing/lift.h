#pragma once

#include <cstddef>

namespace glissade::hashing {

/// Coordinates that lift() adds.
inline constexpr std::size_t kLiftCoordinates = 16;

/// Simple-LSH (Neyshabur & Srebro 2015): a row x becomes [x, sqrt(M^2 - |x|^2)], a query q becomes [q, 0]. All rows are then of
/// length M, so the nearest one by angle, which is what simhash looks for, is the one of the largest inner product: a bit of row
/// and query is the same with probability 1 - acos(<q, x> / (M |q|)) / pi. The families of digits (wta, dwta, minhash) ask for
/// the order of a vector's entries, in which the added one would be first in every row and last in every query: not for them.
///
/// The added length is spread over kLiftCoordinates of them, which changes neither lengths nor products with queries, but
/// lets a projection of few random signs see its share of it, not all or nothing.
///
/// `block` holds `lanes` rows, dimension-major, of `dimension` coordinates; writes the kLiftCoordinates that follow. Rows longer
/// than `longest` (M) get zeros. Lanes from `lanes` on get zeros, as queries do.
void lift(float* block, std::size_t dimension, std::size_t lanes, float longest) noexcept;

}  // namespace glissade::hashing
