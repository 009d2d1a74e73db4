// The one list of kernels. It feeds the declarations of every level, the dispatch table, the cross-level tests and the
// benches: add a line here, a scalar version in scalar/, and whatever faster levels pay.
//
//   K(name, return type, (parameters), levels that have their own version)
//
// A level without its own version uses the next lower level's. scalar has all of them and is the definition of what a
// kernel computes. Unless a line says otherwise, pointers need no alignment, ranges do not overlap, any length (0 too)
// is fine, and nothing is read or written outside the stated ranges.
//
// bf16 is the upper half of an IEEE float, held in uint16_t; f16 is IEEE half precision (11 bits of significand, at most 65,504),
// too. "Split" weights are two halves of one float: `hi` is the float rounded to bf16 (nearest, ties away from zero in magnitude
// bits), `lo` the low 16 bits, read as signed: bits(w) = (hi << 16) + int16(lo). So reading `hi` alone gives the best bf16 of w,
// and both give w exactly.
#pragma once

#include <cstddef>
#include <cstdint>

namespace glissade::simd {

inline constexpr unsigned kScalar = 1u << 0;
inline constexpr unsigned kAvx2 = 1u << 1;
inline constexpr unsigned kAvx512 = 1u << 2;
inline constexpr unsigned kAvx512bf16 = 1u << 3;
inline constexpr unsigned kAvx512fp16 = 1u << 4;
inline constexpr unsigned kAmx = 1u << 5;

/// Vectors hashed at once: the hash kernels work on blocks of 16 vectors stored dimension-major, x[d * 16 + lane].
/// Each lane does the same operations in the same order at every level, so codes are bit-identical across levels.
inline constexpr std::size_t kHashLanes = 16;

/// Sketches, rows as a few bytes each, lie in blocks of 32 rows: byte b of row r at block[b * 32 + r].
inline constexpr std::size_t kSketchRows = 32;
/// Bytes of a sketch of 128 signs.
inline constexpr std::size_t kSketchBytes = 16;

/// One Adam step for one row. The caller folds warm-up, decay, bias correction and skipped steps into these numbers:
///   m <- keep1 * m + gain1 * g;   v <- keep2 * v + gain2 * g * g;   w <- w * shrink - rate * m / (sqrt(v) * scale2 + epsilon)
/// keep1 = beta1^(steps since this row was last touched), gain1 = 1 - beta1, likewise for 2; rate = lr / (1 - beta1^t);
/// scale2 = 1 / sqrt(1 - beta2^t); shrink = 1 - lr * decoupled weight decay.
struct AdamStep {
  float keep1, gain1, keep2, gain2, rate, scale2, epsilon, shrink;
};

/// Columns in a panel, at every level. A matrix B of k x n numbers that block products read is kept as n / 16 panels of 16
/// columns each: floats as [k][16]; bf16 and f16 in pairs of k, [k / 2][16][2], which is what dpbf16 and the tile unit take.
inline constexpr std::size_t kPanelColumns = 16;
/// Block products take k in multiples of this (a tile's row of bf16); the numbers behind the true end are 0.
inline constexpr std::size_t kBlockDepth = 32;
/// Places behind the last match that sparse_matches may write to.
inline constexpr std::size_t kMatchRoom = 16;
/// So many neighbouring k, counted from 0, may be summed in half precision by block_f16 before they are added in float.
inline constexpr std::size_t kHalfDepth = 64;

/// The most rows that the second group of a pair kernel has: as many as AVX-512 holds twice in half of its registers.
inline constexpr std::size_t kPairColumns = 8;

/// One momentum step for one row: m <- keep * m + gain * g;   w <- w * shrink - rate * m. Also an Adam step whose second moment
/// is one number for the row: the caller divides the rate by it.
struct MomentumStep {
  float keep, gain, rate, shrink;
};

/// One plain SGD step: w <- w * shrink - rate * g.
struct SgdStep {
  float rate, shrink;
};

}  // namespace glissade::simd

