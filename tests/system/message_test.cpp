#include "system/message.h"

#include <cerrno>
#include <cstdint>
#include <string>

#include <catch2/catch.hpp>

namespace glissade::system {

TEST_CASE("a quoted text stays on one line and readable", "[unit]") {
  CHECK(quoted("a b") == "'a b'");
  CHECK(quoted("gr\xc3\xbc\xc3\x9f") == "'gr\xc3\xbc\xc3\x9f'");
  CHECK(quoted(std::string("a\nb\t\x7f\0c", 7)) == "'a\\x0Ab\\x09\\x7F\\x00c'");
  CHECK(quoted("abcdef", 6) == "'abcdef'");
  CHECK(quoted("abcdefg", 6) == "'abcdef...'");
  CHECK(quoted("") == "''");
}

TEST_CASE("bytes of unknown kind are shown as ASCII", "[unit]") {
  CHECK(shown("ab\xc3\xbc\n") == "ab\\xC3\\xBC\\x0A");
  CHECK(shown(std::string(41, 'x')) == std::string(40, 'x') + "...");
  CHECK(shown(std::string(40, 'x')) == std::string(40, 'x'));
}

TEST_CASE("bytes have the unit that keeps them short", "[unit]") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1023) == "1023 B");
  CHECK(bytes_text(1024) == "1.0 KiB");
  CHECK(bytes_text(std::uint64_t{512} << 20) == "512.0 MiB");
  CHECK(bytes_text((std::uint64_t{5} << 30) / 4) == "1.25 GiB");
  CHECK(bytes_text((std::uint64_t{3} << 40) / 2) == "1.50 TiB");
  CHECK(error_text(ENOENT) == "No such file or directory");
}

}  // namespace glissade::system
