// Rows of different lengths that lie by turns in several files.
#include "engine/model/ragged_rows.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hashing/seeds.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

using model_file::Reader;
using model_file::Section;
using model_file::SectionKind;

/// Random rows, many of them empty, in one array and in the files of `ranks` ranks.
class RaggedFiles {
 public:
  RaggedFiles(std::size_t rows, std::uint32_t ranks) {
    hashing::Random random(hashing::mix(rows * 8 + ranks));
    std::vector<std::vector<std::uint64_t>> begins_of(ranks, {0});
    std::vector<std::vector<std::uint32_t>> ids_of(ranks);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t length = random.below(3) == 0 ? 0 : random.below(7);
      for (std::size_t i = 0; i < length; ++i) {
        ids.push_back(static_cast<std::uint32_t>(random.below(1u << 30)));
        ids_of[row % ranks].push_back(ids.back());
      }
      begins.push_back(ids.size());
      begins_of[row % ranks].push_back(ids_of[row % ranks].size());
    }
    std::string names;
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      const std::array which = {rank, ranks};
      const std::vector<Section> sections = {{SectionKind::shard, 0, std::as_bytes(std::span(which))},
                                             {SectionKind::sparse_offsets, 0, std::as_bytes(std::span(begins_of[rank]))},
                                             {SectionKind::sparse_ids, 0, std::as_bytes(std::span(ids_of[rank]))}};
      const std::string stem = folder_.file("m") + ".shard-" + std::to_string(rank);
      names += std::filesystem::path(must(model_file::write_by_content(stem, sections))).filename().string() + '\n';
    }
    const std::vector<Section> named = {{SectionKind::shard_files, 0, model_file::bytes_of(names)}};
    must(model_file::write(folder_.file("m"), named));
    main_.emplace(must(Reader::open(folder_.file("m"))));
    files.emplace(must(RowFiles::open(*main_, {})));
  }

  std::vector<std::uint64_t> begins = {0};
  std::vector<std::uint32_t> ids;
  std::optional<RowFiles> files;

 private:
  TemporaryFolder folder_;
  std::optional<Reader> main_;
};

}  // namespace

TEST_CASE("ragged rows of several files are read from any byte on", "[unit]") {
  const std::size_t rows = GENERATE(0, 1, 5, 1023, 1024, 2048, 5000);
  CAPTURE(rows);
  const RaggedFiles made(rows, 3);
  const auto ragged = RaggedRows::of(*made.files, SectionKind::sparse_offsets, 0, rows);
  REQUIRE(ragged);
  CHECK(ragged->rows() == rows);
  CHECK(ragged->entries() == made.ids.size());
  CHECK(ragged->fits(SectionKind::sparse_ids, 0, sizeof(std::uint32_t)));
  CHECK((ragged->fits(SectionKind::sparse_ids, 0, sizeof(std::uint16_t)) == made.ids.empty()));
  const auto begin_bytes = std::as_bytes(std::span(made.begins)), id_bytes = std::as_bytes(std::span(made.ids));
  for (const std::size_t piece : {std::size_t{4096}, std::size_t{777}, std::size_t{8} * 1024}) {
    std::vector<std::byte> read_begins(begin_bytes.size()), read_ids(id_bytes.size());
    for (std::size_t at = 0; at < read_begins.size(); at += piece)
      ragged->copy_begin_bytes(at, std::span(read_begins).subspan(at, std::min(piece, read_begins.size() - at)));
    for (std::size_t at = 0; at < read_ids.size(); at += piece)
      ragged->copy_entry_bytes(SectionKind::sparse_ids, 0, sizeof(std::uint32_t), at,
                               std::span(read_ids).subspan(at, std::min(piece, read_ids.size() - at)));
    CHECK(std::ranges::equal(read_begins, begin_bytes));
    CHECK(std::ranges::equal(read_ids, id_bytes));
  }
}

TEST_CASE("ragged rows of several files are shared out among other ranks", "[unit]") {
  constexpr std::size_t kRows = 100;
  const RaggedFiles made(kRows, 3);
  const auto ragged = RaggedRows::of(*made.files, SectionKind::sparse_offsets, 0, kRows);
  REQUIRE(ragged);
  for (const std::size_t other : {kRows - 1, kRows + 1, std::size_t{0}, ~std::size_t{0}})
    CHECK_FALSE(RaggedRows::of(*made.files, SectionKind::sparse_offsets, 0, other));
  CHECK_FALSE(RaggedRows::of(*made.files, SectionKind::sparse_offsets, 1, kRows));
  CHECK_FALSE(RaggedRows::of(*made.files, SectionKind::sparse_ids, 0, kRows));
  for (const RowOwners owners : {RowOwners{0, 1}, RowOwners{1, 2}, RowOwners{2, 3}, RowOwners{4, 7}, RowOwners{120, 130}}) {
    std::vector<std::uint64_t> begins = {0};
    std::vector<std::uint32_t> ids;
    for (std::size_t row = owners.rank; row < kRows; row += owners.ranks) {
      for (std::uint64_t i = made.begins[row]; i < made.begins[row + 1]; ++i) ids.push_back(made.ids[i]);
      begins.push_back(ids.size());
    }
    const Array<std::uint64_t> own = ragged->begins_of(owners);
    CHECK(std::ranges::equal(std::span(own.data(), own.size()), begins));
    std::vector<std::uint32_t> found(ids.size());
    ragged->copy(SectionKind::sparse_ids, 0, sizeof(std::uint32_t), owners, reinterpret_cast<std::byte*>(found.data()));
    CHECK(found == ids);
  }
}

}  // namespace glissade::test
