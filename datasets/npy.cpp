#include "datasets/npy.h"

#include <fmt/format.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "datasets/mapped_file.h"
#include "datasets/memory.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr const char* kRemedy = "save a matrix of float32 in C order with numpy.save";

/// What the header says, and where the numbers begin.
struct Matrix {
  bool half = false;
  std::uint64_t rows = 0, columns = 0;
  std::size_t begin = 0;
};

Error wrong(const std::string& path, std::string_view what) {
  return runtime_error(fmt::format("{}: {}; {}", quoted(path), what, kRemedy));
}

/// The text of a key's value, up to a comma outside of brackets, or nothing.
std::optional<std::string_view> value_of(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = header.substr(at + key.size());
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  rest.remove_prefix(colon + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const std::size_t end = rest.starts_with('(') ? rest.find(')') : rest.find_first_of(",}");
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

/// "(rows, columns" -> both.
bool read_shape(std::string_view text, Matrix& matrix) {
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size();
  std::uint64_t* const places[] = {&matrix.rows, &matrix.columns};
  for (std::uint64_t* const place : places) {
    while (at != end && (*at == ' ' || *at == ',')) ++at;
    const auto [next, failed] = std::from_chars(at, end, *place);
    if (failed != std::errc()) return false;
    at = next;
  }
  return std::all_of(at, end, [](char c) { return c == ' ' || c == ','; });
}

Result<Matrix> read_header(std::string_view bytes, const std::string& path) {
  if (!bytes.starts_with(kMagic) || bytes.size() < 12) return wrong(path, "this is no .npy file");
  const bool wide = bytes[6] != 1;  // a length of 4 bytes from version 2 on
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, wide ? 4 : 2);
  Matrix matrix;
  matrix.begin = std::size_t{wide ? 12u : 10u} + length;
  if (matrix.begin > bytes.size()) return wrong(path, "its header is cut off");
  const std::string_view header = bytes.substr(0, matrix.begin).substr(wide ? 12 : 10);
  const auto type = value_of(header, "'descr'"), order = value_of(header, "'fortran_order'"), shape = value_of(header, "'shape'");
  if (!type || !order || !shape || !shape->starts_with('(')) return wrong(path, "its header is not readable");
  if (*type != "'<f4'" && *type != "'<f2'")
    return wrong(path, fmt::format("its numbers are {}, not float32 or float16", shown(*type)));
  if (*order != "False") return wrong(path, "its matrix is in Fortran order");
  if (!read_shape(*shape, matrix)) return wrong(path, fmt::format("its shape {}) is not that of a matrix", shown(*shape)));
  matrix.half = *type == "'<f2'";
  if (matrix.columns == 0 || matrix.columns > 0xffffffffu || matrix.rows >= 0xffffffffu)
    return wrong(path, fmt::format("a matrix of {} x {} is none of vectors", matrix.rows, matrix.columns));
  const std::uint64_t room = (bytes.size() - matrix.begin) / (matrix.half ? 2 : 4) / matrix.columns;
  if (room < matrix.rows)
    return wrong(path, fmt::format("{} rows of {} numbers are stated, it holds {}", matrix.rows, matrix.columns, room));
  return matrix;
}

float of_half(std::uint16_t half) noexcept {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31u, fraction = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent == 0) return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(static_cast<float>(fraction) * 0x1p-24f));
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

constexpr std::size_t kRowsAtOnce = 1024;

Result<DenseFile> widened(const MappedFile& file, const Matrix& matrix, const std::string& path) {
  const std::size_t count = matrix.rows * matrix.columns;
  if (auto room = require_memory(count * sizeof(float), "reading " + quoted(path)); !room) return room.error();
  std::shared_ptr<float[]> floats = try_array<float>(count);
  if (!floats) return runtime_error(fmt::format("{}: out of memory for {} numbers", quoted(path), count));
  const char* const from = file.bytes().data() + matrix.begin;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, matrix.rows, kRowsAtOnce), [&](const auto& range) {
    for (std::size_t i = range.begin() * matrix.columns; i < range.end() * matrix.columns; ++i) {
      std::uint16_t half = 0;
      std::memcpy(&half, from + 2 * i, sizeof half);
      floats[i] = of_half(half);
    }
  });
  return DenseFile{{floats.get(), static_cast<std::uint32_t>(matrix.columns), matrix.columns, matrix.rows}, floats};
}

/// In blocks of the file, so that a large one is checked at disk speed.
std::optional<std::size_t> first_not_finite_row(const DenseRows& rows) {
  const std::size_t none = rows.count;
  const std::size_t first = tbb::parallel_reduce(
      tbb::blocked_range<std::size_t>(0, none, kRowsAtOnce), none,
      [&](const tbb::blocked_range<std::size_t>& range, std::size_t bad) {
        for (std::size_t row = range.begin(); row != range.end() && bad == none; ++row) {
          if (!std::ranges::all_of(rows.row(row), [](float value) { return std::isfinite(value); })) return row;
        }
        return bad;
      },
      [](std::size_t a, std::size_t b) { return std::min(a, b); });
  return first == none ? std::nullopt : std::optional(first);
}

}  // namespace

Result<DenseFile> read_npy(const std::string& path) {
  auto opened = MappedFile::open(path);
  if (!opened) return opened.error();
  const auto file = std::make_shared<const MappedFile>(std::move(*opened));
  const auto matrix = read_header(file->bytes(), path);
  if (!matrix) return matrix.error();
  const char* const data = file->bytes().data() + matrix->begin;
  if (!matrix->half && reinterpret_cast<std::uintptr_t>(data) % alignof(float) != 0)
    return wrong(path, "its numbers do not begin at a multiple of 4 bytes");
  DenseFile read{
      {reinterpret_cast<const float*>(data), static_cast<std::uint32_t>(matrix->columns), matrix->columns, matrix->rows}, file};
  if (matrix->half) {
    auto copy = widened(*file, *matrix, path);
    if (!copy) return copy;
    read = std::move(*copy);
  }
  const auto bad = first_not_finite_row(read.rows);
  if (!bad) return read;
  const auto row = read.rows.row(*bad);
  const auto at = std::ranges::find_if_not(row, [](float value) { return std::isfinite(value); });
  return runtime_error(
      fmt::format("{}: row {}, number {} is {}, and every number has to be finite; mend or leave out that vector", quoted(path),
                  *bad, at - row.begin(), *at));
}

}  // namespace glissade::datasets
