// Packed sections: what comes back, how many bits it takes, and that damage is noticed or harmless.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/packing/levels.h"
#include "engine/packing/packed_bytes.h"
#include "engine/packing/packed_matrix.h"
#include "engine/packing/packed_rows.h"
#include "engine/packing/symbol_coder.h"
#include "hashing/seeds.h"

namespace glissade::packing::test {
namespace {

using hashing::Random;

double normal(Random& random) {
  return std::sqrt(-2 * std::log(1 - random.unit())) * std::cos(6.283185307179586 * random.unit());
}

struct Symbols {
  std::vector<std::uint8_t> symbols, contexts;
  SymbolTables tables;
};

/// `count` symbols of two contexts: one of a geometric distribution, one of all bytes alike.
Symbols drawn(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Symbols out;
  SymbolCounts counts(3);
  for (std::size_t i = 0; i < count; ++i) {
    const auto context = static_cast<std::uint8_t>(random.next() % 2);
    const double geometric = std::floor(std::log(1 - random.unit()) / std::log(0.5));
    out.contexts.push_back(context);
    out.symbols.push_back(
        static_cast<std::uint8_t>(context == 0 ? std::min(geometric, 255.0) : static_cast<double>(random.next() % 256)));
    counts.add(context, out.symbols.back());
  }
  out.tables = SymbolTables(counts);
  return out;
}

}  // namespace

TEST_CASE("symbols come back, in about as many bits as their entropy", "[property]") {
  for (const std::size_t count : {0u, 1u, 2u, 3u, 1000u, 100'001u}) {
    const Symbols drawn_ones = drawn(count, 3 + count);
    const std::vector<std::byte> bytes = encode(drawn_ones.symbols, drawn_ones.contexts, drawn_ones.tables);
    ByteWriter out;
    drawn_ones.tables.write(out);
    ByteReader in(out.bytes());
    SymbolTables tables;
    REQUIRE(tables.read(in));
    REQUIRE(in.left() == 0);
    SymbolReader reader(bytes, tables);
    std::vector<std::uint8_t> back;
    for (const std::uint8_t context : drawn_ones.contexts) back.push_back(reader.next(context));
    REQUIRE(back == drawn_ones.symbols);
    // Half of them have 2 bits, half 8.
    if (count > 100'000) CHECK(static_cast<double>(bytes.size()) * 8 / static_cast<double>(count) == Approx(5).epsilon(0.01));
  }
}

TEST_CASE("one symbol that is always there costs nothing", "[unit]") {
  ByteWriter out;
  put_symbols(out, std::vector<std::uint8_t>(100'000, 7));
  CHECK(out.bytes().size() < 32);
  ByteReader in(out.bytes());
  std::vector<std::uint8_t> back;
  REQUIRE(get_symbols(in, 100'000, back));
  CHECK(back == std::vector<std::uint8_t>(100'000, 7));
  ByteReader again(out.bytes());
  CHECK_FALSE(get_symbols(again, 99'999, back));  // more than there may be
}

TEST_CASE("symbol tables that do not add up are refused", "[unit]") {
  ByteWriter out;
  out.put_count(1);
  out.put_count(2);
  out.put_count(4000);
  out.put_count(95);
  ByteReader in(out.bytes());
  SymbolTables tables;
  CHECK_FALSE(tables.read(in));
}

TEST_CASE("packed rows come back within a step, and exactly as zeros where nothing is left", "[property]") {
  for (const std::uint32_t float_bytes : {2u, 4u}) {
    const RowsShape shape{700, 40, 64, float_bytes};
    Random random(5);
    std::vector<float> weights, steps;
    for (std::size_t row = 0; row < shape.rows; ++row) {
      const double size = row % 7 == 0 ? 1e-4 : 0.01 * std::exp2(static_cast<double>(row % 5));
      steps.push_back(0.01f * static_cast<float>(std::exp2(static_cast<double>(row % 3))));
      for (std::size_t d = 0; d < shape.width; ++d) weights.push_back(static_cast<float>(size * normal(random)));
    }
    const auto read = [&](std::size_t row, float* out) { std::copy_n(weights.data() + row * shape.width, shape.width, out); };
    const Packed packed = pack_rows(shape, read, steps);
    const auto found = packed_rows_shape(packed.bytes);
    REQUIRE(found);
    CHECK(found->rows == shape.rows);
    CHECK(found->float_bytes == float_bytes);
    std::vector<std::byte> out(shape.rows * shape.stride * float_bytes);
    REQUIRE(unpack_rows(packed.bytes, out.data()));
    std::uint64_t kept = 0;
    for (std::size_t row = 0; row < shape.rows; ++row) {
      for (std::size_t d = 0; d < shape.stride; ++d) {
        const std::size_t at = row * shape.stride + d;
        float value = 0;
        if (float_bytes == 4) {
          std::memcpy(&value, out.data() + at * 4, 4);
        } else {
          std::uint16_t half;
          std::memcpy(&half, out.data() + at * 2, 2);
          const std::uint32_t bits = static_cast<std::uint32_t>(half) << 16;
          std::memcpy(&value, &bits, 4);
        }
        if (d >= shape.width) {
          REQUIRE(value == 0);
          continue;
        }
        kept += value != 0 ? 1 : 0;
        const float wanted = weights[row * shape.width + d];
        // A step of its own for each row, a sixteenth of an octave off at the most; values below 0.6 steps vanish.
        REQUIRE(std::abs(value - wanted) <= 0.7f * 1.05f * steps[row] + 0.004f * std::abs(wanted));
        if (row % 7 == 0) REQUIRE(value == 0);
      }
    }
    CHECK(kept == packed.weights);
    CHECK(packed.bytes.size() < shape.rows * shape.width);  // less than a byte each
  }
}

TEST_CASE("a weight beyond the largest multiple gets a step that reaches it", "[unit]") {
  const RowsShape shape{1, 8, 32, 4};
  const std::vector<float> weights = {100, -0.001f, 50, 0, 1, 2, 3, -100};
  const Packed packed = pack_rows(
      shape, [&](std::size_t, float* out) { std::ranges::copy(weights, out); }, std::vector<float>{0.001f});
  std::vector<float> out(shape.stride);
  REQUIRE(unpack_rows(packed.bytes, reinterpret_cast<std::byte*>(out.data())));
  for (std::size_t d = 0; d < weights.size(); ++d) CHECK(out[d] == Approx(weights[d]).margin(0.7));
}

namespace {

/// Columns of very different frequencies; values of both signs.
struct Sparse {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids;
  std::vector<std::uint16_t> values;
  std::vector<float> floats;
  MatrixView view(std::uint32_t columns, bool valued) const { return {offsets, ids, values, columns, valued}; }
};

Sparse sparse(std::size_t rows, std::uint32_t columns, std::uint64_t seed) {
  Random random(seed);
  Sparse out;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::uint32_t column = 0; column < columns; ++column) {
      if (random.unit() >= 1.0 / (1 + column)) continue;
      const auto value = static_cast<float>(0.1 * normal(random) + 0.02);
      std::uint32_t bits;
      std::memcpy(&bits, &value, 4);
      out.ids.push_back(column);
      out.values.push_back(static_cast<std::uint16_t>(bits >> 16));
      bits &= 0xffff0000u;
      float half;
      std::memcpy(&half, &bits, 4);
      out.floats.push_back(half);
    }
    out.offsets.push_back(out.ids.size());
  }
  return out;
}

}  // namespace

TEST_CASE("packed sparse rows keep the entries of a step or more, nearly, and no others", "[property]") {
  const std::uint32_t columns = 3000;
  const Sparse matrix = sparse(4000, columns, 11);
  const float step = 0.05f;
  const Packed packed = pack_matrix(matrix.view(columns, true), step);
  const auto back = unpack_matrix(packed.bytes, columns);
  REQUIRE(back);
  REQUIRE(back->offsets.size() == matrix.offsets.size());
  REQUIRE(back->ids.size() == packed.weights);
  std::uint64_t at = 0;
  for (std::size_t row = 0; row + 1 < matrix.offsets.size(); ++row) {
    for (std::uint64_t e = matrix.offsets[row]; e < matrix.offsets[row + 1]; ++e) {
      const bool kept = at < back->offsets[row + 1] && back->ids[at] == matrix.ids[e];
      if (std::abs(matrix.floats[e]) > 1.01f * step) REQUIRE(kept);
      if (std::abs(matrix.floats[e]) < 0.99f * step) REQUIRE_FALSE(kept);
      if (!kept) continue;
      const std::uint32_t bits = static_cast<std::uint32_t>(back->values[at++]) << 16;
      float value;
      std::memcpy(&value, &bits, 4);
      REQUIRE(std::abs(value - matrix.floats[e]) < 0.7f * step);
    }
    REQUIRE(at == back->offsets[row + 1]);
  }
  // 48 bits an entry before.
  CHECK(static_cast<double>(packed.bytes.size()) * 8 < 10 * static_cast<double>(matrix.ids.size()));
  CHECK_FALSE(unpack_matrix(packed.bytes, columns - 1));
}

TEST_CASE("sparse rows without values come back as they were", "[property]") {
  for (const std::uint32_t columns : {1u, 5u, 2000u}) {
    const Sparse matrix = sparse(1500, columns, columns);
    const auto back = unpack_matrix(pack_matrix(matrix.view(columns, false), 1).bytes, columns);
    REQUIRE(back);
    CHECK(std::equal(matrix.ids.begin(), matrix.ids.end(), back->ids.data(), back->ids.data() + back->ids.size()));
    CHECK(std::equal(matrix.offsets.begin(), matrix.offsets.end(), back->offsets.data()));
    CHECK(back->values.empty());
  }
}

TEST_CASE("a distance longer than any symbol comes back", "[unit]") {
  // One column, its rows close together but for one at the end: the rule of the column is made for short distances.
  Sparse matrix;
  for (std::size_t row = 0; row < 100'000; ++row) {
    if (row < 50'000 || row == 99'999) matrix.ids.push_back(0);
    matrix.offsets.push_back(matrix.ids.size());
  }
  const auto back = unpack_matrix(pack_matrix(matrix.view(1, false), 1).bytes, 1);
  REQUIRE(back);
  CHECK(back->offsets[99'999] == 50'000);
  CHECK(back->offsets[100'000] == 50'001);
}

TEST_CASE("packed bytes come back", "[unit]") {
  for (const std::size_t size : {0u, 1u, 4u, 7u, 1001u}) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(i % 4 == 3 ? 0 : i * 37));
    const auto back = unpack_bytes(pack_bytes(bytes, 4));
    REQUIRE(back);
    CHECK(std::equal(bytes.begin(), bytes.end(), back->data(), back->data() + back->size()));
  }
}

TEST_CASE("damaged packed bytes are refused or read within their bounds", "[property]") {
  const Sparse matrix = sparse(300, 200, 3);
  const std::vector<std::byte> sparse_bytes = pack_matrix(matrix.view(200, true), 0.02f).bytes;
  const RowsShape shape{90, 33, 64, 2};
  Random random(9);
  std::vector<float> weights;
  for (std::size_t i = 0; i < shape.rows * shape.width; ++i) weights.push_back(static_cast<float>(normal(random)));
  const std::vector<std::byte> row_bytes =
      pack_rows(
          shape, [&](std::size_t row, float* out) { std::copy_n(weights.data() + row * shape.width, shape.width, out); },
          std::vector<float>(shape.rows, 0.3f))
          .bytes;
  for (std::size_t at = 0; at < sparse_bytes.size(); at += 3) {
    auto bytes = sparse_bytes;
    bytes[at] ^= static_cast<std::byte>(1 + random.next() % 255);
    if (const auto back = unpack_matrix(bytes, 200)) {
      REQUIRE(std::all_of(back->ids.data(), back->ids.data() + back->ids.size(), [](std::uint32_t id) { return id < 200; }));
    }
    CHECK_FALSE(unpack_matrix({sparse_bytes.data(), at}, 200));
  }
  for (std::size_t at = 0; at < row_bytes.size(); at += 3) {
    auto bytes = row_bytes;
    bytes[at] ^= static_cast<std::byte>(1 + random.next() % 255);
    const auto found = packed_rows_shape(bytes);
    if (!found || found->rows * found->stride > 1'000'000) continue;
    std::vector<std::byte> out(found->rows * found->stride * found->float_bytes);
    unpack_rows(bytes, out.data());  // true or false; it stays within `out` (ASan)
    CHECK_FALSE(unpack_rows({row_bytes.data(), at}, std::vector<std::byte>(shape.rows * shape.stride * 2).data()));
  }
}

}  // namespace glissade::packing::test
