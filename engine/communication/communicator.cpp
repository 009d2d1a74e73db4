#include <glissade/communicator.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <numeric>

#include "engine/communication/operation.h"
#include "engine/communication/transport.h"
#include "engine/communication/wire_floats.h"

namespace glissade {
namespace {

using Round = PendingOperation::State::Round;

constexpr int kTags = 32768;
constexpr std::size_t kOneRound = 1024;  ///< values that every rank sends to every other one

template <class T>
std::span<const std::byte> bytes_of(std::span<const T> values) noexcept {
  return std::as_bytes(values);
}

std::vector<std::size_t> begins_of(std::span<const std::size_t> counts) {
  std::vector<std::size_t> begins(counts.size() + 1);
  std::partial_sum(counts.begin(), counts.end(), begins.begin() + 1);
  return begins;
}

void copy_to_place(std::span<const std::byte> from, std::span<std::byte> to) noexcept {
  if (!from.empty() && from.data() != to.data()) std::memmove(to.data(), from.data(), from.size());
}

/// The same bytes to all, and theirs to their places in `all`.
Transport::Exchange hand_round(std::span<const std::byte> mine, std::span<const std::size_t> begins, std::span<std::byte> all,
                               int rank) {
  const std::size_t ranks = begins.size() - 1;
  Transport::Exchange exchange{std::vector(ranks, mine), std::vector<std::span<std::byte>>(ranks)};
  for (std::size_t r = 0; r < ranks; ++r) exchange.in[r] = all.subspan(begins[r], begins[r + 1] - begins[r]);
  exchange.out[static_cast<std::size_t>(rank)] = {};
  exchange.in[static_cast<std::size_t>(rank)] = {};
  return exchange;
}

/// `count` values cut into as many parts as there are ranks, as equal as they can be.
std::vector<std::size_t> equal_parts(std::size_t count, std::size_t ranks) {
  std::vector<std::size_t> counts(ranks);
  for (std::size_t r = 0; r < ranks; ++r) counts[r] = count * (r + 1) / ranks - count * r / ranks;
  return counts;
}

/// Buffers of a sum over ranks: they live as long as the operation.
struct Reduction {
  std::vector<std::size_t> begins;  ///< of the ranks' parts, in values
  std::size_t rank;
  Wire wire;
  std::vector<std::byte> out, in;

  std::size_t size_of(std::size_t r) const noexcept { return begins[r + 1] - begins[r]; }

  /// The first round of a sum: everybody's share of this rank's part.
  Transport::Exchange collect(std::span<const float> values) {
    const std::size_t ranks = begins.size() - 1, width = wire_bytes(wire);
    out.resize(values.size() * width);
    in.resize(ranks * size_of(rank) * width);
    to_wire(values, wire, out.data());
    Transport::Exchange exchange{std::vector<std::span<const std::byte>>(ranks), std::vector<std::span<std::byte>>(ranks)};
    for (std::size_t r = 0; r < ranks; ++r) {
      if (r == rank) continue;
      exchange.out[r] = std::span(out).subspan(begins[r] * width, size_of(r) * width);
      exchange.in[r] = std::span(in).subspan(r * size_of(rank) * width, size_of(rank) * width);
    }
    return exchange;
  }

