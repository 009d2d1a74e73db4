#include "tests/simd/amx_emulation.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace glissade::simd::emulated {
namespace {

constexpr std::size_t kTiles = 8, kRows = 16, kRowBytes = 64;

struct Tile {
  std::size_t rows = 0;
  std::size_t row_bytes = 0;
  unsigned char bytes[kRows][kRowBytes] = {};

  template <class T>
  T at(std::size_t row, std::size_t i) const noexcept {
    T value;
    std::memcpy(&value, bytes[row] + i * sizeof(T), sizeof(T));
    return value;
  }
};

struct State {
  bool configured = false;
  Tile tiles[kTiles];
  const char* fault = nullptr;
};

thread_local State state;

bool fails(bool wrong, const char* what) noexcept {
  if (wrong && state.fault == nullptr) state.fault = what;
  return wrong;
}

/// The tile, if an instruction may use it.
Tile* usable(int tile) noexcept {
  if (fails(tile < 0 || static_cast<std::size_t>(tile) >= kTiles, "no such tile")) return nullptr;
  Tile& found = state.tiles[tile];
  if (fails(!state.configured || found.rows == 0, "a tile that is not configured")) return nullptr;
  return &found;
}

float bf16(std::uint16_t half) noexcept {
  const float value = std::bit_cast<float>(std::uint32_t{half} << 16);
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.f, value) : value;
}

/// Subnormal numbers are 0, going in and coming out.
float sum(float so_far, float a, float b) noexcept {
  const float value = std::fma(a, b, so_far);
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.f, value) : value;
}

}  // namespace

void load_config(const void* config) noexcept {
  std::uint8_t bytes[64];
  std::memcpy(bytes, config, sizeof bytes);
  state.configured = false;
  for (Tile& tile : state.tiles) tile = Tile{};
  if (bytes[0] == 0) return;
  if (fails(bytes[0] != 1, "a palette that is not 1")) return;
  if (fails(std::any_of(bytes + 1, bytes + 16, [](std::uint8_t byte) { return byte != 0; }), "a start row, or reserved bytes"))
    return;
  for (std::size_t t = 0; t < 16; ++t) {
    std::uint16_t row_bytes = 0;
    std::memcpy(&row_bytes, bytes + 16 + 2 * t, sizeof row_bytes);
    const std::uint8_t rows = bytes[48 + t];
    if (fails(t >= kTiles && (rows != 0 || row_bytes != 0), "tiles beyond the eighth")) return;
    if (fails(rows > kRows || row_bytes > kRowBytes, "a tile that is too large")) return;
    if (fails((rows == 0) != (row_bytes == 0), "a tile with rows or columns alone")) return;
    if (t >= kTiles) continue;
    state.tiles[t].rows = rows;
    state.tiles[t].row_bytes = row_bytes;
  }
  state.configured = true;
}

void release() noexcept {
  state.configured = false;
  for (Tile& tile : state.tiles) tile = Tile{};
}

void zero(int tile) noexcept {
  if (Tile* const to = usable(tile)) std::memset(to->bytes, 0, sizeof to->bytes);
}

void load(int tile, const void* base, std::size_t stride) noexcept {
  Tile* const to = usable(tile);
  if (to == nullptr) return;
  std::memset(to->bytes, 0, sizeof to->bytes);
  for (std::size_t row = 0; row < to->rows; ++row)
    std::memcpy(to->bytes[row], static_cast<const unsigned char*>(base) + row * stride, to->row_bytes);
}

void store(int tile, void* base, std::size_t stride) noexcept {
  const Tile* const from = usable(tile);
  if (from == nullptr) return;
  for (std::size_t row = 0; row < from->rows; ++row)
    std::memcpy(static_cast<unsigned char*>(base) + row * stride, from->bytes[row], from->row_bytes);
}

void multiply_bf16(int c, int a, int b) noexcept {
  Tile* const to = usable(c);
  const Tile* const left = usable(a);
  const Tile* const right = usable(b);
  if (to == nullptr || left == nullptr || right == nullptr) return;
  if (fails(c == a || c == b || a == b, "one tile as two operands")) return;
  if (fails(to->row_bytes % 4 != 0 || left->row_bytes % 4 != 0, "rows that hold no whole pairs")) return;
  if (fails(to->rows != left->rows || to->row_bytes != right->row_bytes || left->row_bytes / 4 != right->rows,
            "shapes that do not fit"))
    return;
  for (std::size_t m = 0; m < to->rows; ++m) {
    for (std::size_t n = 0; n < to->row_bytes / 4; ++n) {
      float even = 0, odd = 0;  // summed apart, and then added to C
      for (std::size_t k = 0; k < right->rows; ++k) {
        even = sum(even, bf16(left->at<std::uint16_t>(m, 2 * k)), bf16(right->at<std::uint16_t>(k, 2 * n)));
        odd = sum(odd, bf16(left->at<std::uint16_t>(m, 2 * k + 1)), bf16(right->at<std::uint16_t>(k, 2 * n + 1)));
      }
      const float before = to->at<float>(m, n), after = sum(before, 1.f, sum(even, 1.f, odd));
      std::memcpy(to->bytes[m] + 4 * n, &after, sizeof after);
    }
  }
}

const char* take_fault() noexcept {
  const char* const fault = state.fault;
  state.fault = nullptr;
  return fault;
}

bool is_configured() noexcept { return state.configured; }

}  // namespace glissade::simd::emulated
