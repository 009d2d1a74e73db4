#include "tests/engine/communication_checks.h"

#include <fmt/format.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade::test {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 3, 1000, 1024, 1025, 5000, 100003};

float value_of(int rank, std::size_t i) {
  return static_cast<float>(hashing::derive(17, static_cast<std::uint64_t>(rank), i) % 2000001) / 1e4f - 100.f;
}

std::vector<float> values_of(int rank, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = value_of(rank, i);
  return values;
}

float as_half(float value) {
  std::uint16_t half;
  simd::kernels().narrow_nearest(&value, &half, 1);
  simd::kernels().widen(&half, &value, 1);
  return value;
}

/// In the order of the ranks, as all_reduce() promises.
std::vector<float> sums_of(int ranks, std::size_t count, Wire wire) {
  std::vector<float> sums(count, 0.f);
  for (int rank = 0; rank < ranks; ++rank) {
    for (std::size_t i = 0; i < count; ++i) {
      const float value = value_of(rank, i);
      sums[i] += wire == Wire::bf16 ? as_half(value) : value;
    }
  }
  if (wire == Wire::bf16) {
    for (float& sum : sums) sum = as_half(sum);
  }
  return sums;
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

std::string check_sums(Communicator& ranks) {
  for (const Wire wire : {Wire::fp32, Wire::bf16}) {
    for (const std::size_t count : kSizes) {
      auto values = values_of(ranks.rank(), count);
      // A second sum under way meanwhile, which is waited for first.
      auto others = values_of(ranks.rank(), 2 * count + 1);
      auto first = ranks.start_all_reduce(values, wire);
      auto second = ranks.start_all_reduce(others);
      if (auto done = second.wait(); !done) return done.error().message;
      if (auto done = first.wait(); !done) return done.error().message;
      const bool alone = ranks.is_alone();  // then nothing travels, and nothing is rounded
      if (!same_bytes(values, sums_of(ranks.size(), count, alone ? Wire::fp32 : wire)))
        return fmt::format("all_reduce of {} floats", count);
      if (!same_bytes(others, sums_of(ranks.size(), 2 * count + 1, Wire::fp32)))
        return fmt::format("all_reduce of {} floats behind another", 2 * count + 1);
    }
  }
  std::vector<std::uint64_t> numbers = {static_cast<std::uint64_t>(ranks.rank()), std::uint64_t{1} << 40};
  if (auto done = ranks.all_reduce(numbers); !done) return done.error().message;
  const auto size = static_cast<std::uint64_t>(ranks.size());
  if (numbers[0] != size * (size - 1) / 2 || numbers[1] != size << 40) return "all_reduce of whole numbers";
  std::vector<double> doubles = {0.1 * (ranks.rank() + 1)};
  if (auto done = ranks.all_reduce(doubles); !done) return done.error().message;
  double expected = 0;
  for (int rank = 0; rank < ranks.size(); ++rank) expected += 0.1 * (rank + 1);
  return doubles[0] == expected ? "" : "all_reduce of doubles";
}

std::string check_parts(Communicator& ranks) {
  std::vector<std::size_t> counts(static_cast<std::size_t>(ranks.size()));
  for (std::size_t r = 0; r < counts.size(); ++r) counts[r] = r == 1 ? 0 : 700 * r + 5;  // one rank has nothing
  const std::size_t total = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
  const auto self = static_cast<std::size_t>(ranks.rank());
  const std::size_t begin = std::accumulate(counts.begin(), counts.begin() + ranks.rank(), std::size_t{0});
  const auto values = values_of(ranks.rank(), total);
  std::vector<float> mine(counts[self]);
  if (auto done = ranks.reduce_scatter(values, counts, mine); !done) return done.error().message;
  const auto sums = sums_of(ranks.size(), total, Wire::fp32);
  if (!same_bytes(mine, std::vector(sums.begin() + static_cast<std::ptrdiff_t>(begin),
                                    sums.begin() + static_cast<std::ptrdiff_t>(begin + counts[self]))))
    return "reduce_scatter";
  std::vector<std::size_t> bytes = counts;
  for (std::size_t& count : bytes) count *= sizeof(float);
  std::vector<float> all(total);
  if (auto done = ranks.all_gather_v(std::as_bytes(std::span(mine)), bytes, std::as_writable_bytes(std::span(all))); !done)
    return done.error().message;
  return same_bytes(all, sums) ? "" : "all_gather_v";
}

std::string check_texts(Communicator& ranks) {
  const auto text_of = [](int rank) { return std::string(static_cast<std::size_t>(3 * rank), static_cast<char>('a' + rank)); };
  const std::string mine = text_of(ranks.rank());
  const auto texts = ranks.all_gather_unknown(std::as_bytes(std::span(mine)));
  if (!texts) return texts.error().message;
  for (int rank = 0; rank < ranks.size(); ++rank) {
    const auto& got = (*texts)[static_cast<std::size_t>(rank)];
    if (std::string(reinterpret_cast<const char*>(got.data()), got.size()) != text_of(rank)) return "all_gather_unknown";
  }
  const int root = ranks.size() - 1;
  std::vector<float> sent = values_of(ranks.rank(), 100001);
  if (auto done = ranks.broadcast(std::as_writable_bytes(std::span(sent)), root); !done) return done.error().message;
  if (!same_bytes(sent, values_of(root, 100001))) return "broadcast";
  if (auto done = ranks.barrier(); !done) return done.error().message;
  return "";
}

/// To rank r its number times 7 bytes, so that every pair has a length of its own.
std::string check_exchange(Communicator& ranks) {
  const auto size = static_cast<std::size_t>(ranks.size());
  const auto length = [](std::size_t from, std::size_t to) { return 7 * to + from; };
  const auto self = static_cast<std::size_t>(ranks.rank());
  std::vector<std::vector<std::byte>> out(size), in(size);
  std::vector<std::span<const std::byte>> out_spans(size);
  std::vector<std::span<std::byte>> in_spans(size);
  for (std::size_t r = 0; r < size; ++r) {
    out[r].assign(length(self, r), static_cast<std::byte>(16 * self + r));
    in[r].resize(length(r, self));
    out_spans[r] = out[r];
    in_spans[r] = in[r];
  }
  if (auto done = ranks.all_to_all_v(out_spans, in_spans); !done) return done.error().message;
  for (std::size_t r = 0; r < size; ++r) {
    if (!same_bytes(in[r], std::vector(length(r, self), static_cast<std::byte>(16 * r + self)))) return "all_to_all_v";
  }
  return "";
}

std::string check_counts(Communicator& ranks) {
  ranks.take_counts();
  std::vector<float> values = values_of(ranks.rank(), 12000);
  if (auto done = ranks.all_reduce(values); !done) return done.error().message;
  const auto counts = ranks.take_counts();
  const auto size = static_cast<double>(ranks.size());
  const double expected = 2 * (size - 1) / size * 48000;
  if (std::abs(static_cast<double>(counts.bytes_sent) - expected) > 64)
    return fmt::format("{} bytes sent, not {}", counts.bytes_sent, expected);
  const std::uint64_t others = static_cast<std::uint64_t>(ranks.size()) - 1;
  if (counts.messages != (others == 1 ? 1 : 2 * others))  // two ranks need one round
    return fmt::format("{} messages", counts.messages);
  return ranks.counts().bytes_sent == 0 ? "" : "take_counts";
}

}  // namespace

std::string check_operations(Communicator& ranks) {
  for (const auto check : {check_sums, check_parts, check_texts, check_exchange, check_counts}) {
    if (std::string difference = check(ranks); !difference.empty()) return difference;
  }
  return "";
}

}  // namespace glissade::test
