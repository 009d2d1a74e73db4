// Run by mpirun: how long operations of the Communicator take, in one piece or in several, and what they send. A line of JSON per
// case on rank 0's standard output.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/communicator.h>

namespace {

using glissade::Communicator;
using glissade::Result;

struct Case {
  std::string_view operation;
  std::size_t bytes;              ///< of what is added up, or of what each rank hands round
  std::size_t piece;              ///< bytes of a piece, which is an operation of its own; 0: one
  bool is_begun_at_once = false;  ///< all pieces are under way together
};

class Exchange {
 public:
  Exchange(Communicator& ranks, const Case& what)
      : ranks_(ranks),
        what_(what),
        values_(what.bytes / sizeof(float), 1.f),
        gathered_(what.operation == "gather" ? values_.size() * static_cast<std::size_t>(ranks.size()) : 0) {}

  Result<void> run() {
    const std::size_t piece = what_.piece == 0 ? values_.size() : std::max<std::size_t>(1, what_.piece / sizeof(float));
    std::vector<glissade::PendingOperation> under_way;
    for (std::size_t at = 0; at < values_.size(); at += piece) {
      glissade::PendingOperation one = start(at, std::min(piece, values_.size() - at));
      if (what_.is_begun_at_once) {
        under_way.push_back(std::move(one));
      } else if (auto done = one.wait(); !done) {
        return done;
      }
    }
    for (auto& one : under_way) {
      if (auto done = one.wait(); !done) return done;
    }
    return {};
  }

 private:
  glissade::PendingOperation start(std::size_t at, std::size_t count) {
    const std::span<float> values = std::span(values_).subspan(at, count);
    if (what_.operation == "reduce") return ranks_.start_all_reduce(values);
    const auto ranks = static_cast<std::size_t>(ranks_.size());
    const std::vector<std::size_t> bytes(ranks, count * sizeof(float));
    return ranks_.start_all_gather_v(std::as_bytes(values), bytes,
                                     std::as_writable_bytes(std::span(gathered_).subspan(at * ranks, count * ranks)));
  }

  Communicator& ranks_;
  const Case& what_;
  std::vector<float> values_, gathered_;
};

constexpr std::size_t kGroups = 5;

/// Seconds of one run, the fastest of groups of `repeats` runs that follow each other, and what one run sends: other programs
/// make it slower only. A run begins where the one before it has ended, without a barrier: as an operation ends on no rank before
/// all have begun it, none can be far ahead.
Result<void> measure(Communicator& ranks, const Case& what, std::size_t repeats) {
  Exchange exchange(ranks, what);
  std::array<double, kGroups> seconds{};
  if (auto done = exchange.run(); !done) return done;
  ranks.take_counts();
  for (double& group : seconds) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < repeats; ++i) {
      if (auto done = exchange.run(); !done) return done;
    }
    group = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / static_cast<double>(repeats);
  }
  const glissade::CommunicationCounts counts = ranks.take_counts();
  std::ranges::sort(seconds);
  if (ranks.rank() != 0) return {};
  const auto of_one = [&](std::uint64_t all) { return static_cast<unsigned long long>(all / (kGroups * repeats)); };
  std::printf(
      "{\"operation\": \"%s\", \"bytes\": %zu, \"piece\": %zu, \"at_once\": %s, \"seconds\": %.9f, \"messages\": %llu, "
      "\"bytes_sent\": %llu}\n",
      std::string(what.operation).c_str(), what.bytes, what.piece, what.is_begun_at_once ? "true" : "false", seconds[0],
      of_one(counts.messages), of_one(counts.bytes_sent));
  return {};
}

std::size_t number_in(std::string_view text) {
  std::size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// 'reduce:BYTES[:PIECE[:at-once]]', or with 'gather'.
Case case_in(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(':', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return {parts[0], parts.size() > 1 ? number_in(parts[1]) : 0, parts.size() > 2 ? number_in(parts[2]) : 0, parts.size() > 3};
}

}  // namespace

int main(int count, char** arguments) {
  const std::size_t repeats = count > 2 ? number_in(arguments[1]) : 0;
  std::vector<Case> cases;
  for (int i = 2; i < count; ++i) cases.push_back(case_in(arguments[i]));
  const bool known = std::ranges::all_of(cases, [](const Case& one) {
    return (one.operation == "reduce" || one.operation == "gather") && one.bytes >= sizeof(float);
  });
  if (repeats == 0 || !known) {
    std::fprintf(
        stderr,
        "usage: mpirun -np N exchange_bench REPEATS OPERATION:BYTES[:BYTES_OF_A_PIECE[:at-once]] ...   (reduce or gather)\n");
    return 2;
  }
  auto ranks = Communicator::of_launcher();
  if (!ranks) return std::fprintf(stderr, "%s\n", ranks.error().message.c_str()), 1;
  for (const Case& one : cases) {
    if (auto done = measure(*ranks, one, repeats); !done) return std::fprintf(stderr, "%s\n", done.error().message.c_str()), 1;
  }
  ranks->finish();
}
