// What candidates of a model need whose rows several ranks have: logits of rows that lie elsewhere, and proposals shared out.

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <vector>

#include "engine/layers/row_logits.h"
#include "engine/shards/shard_group.h"

namespace glissade {
namespace {

/// The part of `labels` that is this rank's, as places among its rows, and where in `labels` each stands.
struct OwnPart {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> places;
  std::vector<std::size_t> positions;

  OwnPart(const RowOwners& owners, const SparseRows& labels) {
    const std::uint64_t first = labels.offsets.front();
    for (std::size_t row = 0; row < labels.rows(); ++row) {
      for (std::uint64_t i = labels.offsets[row]; i < labels.offsets[row + 1]; ++i) {
        if (!owners.has(labels.ids[i])) continue;
        places.push_back(owners.place(labels.ids[i]));
        positions.push_back(i - first);
      }
      offsets.push_back(places.size());
    }
  }
};

}  // namespace

/// Of what is this rank's, in the order of `labels`.
std::vector<float> ShardGroup::own_logits(const Activations& hidden, const SparseRows& labels) const {
  const OwnPart own(owners(), labels);
  const ParameterRows& output = network_.output;
  std::vector<float> logits(own.places.size());
  tbb::parallel_for(std::size_t{0}, labels.rows(), [&](std::size_t sample) {
    const std::size_t begin = own.offsets[sample], count = own.offsets[sample + 1] - begin;
    const auto places = std::span(own.places).subspan(begin, count);
    row_logits(output, hidden, sample, places, logits.data() + begin);
    for (std::size_t i = 0; i < count; ++i) logits[begin + i] += output.bias[places[i]];
  });
  return logits;
}

Result<void> ShardGroup::logits(const Activations& hidden, const SparseRows& labels, std::span<float> out) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::int64_t>(labels.offsets.back() - labels.offsets.front());
  if (auto asked = ask({Kind::logits, static_cast<std::int64_t>(labels.rows()), count, 0}); !asked) return asked;
  if (auto told = share(const_cast<Activations&>(hidden)); !told) return told;  // what is broadcast is not changed here
  if (auto sent = send_rows(labels); !sent) return sent;
  std::vector<float> found;
  tbb::this_task_arena::isolate([&] { found = own_logits(hidden, labels); });
  for (int rank = 0; rank < ranks_.size(); ++rank) {
    const OwnPart part({static_cast<std::uint32_t>(rank), static_cast<std::uint32_t>(ranks_.size())}, labels);
    if (rank > 0) {
      found.resize(part.positions.size());
      if (auto got = send(rank, 0, std::as_writable_bytes(std::span(found))); !got) return got;
    }
    for (std::size_t i = 0; i < found.size(); ++i) out[part.positions[i]] = found[i];
  }
  return {};
}

Result<void> ShardGroup::help_logits(const Request& request) {
  hidden_.resize(static_cast<std::size_t>(request.a), network_.output.width(), network_.output.storage() != Storage::fp32);
  if (auto told = share(hidden_); !told) return told;
  SparseRows labels;
  if (auto told = receive_rows(request.a, request.b, false, labels); !told) return told;
  std::vector<float> found = own_logits(hidden_, labels);
  for (int rank = 1; rank < ranks_.size(); ++rank) {
    const bool mine = rank == ranks_.rank();
    if (auto sent = send(rank, 0, mine ? std::as_writable_bytes(std::span(found)) : std::span<std::byte>()); !sent) return sent;
  }
  return {};
}

Result<void> ShardGroup::propose(const Asked& asked, const Propose& propose, ProposedCandidates& out) {
  const std::lock_guard lock(mutex_);
  const SparseRows& x = asked.features;
  const std::size_t samples = x.rows(), k = samples == 0 ? 0 : asked.best.size() / samples;
  const auto count = static_cast<std::int64_t>(x.offsets.back() - x.offsets.front());
  const auto rest = static_cast<std::int64_t>(4 * k + (asked.log_sums.empty() ? 0 : 2) + (asked.with_scores ? 1 : 0));
  if (auto told = ask({Kind::propose, static_cast<std::int64_t>(samples), count, rest}); !told) return told;
  if (auto sent = send_rows(x); !sent) return sent;
  std::vector<std::uint32_t> best(asked.best.begin(), asked.best.end());
  if (auto sent = broadcast(std::as_writable_bytes(std::span(best))); !sent) return sent;
  std::vector<float> sums(asked.log_sums.begin(), asked.log_sums.end());
  if (auto sent = broadcast(std::as_writable_bytes(std::span(sums))); !sent) return sent;
  if (auto told = share(const_cast<Activations&>(asked.hidden)); !told) return told;  // what is broadcast is not changed here
  return propose(asked, out);
}

Result<void> ShardGroup::help_propose(const Request& request, const Propose& propose) {
  SparseRows x;
  if (auto told = receive_rows(request.a, request.b, true, x); !told) return told;
  std::vector<std::uint32_t> best(static_cast<std::size_t>(request.a * (request.c / 4)));
  if (auto told = broadcast(std::as_writable_bytes(std::span(best))); !told) return told;
  std::vector<float> sums((request.c & 2) != 0 ? static_cast<std::size_t>(request.a) : 0);
  if (auto told = broadcast(std::as_writable_bytes(std::span(sums))); !told) return told;
  hidden_.resize(static_cast<std::size_t>(request.a), network_.output.width(), network_.output.storage() != Storage::fp32);
  if (auto told = share(hidden_); !told) return told;
  ProposedCandidates unused;
  return propose({x, hidden_, best, sums, (request.c & 1) != 0}, unused);
}

Result<void> ShardGroup::together(Kind kind, const std::function<Result<void>()>& part) {
  const std::lock_guard lock(mutex_);
  if (auto asked = ask({kind, 0, 0, 0}); !asked) return asked;
  return part();
}

}  // namespace glissade