  /// What came, added up in the order of the ranks.
  void add_up(std::span<const float> own, std::span<float> sums) {
    const std::size_t ranks = begins.size() - 1, width = wire_bytes(wire);
    std::vector<float> total(own.size(), 0.f);
    for (std::size_t r = 0; r < ranks; ++r) {
      if (r == rank) {
        add_floats(own, total);
      } else {
        add_from_wire(in.data() + r * own.size() * width, wire, total);
      }
    }
    std::ranges::copy(total, sums.begin());
  }
};

}  // namespace

Communicator::Communicator() noexcept : counts_(std::make_unique<CommunicationCounts>()) {}

Communicator::Communicator(std::unique_ptr<Transport> transport) noexcept
    : transport_(std::move(transport)),
      counts_(std::make_unique<CommunicationCounts>()),
      rank_(transport_->rank()),
      size_(transport_->size()) {}

Communicator::Communicator(Communicator&&) noexcept = default;
Communicator& Communicator::operator=(Communicator&&) noexcept = default;
Communicator::~Communicator() = default;

int Communicator::next_tag(int rounds) noexcept {
  if (tag_ + rounds > kTags) tag_ = 0;
  const int first = tag_;
  tag_ += rounds;
  return first;
}

CommunicationCounts Communicator::take_counts() noexcept { return std::exchange(*counts_, CommunicationCounts()); }

void Communicator::finish() noexcept {
  if (transport_) transport_->finish();
  transport_.reset();
  rank_ = 0;
  size_ = 1;
}

PendingOperation Communicator::start_all_to_all_v(std::span<const std::span<const std::byte>> out,
                                                  std::span<const std::span<std::byte>> in) {
  const auto self = static_cast<std::size_t>(rank_);
  assert(out.size() == static_cast<std::size_t>(size_) && in.size() == out.size() && out[self].size() == in[self].size());
  copy_to_place(out[self], in[self]);
  if (is_alone()) return {};
  Transport::Exchange exchange{{out.begin(), out.end()}, {in.begin(), in.end()}};
  exchange.out[self] = {};
  exchange.in[self] = {};
  std::vector<Round> rounds;
  rounds.push_back({[exchange = std::move(exchange)] { return exchange; }});
  return PendingOperation(std::make_unique<PendingOperation::State>(*transport_, *counts_, next_tag(1), std::move(rounds)));
}

PendingOperation Communicator::start_all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> bytes,
                                                  std::span<std::byte> all) {
  const auto begins = begins_of(bytes);
  const auto self = static_cast<std::size_t>(rank_);
  assert(bytes.size() == static_cast<std::size_t>(size_) && mine.size() == bytes[self] && all.size() == begins.back());
  copy_to_place(mine, all.subspan(begins[self]));
  if (is_alone()) return {};
  std::vector<Round> rounds;
  rounds.push_back({[mine, begins, all, rank = rank_] { return hand_round(mine, begins, all, rank); }});
  return PendingOperation(std::make_unique<PendingOperation::State>(*transport_, *counts_, next_tag(1), std::move(rounds)));
}

PendingOperation Communicator::start_reduce_scatter(std::span<const float> values, std::span<const std::size_t> counts,
                                                    std::span<float> mine, Wire wire) {
  const auto self = static_cast<std::size_t>(rank_);
  auto reduction = std::make_shared<Reduction>(Reduction{begins_of(counts), self, wire, {}, {}});
  assert(values.size() == reduction->begins.back() && mine.size() == counts[self]);
  const std::span<const float> own = values.subspan(reduction->begins[self], counts[self]);
  if (is_alone()) {
    copy_to_place(bytes_of(own), std::as_writable_bytes(mine));
    return {};
  }
  std::vector<Round> rounds;
  rounds.push_back(
      {[reduction, values] { return reduction->collect(values); }, [reduction, own, mine] { reduction->add_up(own, mine); }});
  return PendingOperation(std::make_unique<PendingOperation::State>(*transport_, *counts_, next_tag(1), std::move(rounds)));
}

PendingOperation Communicator::start_all_reduce(std::span<float> values, Wire wire) {
  if (is_alone() || values.empty()) return {};
  const auto ranks = static_cast<std::size_t>(size_), self = static_cast<std::size_t>(rank_);
  const std::size_t width = wire_bytes(wire);
  std::vector<Round> rounds;
  if (values.size() <= kOneRound || ranks == 2) {  // of two ranks, one round sends no more than two
    const std::size_t size = ranks * values.size() * width;
    auto all = std::make_shared_for_overwrite<std::byte[]>(size);
    const auto begins = begins_of(std::vector<std::size_t>(ranks, values.size() * width));
    rounds.push_back({[=, rank = rank_] {
                        std::byte* const place = all.get() + begins[self];
                        to_wire(values, wire, place);
                        return hand_round({place, values.size() * width}, begins, {all.get(), size}, rank);
                      },
                      [=] {
                        std::ranges::fill(values, 0.f);
                        for (std::size_t r = 0; r < ranks; ++r) add_from_wire(all.get() + begins[r], wire, values);
                        round_like_wire(values, wire);
                      }});
  } else {
    auto reduction = std::make_shared<Reduction>(Reduction{begins_of(equal_parts(values.size(), ranks)), self, wire, {}, {}});
    const std::span<float> own = values.subspan(reduction->begins[self], reduction->size_of(self));
    std::vector<std::size_t> begins = reduction->begins;
    for (std::size_t& begin : begins) begin *= width;
    rounds.push_back({[=] {
                        auto exchange = reduction->collect(values);
                        round_like_wire(own, wire);  // as all other shares are
                        return exchange;
                      },
                      [=] { reduction->add_up(own, own); }});
    rounds.push_back({[=, rank = rank_] {
                        std::byte* const place = reduction->out.data() + begins[self];
                        to_wire(own, wire, place);
                        return hand_round({place, own.size() * width}, begins, reduction->out, rank);
                      },
                      [=] { from_wire(reduction->out.data(), wire, values); }});
  }
  const int tag = next_tag(static_cast<int>(rounds.size()));
  return PendingOperation(std::make_unique<PendingOperation::State>(*transport_, *counts_, tag, std::move(rounds)));
}

