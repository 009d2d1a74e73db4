#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/model.h>
#include <glissade/result.h>

#include "engine/candidates/proposed_candidates.h"
#include "engine/communication/row_shards.h"
#include "engine/layers/input_shards.h"
#include "engine/layers/network.h"
#include "engine/search/search.h"

namespace glissade {

/// The ranks that have the shards of one model, as one of them sees the others. Rank 0 asks; the others are in next() and help().
/// Rank 0's calls are thread-safe: one request goes at a time, the others wait.
class ShardGroup {
 public:
  /// `labels`: of all ranks. The others must outlive it.
  ShardGroup(Communicator& ranks, const Network& network, std::uint32_t labels)
      : ranks_(ranks), network_(network), labels_(labels), rows_(ranks), inputs_(rows_, network.input.rows) {}

  RowOwners owners() const noexcept { return rows_.owners(); }
  bool leads() const noexcept { return ranks_.rank() == 0; }
  Communicator& ranks() noexcept { return ranks_; }

  enum class Kind : std::int64_t { told, forward, search, save, logits, propose, examples, fit };
  /// What rank 0 asks; what the numbers mean depends on the kind.
  struct Request {
    Kind kind = Kind::told;
    std::int64_t a = 0, b = 0, c = 0;
  };

  /// Rank 0: Network::forward() over the features of all ranks.
  Result<bool> forward(const BatchInputs& x, std::vector<Activations>& hidden);
  /// Rank 0: search_exact() over the labels of all ranks. `target` has no filter.
  Result<void> search(const Activations& hidden, const SearchTarget& target);
  /// Rank 0: out[i] becomes the logit of label ids[i] of `labels`, which has no values, for the sample of its row.
  Result<void> logits(const Activations& hidden, const SparseRows& labels, std::span<float> out);
  /// What candidates are found for, the same on all ranks.
  struct Asked {
    SparseRows features;
    const Activations& hidden;
    std::span<const std::uint32_t> best;  ///< labels: equally many of each row, kNoLabel behind the last
    std::span<const float> log_sums;      ///< of each row's logits; empty: the loss needs none
    bool with_scores;                     ///< whether candidates are ranked, too
  };
  /// A collective function; rank 0 has what comes of it.
  using Propose = std::function<Result<void>(const Asked&, ProposedCandidates&)>;
  /// Rank 0: all ranks call propose(asked, out), the others by help_propose() with a function of their own.
  Result<void> propose(const Asked& asked, const Propose& propose, ProposedCandidates& out);
  /// Logits of those of `labels` that are this rank's, in their order. Not collective.
  std::vector<float> own_logits(const Activations& hidden, const SparseRows& labels) const;
  /// Rank 0: what all do together, a collective function that the others call as well when next() says so. One of kinds that need
  /// nothing more.
  Result<void> together(Kind kind, const std::function<Result<void>()>& part);
  /// Rank 0: ends the others' next(), which return the request.
  Result<void> tell(const Model::Told& what);
  /// Rank 0: the others are to write their shards beside `path`, as this one does when this returns.
  Result<void> begin_save(const std::string& path, bool with_training_state);

  /// The others: what rank 0 asks next.
  Result<Request> next();
  /// The others: what a request of forward(), search() or logits() needs.
  Result<void> help(const Request& request);
  Result<void> help_propose(const Request& request, const Propose& propose);
  /// The others: the path that begin_save() has told.
  Result<std::string> path_of(const Request& request);

 private:
  struct Found;
  Result<void> ask(Request request);
  Result<void> broadcast(std::span<std::byte> bytes);
  Result<void> send_rows(const SparseRows& x);
  Result<void> receive_rows(std::int64_t rows, std::int64_t count, bool with_values, SparseRows& x);
  Result<void> send(int from, int to, std::span<std::byte> bytes);
  Result<void> help_logits(const Request& request);
  Result<void> share(Activations& hidden);
  Found search_own(const Activations& hidden, std::size_t k, LossKind loss, bool with_sums) const;
  Result<void> help_forward(const Request& request);
  Result<void> help_search(const Request& request);

  Communicator& ranks_;
  const Network& network_;
  std::uint32_t labels_;
  RowShards rows_;
  InputShards inputs_;
  std::mutex mutex_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> values_;
  Activations hidden_;  ///< the others': sums, or what rank 0 searches with
};

}  // namespace glissade
