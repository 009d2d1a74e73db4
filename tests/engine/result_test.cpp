// A Result that is taken for what it does not hold ends the program with a line that says why.

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <glissade/result.h>

namespace glissade::test {
namespace {

using Catch::Matchers::Contains;

Result<std::unique_ptr<int>> failed() { return runtime_error("'a.txt':3: no number; write one"); }

/// Runs `body` in a process of its own, as if nobody caught what it throws. Returns its standard error; `status` as by waitpid.
template <class Body>
std::string in_child(Body body, int& status) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    std::signal(SIGABRT, SIG_DFL);  // Catch's own handler would report it as a failure
    std::thread(body).join();       // nothing above a thread's function catches
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[512];
  for (ssize_t size; (size = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(size));
  close(ends[0]);
  REQUIRE(waitpid(child, &status, 0) == child);
  return text;
}

}  // namespace

TEST_CASE("a value is not there: every way to it throws the error's message", "[unit]") {
  auto result = failed();
  const auto& fixed = result;
  const auto says_why = Contains("'a.txt':3: no number; write one");
  CHECK_THROWS_WITH(result.value(), says_why);
  CHECK_THROWS_WITH(fixed.value(), says_why);
  CHECK_THROWS_WITH(failed().value(), says_why);
  CHECK_THROWS_WITH(*result, says_why);
  CHECK_THROWS_WITH(*fixed, says_why);
  CHECK_THROWS_WITH(result->get(), says_why);
  CHECK_THROWS_WITH(fixed->get(), says_why);
  CHECK_THROWS_AS(result.value(), std::logic_error);
}

TEST_CASE("an error is not there: asking for it throws", "[unit]") {
  const Result<int> number = 3;
  CHECK_THROWS_AS(number.error(), std::logic_error);
  CHECK_THROWS_AS(Result<void>().error(), std::logic_error);
  CHECK(number.value() == 3);
  CHECK(Result<void>(usage_error("x")).error().kind == Error::Kind::usage);
}

TEST_CASE("uncaught, a missing value ends the program with one line that names the error", "[unit]") {
  int status = 0;
  const std::string text = in_child([] { *failed().value() = 4; }, status);
  CAPTURE(text);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK_THAT(text, Contains("'a.txt':3: no number; write one"));
}

}  // namespace glissade::test
