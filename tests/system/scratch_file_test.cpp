#include "system/scratch_file.h"

#include <catch2/catch.hpp>

#include <array>
#include <cerrno>
#include <filesystem>
#include <span>

#include "tests/system/temporary_folder.h"

namespace {

using glissade::system::ScratchFile;

TEST_CASE("scratch file: what was written is read, at any place, and the folder shows nothing") {
  const glissade::testing::TemporaryFolder folder;
  ScratchFile file;
  REQUIRE(file.create_in(folder.path()) == 0);
  const std::array<int, 4> numbers = {1, 2, 3, 4};
  CHECK(file.write_at(std::as_bytes(std::span(numbers)), 100) == 0);
  CHECK(file.write_at(std::as_bytes(std::span(numbers).first(1)), 112) == 0);
  std::array<int, 2> read{};
  CHECK(file.read_at(std::as_writable_bytes(std::span(read)), 108) == 0);
  CHECK(read == std::array{3, 1});
  CHECK(file.read_at(std::as_writable_bytes(std::span(read)), 112) == EIO);  // it ends before
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("scratch file: a folder that is not there is no place for it") {
  const glissade::testing::TemporaryFolder folder;
  ScratchFile file;
  CHECK(file.create_in(folder.path() + "/none") == ENOENT);
}

}  // namespace
