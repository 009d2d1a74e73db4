#pragma once

#include <cstddef>
#include <cstdint>

#include "hashing/family.h"

namespace glissade::hashing {

/// Rounds up to whole blocks: the stride of an array of codes.
constexpr std::size_t padded(std::size_t samples) noexcept { return (samples + kLanes - 1) / kLanes * kLanes; }

/// block[d * kLanes + lane] = rows[lane * stride + d] for d < width; the lanes from `count` on become 0. count <= kLanes.
void transpose_block(const float* rows, std::size_t stride, std::size_t count, std::size_t width, float* block) noexcept;

/// Codes of `samples` vectors that lie in the rows of a matrix: codes[table * codes_stride + sample], for GroupCodes.
/// The family's dimension is `width`, or more: then each vector is [row[0 .. width), bias, 0, 0, ...], bias being 1 for queries
/// and the row's own for output rows, so that the hashed inner product is the whole logit; the zeros are the queries' side of
/// lift(). codes_stride >= padded(samples); the padding is written to. No allocation except (dimension + tables) * kLanes * 4
/// bytes at the first call of a thread.
void group_codes(const Family& family, const float* rows, std::size_t stride, std::size_t width, std::size_t samples,
                 std::uint32_t* codes, std::size_t codes_stride, float bias = 1.f);

}  // namespace glissade::hashing