#define GLISSADE_SIMD_KERNELS(K)                                                                                                 \
  /* Row dots: out[i] = x . rows[ids[i]], rows of `stride` elements of which `width` count. Prefetches ahead. */                 \
  K(dots_f32, void,                                                                                                              \
    (const float* x, const float* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width,      \
     float* out),                                                                                                                \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* The same with bf16 rows and a bf16 vector, products and sums in float; subnormal values may count as 0. */                  \
  K(dots_bf16, void,                                                                                                             \
    (const std::uint16_t* x, const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count,         \
     std::size_t width, float* out),                                                                                             \
    kScalar | kAvx2 | kAvx512 | kAvx512bf16)                                                                                     \
  /* y += a * x, rounded twice; bit-identical across levels. */                                                                  \
  K(axpy_f32, void, (float a, const float* x, float* y, std::size_t n), kScalar | kAvx2 | kAvx512)                               \
  /* Embedding bag: out = sum_i weights[i] * rows[ids[i]], overwriting out. The forward pass of the input layer, and,            \
     over a batch transposed to row-major groups, its scatter: the gradient of one row is the bag of its samples. */             \
  K(bag_f32, void,                                                                                                               \
    (const float* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,                   \
     std::size_t width, float* out),                                                                                             \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  K(bag_bf16, void,                                                                                                              \
    (const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, const float* weights, std::size_t count,           \
     std::size_t width, float* out),                                                                                             \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* Block products: C = start + A B, or C += A B where `start` is null. A is m x k, row-major; B is in panels                   \
     (kPanelColumns), `panel_stride` elements apart; C is m x 16 * panel_count floats; `start` is one row of C. k is a multiple  \
     of kBlockDepth. An element's products are added in the order of k, so it does not depend on m or on its neighbours. */      \
  K(block_f32, void,                                                                                                             \
    (const float* a, std::size_t a_stride, std::size_t m, std::size_t k, const float* panels, std::size_t panel_stride,          \
     std::size_t panel_count, const float* start, float* c, std::size_t c_stride),                                               \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* The same for bf16, products and sums in float; subnormal values may count as 0. Where the CPU does not multiply bf16, float \
     panels are faster (widening costs as many instructions as multiplying), hence no version for avx2 and avx512. */            \
  K(block_bf16, void,                                                                                                            \
    (const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k, const std::uint16_t* panels,                    \
     std::size_t panel_stride, std::size_t panel_count, const float* start, float* c, std::size_t c_stride),                     \
    kScalar | kAvx512bf16 | kAmx)                                                                                                \
  /* C = start + factor * A B, or C += factor * A B where `start` is null, for f16. Sums of up to kHalfDepth products may be     \
     rounded to f16 after each and in any order, so none of their parts may be beyond 65,504; these are multiplied by `factor`   \
     and added in float. */                                                                                                      \
  K(block_f16, void,                                                                                                             \
    (const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k, const std::uint16_t* panels,                    \
     std::size_t panel_stride, std::size_t panel_count, float factor, const float* start, float* c, std::size_t c_stride),       \
    kScalar | kAvx512fp16)                                                                                                       \
  /* Gathered rows as the columns of one panel: column j is rows[ids[j]], j < count <= 16, columns behind are 0; k = width, a    \
     multiple of kBlockDepth. */                                                                                                 \
  K(columns_f32, void,                                                                                                           \
    (const float* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width, float* panel),       \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* The next two move 16-bit numbers, be they bf16 or f16. */                                                                   \
  K(columns_bf16, void,                                                                                                          \
    (const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count, std::size_t width,              \
     std::uint16_t* panel),                                                                                                      \
    kScalar | kAvx512)                                                                                                           \
  /* Two rows as two neighbouring k of a bf16 matrix: for each of width / 16 panels, panel[16][2] at                             \
     panels + p * panel_stride. `second` may be null: a row of 0. width is a multiple of 16. */                                  \
  K(pair_rows_bf16, void,                                                                                                        \
    (const std::uint16_t* first, const std::uint16_t* second, std::size_t width, std::uint16_t* panels,                          \
     std::size_t panel_stride),                                                                                                  \
    kScalar | kAvx512)                                                                                                           \
  /* out[j * out_stride + i] = in[i * in_stride + j], i < rows, j < columns. */                                                  \
  K(transpose_f32, void,                                                                                                         \
    (const float* in, std::size_t in_stride, std::size_t rows, std::size_t columns, float* out, std::size_t out_stride),         \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* Row updates; each returns the squared length of the change of w (for the drift that drives re-hashing). */                  \
  /* Weights and moments are bit-identical across levels, the returned sum is not. */                                            \
  K(adam_f32, float, (float* w, float* m, float* v, const float* g, std::size_t n, const AdamStep* step),                        \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  K(adam_split, float,                                                                                                           \
    (std::uint16_t * hi, std::uint16_t * lo, float* m, float* v, const float* g, std::size_t n, const AdamStep* step),           \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  K(momentum_f32, float, (float* w, float* m, const float* g, std::size_t n, const MomentumStep* step),                          \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  K(momentum_split, float,                                                                                                       \
    (std::uint16_t * hi, std::uint16_t * lo, float* m, const float* g, std::size_t n, const MomentumStep* step),                 \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  K(sgd_f32, float, (float* w, const float* g, std::size_t n, const SgdStep* step), kScalar | kAvx2 | kAvx512)                   \
  K(sgd_split, float, (std::uint16_t * hi, std::uint16_t * lo, const float* g, std::size_t n, const SgdStep* step),              \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* sum_i x[i]^2, bit-identical across levels, because weights follow from it: element i goes into partial sum i % 16, then the \
     upper half of the partial sums is added to the lower, four times. */                                                        \
  K(sum_squares_f32, float, (const float* x, std::size_t n), kScalar | kAvx2 | kAvx512)                                          \
  /* Softmax over an active set in two steps, so that a long set can go in pieces: log sum_i exp(z[i]) (-inf if n = 0) */        \
  K(logsumexp_f32, float, (const float* z, std::size_t n), kScalar | kAvx2 | kAvx512)                                            \
  /* z[i] <- exp(z[i] - shift), 0 below the smallest normal float. */                                                            \
  K(exp_shift_f32, void, (float* z, std::size_t n, float shift), kScalar | kAvx2 | kAvx512)                                      \
  /* z[i] <- exp(z[i] - shift), where shift, the maximum of z (0 if that is infinite), is written too; returns the sum. */       \
  K(exp_sum_f32, float, (float* z, std::size_t n, float* shift), kScalar | kAvx2 | kAvx512)                                      \
  /* z[i] <- 1 / (1 + exp(-z[i])); returns sum_i log(1 + exp(z[i])) of the values that came in. */                               \
  K(sigmoid_f32, float, (float* z, std::size_t n), kScalar | kAvx2 | kAvx512)                                                    \
  /* float -> bf16, nearest even; NaN stays NaN. */                                                                              \
  K(narrow_nearest, void, (const float* x, std::uint16_t* y, std::size_t n), kScalar | kAvx2 | kAvx512 | kAvx512bf16)            \
  /* y = bf16(factor * x), rounded to float, then to bf16 (nearest even). y may lie on x: both start at the same byte. */        \
  K(scale_narrow, void, (float factor, const float* x, std::uint16_t* y, std::size_t n), kScalar | kAvx2 | kAvx512)              \
  /* y = f16(factor * x), rounded to float, then to f16 (nearest even; infinite beyond 65,504). y may lie on x, as above. */     \
  K(scale_f16, void, (float factor, const float* x, std::uint16_t* y, std::size_t n), kScalar | kAvx512fp16)                     \
  /* bf16 -> f16, nearest even: exact between 2^-17 and 65,504. Returns the largest magnitude in x, as bf16: NaN if there is     \
     one, 0 if n is 0. */                                                                                                        \
  K(f16_of_bf16, std::uint16_t, (const std::uint16_t* x, std::uint16_t* y, std::size_t n), kScalar | kAvx512fp16)                \
  K(scale_f32, void, (float factor, float* x, std::size_t n), kScalar | kAvx2 | kAvx512)                                         \
  /* float -> bf16, stochastic: rounds up with the probability of the part cut off. Element i draws from a counter               \
     generator of (seed, i), so that every level gives the same bits. */                                                         \
  K(narrow_stochastic, void, (const float* x, std::uint16_t* y, std::size_t n, std::uint64_t seed), kScalar | kAvx2 | kAvx512)   \
  K(widen, void, (const std::uint16_t* x, float* y, std::size_t n), kScalar | kAvx2 | kAvx512)                                   \
  /* float <-> split halves, exact in both directions. */                                                                        \
  K(split_f32, void, (const float* w, std::uint16_t* hi, std::uint16_t* lo, std::size_t n), kScalar | kAvx2 | kAvx512)           \
  K(join_f32, void, (const std::uint16_t* hi, const std::uint16_t* lo, float* w, std::size_t n), kScalar | kAvx2 | kAvx512)      \
  /* The k largest of z, largest first, ties to the lower index, NaN never. Writes min(k, numbers) indices and values            \
     and returns that count. k is small (<= 1000). Bit-identical across levels. */                                               \
  K(topk_f32, std::size_t, (const float* z, std::size_t n, std::size_t k, std::uint32_t* index, float* value),                   \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* SimHash of 16 vectors (see kHashLanes). Projection p adds x[terms[p * nonzeros + j]] in order of j, negated where           \
     the term's top bit is set (index = term & 0x7fffffff); its bit is 1 where the sum is > 0. Table t packs the bits            \
     of projections t * k .. t * k + k - 1, first one lowest, into codes[t * 16 + lane]. k <= 32. */                             \
  K(simhash_codes, void,                                                                                                         \
    (const float* x, const std::uint32_t* terms, std::size_t nonzeros, std::size_t tables, std::size_t k, std::uint32_t* codes), \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* Winner-take-all of 16 vectors. Bin b looks at positions[b * bin_size + j], j = 0 .. bin_size - 1; its digit is the          \
     first j that holds the largest value, or 255 where all values of the bin are exactly 0 (an empty bin: densified             \
     by the caller). digits[b * 16 + lane]; bin_size <= 128. */                                                                  \
  K(wta_digits, void,                                                                                                            \
    (const float* x, const std::uint32_t* positions, std::size_t bin_size, std::size_t bins, std::uint8_t* digits),              \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* Sparse rows against a dense vector: out[i] = sum over j = offsets[rows[i]] .. offsets[rows[i] + 1] - 1 of x[ids[j]] times   \
     values[j], which are bf16. */                                                                                               \
  K(sparse_dots, void,                                                                                                           \
    (const float* x, const std::uint32_t* ids, const std::uint16_t* values, const std::uint64_t* offsets,                        \
     const std::uint32_t* rows, std::size_t count, float* out),                                                                  \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* Rows that have `fan_in` inputs each, against a dense vector: out[i] = sum over d < fan_in of x[columns[r * fan_in + d]]     \
     times rows[r * pitch + d], r = ids[i]. There is no version for AVX-512: where it was measured (Zen 4), a gather of 16 took  \
     longer than two of 8. */                                                                                                    \
  K(connected_dots_f32, void,                                                                                                    \
    (const float* x, const float* rows, std::size_t pitch, const std::uint16_t* columns, std::size_t fan_in,                     \
     const std::uint32_t* ids, std::size_t count, float* out),                                                                   \
    kScalar | kAvx2)                                                                                                             \
  /* The same with bf16 rows. */                                                                                                 \
  K(connected_dots_bf16, void,                                                                                                   \
    (const float* x, const std::uint16_t* rows, std::size_t pitch, const std::uint16_t* columns, std::size_t fan_in,             \
     const std::uint32_t* ids, std::size_t count, float* out),                                                                   \
    kScalar | kAvx2)                                                                                                             \
  /* Rows that share a pattern, a small dense matrix w of `rows` x `count` over the inputs ids[0] .. ids[count - 1], which       \
     differ. Inputs lie input by input, x[id * x_stride + sample]; `samples` is a multiple of kPanelColumns. Logits:             \
     out[r * out_stride + s] = start[r] + sum_d w[r * w_stride + d] x[ids[d] * x_stride + s]. */                                 \
  K(pattern_logits_f32, void,                                                                                                    \
    (const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count, const float* x,        \
     std::size_t x_stride, std::size_t samples, const float* start, float* out, std::size_t out_stride),                         \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* Gradients of the inputs: dx[ids[d] * x_stride + s] += sum_r w[r * w_stride + d] g[r * g_stride + s]. */                     \
  K(pattern_inputs_f32, void,                                                                                                    \
    (const float* w, std::size_t w_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count, const float* g,        \
     std::size_t g_stride, std::size_t samples, float* dx, std::size_t x_stride),                                                \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* Gradients of the weights: dw[r * dw_stride + d] = sum_s g[r * g_stride + s] x[ids[d] * x_stride + s]. */                    \
  K(pattern_weights_f32, void,                                                                                                   \
    (const float* g, std::size_t g_stride, std::size_t rows, const std::uint16_t* ids, std::size_t count, const float* x,        \
     std::size_t x_stride, std::size_t samples, float* dw, std::size_t dw_stride),                                               \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* Such inputs as panels for block_bf16, samples as their columns: x in pairs of d, [count / 2][16][2] at                      \
     panels + s / 16 * panel_stride. count is even. */                                                                           \
  K(pattern_panels_bf16, void,                                                                                                   \
    (const std::uint16_t* x, std::size_t x_stride, const std::uint16_t* ids, std::size_t count, std::size_t samples,             \
     std::uint16_t* panels, std::size_t panel_stride),                                                                           \
    kScalar | kAvx512)                                                                                                           \
  /* What a sparse row and a vector that is 0 nearly everywhere have in common: the places j, ascending, where x[ids[j]] is not  \
     0 (NaN is not), and how many there are. `places` has room for count + kMatchRoom. */                                        \
  K(sparse_matches, std::size_t, (const float* x, const std::uint32_t* ids, std::size_t count, std::uint32_t* places),           \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* Sums over the half-bytes of sketches: for each of blocks * kSketchRows rows of `bytes` (at most 128) bytes sum_i            \
     tables[i * 16 + half-byte i], the lower half of byte b being half-byte 2 b. Integers: bit-identical across levels. */       \
  K(sketch_sums, void,                                                                                                           \
    (const std::uint8_t* codes, std::size_t blocks, std::size_t bytes, const std::uint8_t* tables, std::uint16_t* sums),         \
    kScalar | kAvx2)                                                                                                             \
  /* The places j, ascending, where x[j] >= least, and how many there are. `places` has room for n. */                           \
  K(places_from, std::size_t, (const std::uint16_t* x, std::size_t n, std::uint16_t least, std::uint32_t* places),               \
    kScalar | kAvx2)                                                                                                             \
  /* Every row of one group against every row of another: out[i * n + j] = a[i] . b[j], i < m, j < n <= kPairColumns. */         \
  K(pair_dots_f32, void,                                                                                                         \
    (const float* const* a, std::size_t m, const float* const* b, std::size_t n, std::size_t width, float* out),                 \
    kScalar | kAvx2 | kAvx512)                                                                                                   \
  /* The step that follows from it, with g[i * n + j] what the pair (i, j) pulls: a[i] += sum_j g[i, j] b[j] and                 \
     b[j] += sum_i g[i, j] a[i], both from the values before. Rows of b must differ; where rows of a are the same row, the       \
     later one reads what the earlier one left. Products may be fused with their sums. */                                        \
  K(pair_update_f32, void, (float* const* a, std::size_t m, float* const* b, std::size_t n, std::size_t width, const float* g),  \
    kScalar | kAvx2 | kAvx512)
