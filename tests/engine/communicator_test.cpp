// Ranks that share a piece of work: the operations, over threads, and what a launcher says.

#include <catch2/catch.hpp>

#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "tests/engine/communication_checks.h"
#include "tests/engine/thread_transport.h"

namespace glissade::test {

TEST_CASE("every operation gives what each rank can work out alone", "[unit][levels]") {
  for (const int size : {2, 3, 4, 7}) {
    CAPTURE(size);
    std::vector<std::string> differences(static_cast<std::size_t>(size));
    ThreadRanks(size).run(
        [&](Communicator& ranks) { differences[static_cast<std::size_t>(ranks.rank())] = check_operations(ranks); });
    for (const std::string& difference : differences) CHECK(difference == "");
  }
}

TEST_CASE("alone, a rank has every operation and sends nothing", "[unit]") {
  Communicator alone;
  CHECK(alone.is_alone());
  CHECK(check_operations(alone) == "");
  alone.finish();
  CHECK(alone.size() == 1);
}

TEST_CASE("more operations than there are tags do not meet each other", "[unit]") {
  std::vector<std::uint64_t> sums(3);
  ThreadRanks(3).run([&](Communicator& ranks) {
    std::vector<float> values(1100);  // two rounds each
    for (int i = 0; i < 17000; ++i) {
      values[0] = static_cast<float>(i % 100);
      if (!ranks.all_reduce(values) || values[0] != static_cast<float>(3 * (i % 100))) return;
      ++sums[static_cast<std::size_t>(ranks.rank())];
    }
  });
  CHECK(sums == std::vector<std::uint64_t>(3, 17000));
}

TEST_CASE("a message of another size than expected is an error, and no more", "[unit]") {
  std::vector<std::string> messages(2);
  ThreadRanks(2).run([&](Communicator& ranks) {
    std::vector<float> values(ranks.rank() == 0 ? 10 : 11);
    const auto done = ranks.all_reduce(values);
    messages[static_cast<std::size_t>(ranks.rank())] = done ? "" : done.error().message;
  });
  for (const std::string& message : messages)
    CHECK(message.find("have lost each other: a message has another size") != std::string::npos);
}

TEST_CASE("what a launcher says is read, and nothing else is taken for it", "[unit]") {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE", "PMIX_RANK"}) unsetenv(name);
  CHECK_FALSE(launch_in_environment());
  CHECK(Communicator::of_launcher()->is_alone());
  setenv("PMIX_RANK", "two", 1);
  CHECK_FALSE(launch_in_environment());
  setenv("PMIX_RANK", "2", 1);
  CHECK(launch_in_environment()->rank == 2);
  CHECK_FALSE(launch_in_environment()->size);
  setenv("PMI_RANK", "1", 1);
  setenv("PMI_SIZE", "4", 1);
  CHECK(launch_in_environment()->size == 4);
  CHECK(launch_in_environment()->variable == "PMI_RANK");
  setenv("PMI_SIZE", "1", 1);
  CHECK(Communicator::of_launcher()->is_alone());  // one process has nobody to talk to
  for (const char* name : {"PMI_RANK", "PMI_SIZE", "PMIX_RANK"}) unsetenv(name);
}

}  // namespace glissade::test
