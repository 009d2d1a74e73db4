// NumPy's matrices.
#include "datasets/npy.h"

#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "datasets/split.h"
#include "hashing/seeds.h"
#include "tests/datasets/helpers.h"
#include "tests/datasets/soundness.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

/// The bytes of a file: a header of version `major`, padded to a multiple of 64 as numpy does, and the numbers.
template <class T>
std::string npy_of(const std::string& type, const std::string& order, const std::string& shape, const std::vector<T>& numbers,
                   char major = 1) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  const std::size_t prefix = major == 1 ? 10 : 12;
  header.append((64 - (prefix + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  std::string out = std::string("\x93NUMPY") + major + '\0';
  const auto length = static_cast<std::uint32_t>(header.size());
  out.append(reinterpret_cast<const char*>(&length), prefix - 8);
  out += header;
  out.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
  return out;
}

const std::vector<float> kSix = {1.f, 2.f, 3.f, -4.f, 5.f, 0.5f};

}  // namespace

TEST_CASE("npy: a matrix of float32 is mapped, of both versions of the header", "[unit]") {
  const TemporaryFolder folder;
  for (const char major : {'\1', '\2'}) {
    const auto file = read_npy(folder.file("v", npy_of("<f4", "False", "(2, 3)", kSix, major)));
    REQUIRE(file);
    REQUIRE(file->rows.rows() == 2);
    REQUIRE(file->rows.width == 3);
    const auto second = file->rows.row(1);
    CHECK(std::vector<float>(second.begin(), second.end()) == std::vector<float>{-4.f, 5.f, 0.5f});
  }
}

TEST_CASE("npy: float16 is widened, every one of its numbers", "[unit]") {
  const TemporaryFolder folder;
  std::vector<std::uint16_t> halves;
  std::vector<float> expected;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const std::uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) continue;  // infinities and NaN
    const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, static_cast<int>(exponent) - 25);
    halves.push_back(static_cast<std::uint16_t>(bits));
    expected.push_back(static_cast<float>(bits & 0x8000 ? -size : size));
  }
  const auto file = read_npy(folder.file("v", npy_of("<f2", "False", "(" + std::to_string(halves.size() / 8) + ", 8)", halves)));
  REQUIRE(file);
  for (std::size_t i = 0; i < halves.size() / 8 * 8; ++i) REQUIRE(file->rows.row(i / 8)[i % 8] == expected[i]);
}

TEST_CASE("npy: what is no matrix of finite float32 or float16 is refused", "[unit]") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& bytes) {
    const std::string path = folder.file("v", bytes);
    const auto file = read_npy(path);
    if (file) return std::string();
    CHECK(testing::one_line(file.error().message));
    const std::string begin = "'" + path + "': ", message = file.error().message;
    REQUIRE(message.starts_with(begin));
    return message.substr(begin.size(), message.find(';') - begin.size());
  };
  const std::string good = npy_of("<f4", "False", "(2, 3)", kSix);
  CHECK(refusal("") == "this is no .npy file");
  CHECK(refusal("0 1:1\n2 3:1\n0 0:1\n") == "this is no .npy file");
  CHECK(refusal(good.substr(0, 40)) == "its header is cut off");
  CHECK(refusal(good.substr(0, good.size() - 1)) == "2 rows of 3 numbers are stated, it holds 1");
  CHECK(refusal(npy_of("<f8", "False", "(1, 3)", std::vector<double>{1, 2, 3})) ==
        "its numbers are '<f8', not float32 or float16");
  CHECK(refusal(npy_of(">f4", "False", "(2, 3)", kSix)) == "its numbers are '>f4', not float32 or float16");
  CHECK(refusal(npy_of("<f4", "True", "(2, 3)", kSix)) == "its matrix is in Fortran order");
  CHECK(refusal(npy_of("<f4", "False", "(6,)", kSix)) == "its shape (6,) is not that of a matrix");
  CHECK(refusal(npy_of("<f4", "False", "(1, 2, 3)", kSix)) == "its shape (1, 2, 3) is not that of a matrix");
  CHECK(refusal(npy_of("<f4", "False", "(6, 0)", kSix)) == "a matrix of 6 x 0 is none of vectors");
  CHECK(refusal(npy_of("<f4", "False", "(4294967295, 1)", kSix)) == "a matrix of 4294967295 x 1 is none of vectors");
  CHECK(refusal(npy_of("<f4", "False", "(3000000000, 4000000000)", kSix)) ==
        "3000000000 rows of 4000000000 numbers are stated, it holds 0");
  CHECK(refusal(npy_of("<f4", "False", "", kSix)) == "its header is not readable");
  std::vector<float> bad = kSix;
  bad[4] = std::bit_cast<float>(0x7f800000u);
  CHECK(refusal(npy_of("<f4", "False", "(2, 3)", bad)) == "row 1, number 1 is inf, and every number has to be finite");
  CHECK(read_npy(folder.file("none", good).substr(0, 3)).error().message.starts_with("cannot read "));
}

TEST_CASE("npy: files that were changed anywhere are read or refused with one line", "[property]") {
  const TemporaryFolder folder;
  const std::string good = npy_of("<f4", "False", "(2, 3)", kSix);
  glissade::hashing::Random random(5);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (std::size_t n = 1 + random.below(3); n > 0; --n)
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    if (random.below(4) == 0) bytes.resize(random.below(bytes.size()));
    const auto file = read_npy(folder.file("v", bytes));
    if (!file) {
      REQUIRE(testing::one_line(file.error().message));
      continue;
    }
    for (std::size_t row = 0; row < file->rows.rows(); ++row) {
      for (const float number : file->rows.row(row)) REQUIRE(std::isfinite(number));
    }
  }
}

TEST_CASE("vectors stay with their rows when these are held out or picked, and are not kept in the cache", "[unit]") {
  const TemporaryFolder folder;
  Dataset::Arrays arrays{.feature_count = 1, .label_count = 2};
  arrays.feature_offsets = arrays.label_offsets = {0};
  std::vector<float> numbers;
  for (std::uint32_t row = 0; row < 40; ++row) {
    arrays.label_ids.push_back(row % 2);
    arrays.feature_offsets.push_back(0);
    arrays.label_offsets.push_back(row + 1);
    numbers.push_back(static_cast<float>(row));
  }
  const Dataset rows = Dataset(std::move(arrays)).with_vectors({numbers.data(), 1, 1, 40}, nullptr);
  const auto [kept, held] = hold_out(rows, 0.25, 3);
  REQUIRE(held.view().size() == 10);
  REQUIRE(kept.view().vectors.rows() == 30);
  const std::vector<bool> chosen = held_out_rows(40, 0.25, 3);
  std::size_t next_kept = 0, next_held = 0;
  for (std::size_t row = 0; row < 40; ++row) {
    const auto& part = chosen[row] ? held : kept;
    std::size_t& next = chosen[row] ? next_held : next_kept;
    CHECK(part.view().vectors.row(next++)[0] == static_cast<float>(row));
  }
  CHECK(select_rows(rows, chosen).view().vectors.row(1)[0] == held.view().vectors.row(1)[0]);
  CHECK_FALSE(rows.cache_file());
}
