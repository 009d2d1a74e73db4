#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <glissade/runtime.h>

#include "engine/parameters/array.h"

using namespace glissade;

TEST_CASE("large arrays keep their contents when huge pages are restored, after a fork and while others come and go") {
  constexpr std::size_t kSize = std::size_t{3} << 20;  // 12 MiB: several huge pages and a part of one
  std::vector<Array<std::uint32_t>> arrays;
  arrays.reserve(3);
  for (int i = 0; i < 3; ++i) arrays.emplace_back(kSize);
  const auto fill = [&](std::uint32_t salt) {
    for (std::size_t a = 0; a < arrays.size(); ++a) {
      for (std::size_t i = 0; i < kSize; i += 7) arrays[a][i] = static_cast<std::uint32_t>(i * 31 + a) ^ salt;
    }
  };
  const auto wrong = [&](std::uint32_t salt) {
    std::size_t count = 0;
    for (std::size_t a = 0; a < arrays.size(); ++a) {
      for (std::size_t i = 0; i < kSize; ++i) {
        count += arrays[a][i] != (i % 7 == 0 ? static_cast<std::uint32_t>(i * 31 + a) ^ salt : 0u);
      }
    }
    return count;
  };
  fill(0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  fill(1);  // pages are copied
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, nullptr, 0) == child);

  std::atomic<bool> done = false;
  std::thread others([&] {
    while (!done) {
      Array<float> passing(kSize);
      passing[kSize - 1] = 1.f;
    }
  });
  std::thread restorer([] {
    for (int i = 0; i < 5; ++i) restore_huge_pages();
  });
  fill(2);
  restorer.join();
  done = true;
  others.join();
  CHECK(wrong(2) == 0);
  restore_huge_pages();
  CHECK(wrong(2) == 0);
}