Result<void> Communicator::all_reduce(std::span<float> values, Wire wire) { return start_all_reduce(values, wire).wait(); }

namespace {

/// Numbers that are too few to be worth two rounds.
template <class T>
Result<void> add_all(Communicator& ranks, std::span<T> values) {
  if (ranks.is_alone() || values.empty()) return {};
  const std::vector<std::size_t> bytes(static_cast<std::size_t>(ranks.size()), values.size_bytes());
  std::vector<T> all(values.size() * bytes.size());
  auto gathered = ranks.all_gather_v(std::as_bytes(values), bytes, std::as_writable_bytes(std::span(all)));
  if (!gathered) return gathered;
  std::ranges::fill(values, T{});
  for (std::size_t i = 0; i < all.size(); ++i) values[i % values.size()] += all[i];
  return {};
}

}  // namespace

Result<void> Communicator::all_reduce(std::span<double> values) { return add_all(*this, values); }
Result<void> Communicator::all_reduce(std::span<std::uint64_t> values) { return add_all(*this, values); }

Result<void> Communicator::reduce_scatter(std::span<const float> values, std::span<const std::size_t> counts,
                                          std::span<float> mine, Wire wire) {
  return start_reduce_scatter(values, counts, mine, wire).wait();
}

Result<void> Communicator::all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> bytes,
                                        std::span<std::byte> all) {
  return start_all_gather_v(mine, bytes, all).wait();
}

Result<void> Communicator::all_to_all_v(std::span<const std::span<const std::byte>> out,
                                        std::span<const std::span<std::byte>> in) {
  return start_all_to_all_v(out, in).wait();
}

Result<std::vector<std::uint64_t>> Communicator::all_gather(std::uint64_t mine) {
  std::vector<std::uint64_t> all(static_cast<std::size_t>(size_));
  const std::vector<std::size_t> bytes(all.size(), sizeof mine);
  if (auto done = all_gather_v(std::as_bytes(std::span(&mine, 1)), bytes, std::as_writable_bytes(std::span(all))); !done)
    return done.error();
  return all;
}

Result<void> Communicator::all_gather_unknown(std::span<const std::byte> mine, std::vector<std::vector<std::byte>>& all) {
  auto sizes = all_gather(mine.size());
  if (!sizes) return sizes.error();
  const std::vector<std::uint64_t> bytes = std::move(*sizes);
  const std::vector<std::span<const std::byte>> out(bytes.size(), mine);
  std::vector<std::span<std::byte>> in;
  all.resize(bytes.size());
  for (std::size_t r = 0; r < bytes.size(); ++r) {
    all[r].resize(bytes[r]);
    in.emplace_back(all[r]);
  }
  return all_to_all_v(out, in);
}

Result<std::vector<std::vector<std::byte>>> Communicator::all_gather_unknown(std::span<const std::byte> mine) {
  std::vector<std::vector<std::byte>> all;
  if (auto done = all_gather_unknown(mine, all); !done) return done.error();
  return all;
}

Result<void> Communicator::all_to_all_unknown(const std::vector<std::vector<std::byte>>& out,
                                              std::vector<std::vector<std::byte>>& in) {
  std::vector<std::uint64_t> sent, coming(out.size());
  for (const auto& bytes : out) sent.push_back(bytes.size());
  std::vector<std::span<const std::byte>> from;
  std::vector<std::span<std::byte>> to;
  for (std::size_t r = 0; r < out.size(); ++r) {
    from.push_back(std::as_bytes(std::span(sent).subspan(r, 1)));
    to.push_back(std::as_writable_bytes(std::span(coming).subspan(r, 1)));
  }
  if (auto told = all_to_all_v(from, to); !told) return told;
  in.resize(out.size());
  for (std::size_t r = 0; r < out.size(); ++r) {
    in[r].resize(coming[r]);
    from[r] = out[r];
    to[r] = in[r];
  }
  return all_to_all_v(from, to);
}

Result<void> Communicator::broadcast(std::span<std::byte> bytes, int root) {
  std::vector<std::span<const std::byte>> out(static_cast<std::size_t>(size_));
  std::vector<std::span<std::byte>> in(out.size());
  if (rank_ == root) {
    for (int r = 0; r < size_; ++r) {
      if (r != root) out[static_cast<std::size_t>(r)] = bytes;
    }
  } else {
    in[static_cast<std::size_t>(root)] = bytes;
  }
  return all_to_all_v(out, in);
}

Result<void> Communicator::barrier() {
  const auto all = all_gather(0);
  return all ? Result<void>() : Result<void>(all.error());
}

}  // namespace glissade
