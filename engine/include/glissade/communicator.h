#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <glissade/result.h>

namespace glissade {

class Transport;

/// How floats travel. The sums themselves are always of 32-bit floats.
enum class Wire {
  fp32,
  bf16,  ///< rounded to nearest before they are sent, and the sum once more: half the bytes
};

/// What a launcher such as mpirun says in the environment of a process that it starts.
struct Launch {
  int rank = 0;
  std::optional<int> size;  ///< none: the launcher says it only through its library
  std::string variable;     ///< the environment variable that says so
};

/// Nothing in a process that no launcher started. Knows Open MPI (OMPI_COMM_WORLD_RANK), PMI (PMI_RANK: MPICH, srun --mpi=pmi2)
/// and PMIx (PMIX_RANK: srun --mpi=pmix). Loads nothing.
std::optional<Launch> launch_in_environment();

/// What a rank has sent and waited for since it was made, or since take_counts().
struct CommunicationCounts {
  std::uint64_t messages = 0;
  std::uint64_t bytes_sent = 0;  ///< content, without what the transport adds
  double seconds_waited = 0;     ///< wall time within wait() and the operations that wait
};

/// An operation that was begun. All buffers that it was given must stay as they are until wait() has returned. Where several are
/// under way, every rank must have begun them in the same order; they may be waited for in any.
class PendingOperation {
 public:
  class State;
  PendingOperation() noexcept;  ///< of an operation that is done
  explicit PendingOperation(std::unique_ptr<State> state) noexcept;
  PendingOperation(PendingOperation&&) noexcept;
  PendingOperation& operator=(PendingOperation&&) noexcept;
  /// Waits, and forgets an error.
  ~PendingOperation();

  /// Lets it go on as far as it can without waiting. True if wait() would not wait.
  bool advance();
  /// Runtime error if a rank is gone or sent something else than this one expected.
  Result<void> wait();

 private:
  std::unique_ptr<State> state_;
};

/// The processes ("ranks") that share a piece of work, as one of them sees the others. Every operation is collective: all ranks
/// call it, in the same order, with the same sizes; results are the same bytes on all of them. Sums are made in the order of the
/// ranks, so they do not depend on the transport, on timing or on the size of a message.
///
/// One call at a time, from any thread. Cost of all: each rank sends to each other one, size() - 1 messages a round. That suits
/// tens of ranks; beyond, broadcast() and barrier() would want trees.
class Communicator {
 public:
  /// Rank 0 of 1. Nothing is sent, every operation only copies.
  Communicator() noexcept;
  /// Over `transport`, whose ranks are this communicator's.
  explicit Communicator(std::unique_ptr<Transport> transport) noexcept;
  Communicator(Communicator&&) noexcept;
  Communicator& operator=(Communicator&&) noexcept;
  /// Without finish() before, the launcher takes the end of the process for a failure and ends the other ranks.
  ~Communicator();

  /// The ranks that a launcher started this process among; alone where none did. Loads libglissade_mpi.so, which lies beside the
  /// library or the program, and no process without a launcher ever does. Runtime error if that is not there, is of another
  /// version, or was built for another MPI than the launcher's. Once in a process.
  static Result<Communicator> of_launcher();

  int rank() const noexcept { return rank_; }
  int size() const noexcept { return size_; }
  bool is_alone() const noexcept { return size_ == 1; }

  /// values[i] becomes the sum of all ranks' values[i]. At most 1,024 values, and those of two ranks, go in one round, others in
  /// two: each rank adds up a part of them, and hands the sums out. Bytes sent: 2 (size - 1) / size of the values'.
  Result<void> all_reduce(std::span<float> values, Wire wire = Wire::fp32);
  Result<void> all_reduce(std::span<double> values);
  Result<void> all_reduce(std::span<std::uint64_t> values);
  PendingOperation start_all_reduce(std::span<float> values, Wire wire = Wire::fp32);

  /// The first half of it: `values` are the parts of all ranks one behind the other, counts[r] of them for rank r; `mine`,
  /// counts[rank()] long, becomes the sums of this rank's part. `mine` may lie in `values` at its place.
  Result<void> reduce_scatter(std::span<const float> values, std::span<const std::size_t> counts, std::span<float> mine,
                              Wire wire = Wire::fp32);
  PendingOperation start_reduce_scatter(std::span<const float> values, std::span<const std::size_t> counts, std::span<float> mine,
                                        Wire wire = Wire::fp32);

  /// `all` becomes the bytes of all ranks, one behind the other in their order; rank r has bytes[r] of them, and `mine` has
  /// bytes[rank()]. `mine` may lie in `all` at its place.
  Result<void> all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> bytes, std::span<std::byte> all);
  PendingOperation start_all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> bytes,
                                      std::span<std::byte> all);
  /// Where no rank knows how many bytes the others have: a round more. One text or buffer per rank; `all` keeps its memory.
  Result<void> all_gather_unknown(std::span<const std::byte> mine, std::vector<std::vector<std::byte>>& all);
  Result<std::vector<std::vector<std::byte>>> all_gather_unknown(std::span<const std::byte> mine);
  /// One number of each rank.
  Result<std::vector<std::uint64_t>> all_gather(std::uint64_t mine);

  /// To each rank bytes of its own: out[r] goes to rank r, in[r] comes from it. The sizes must fit on both sides.
  Result<void> all_to_all_v(std::span<const std::span<const std::byte>> out, std::span<const std::span<std::byte>> in);
  PendingOperation start_all_to_all_v(std::span<const std::span<const std::byte>> out, std::span<const std::span<std::byte>> in);

  /// Where no rank knows how many bytes the others have for it: a round more. out[r] goes to rank r, in[r] becomes what came from
  /// it; `in` keeps its memory.
  Result<void> all_to_all_unknown(const std::vector<std::vector<std::byte>>& out, std::vector<std::vector<std::byte>>& in);

  /// `bytes` become those of rank `root`.
  Result<void> broadcast(std::span<std::byte> bytes, int root);
  /// Returns when all ranks have called it.
  Result<void> barrier();

  const CommunicationCounts& counts() const noexcept { return *counts_; }
  CommunicationCounts take_counts() noexcept;

  /// Collective: nothing goes on any more, and this process may end. Afterwards the communicator is alone.
  void finish() noexcept;

 private:
  int next_tag(int rounds) noexcept;

  std::unique_ptr<Transport> transport_;
  std::unique_ptr<CommunicationCounts> counts_;  ///< operations under way count, too
  int rank_ = 0, size_ = 1;
  int tag_ = 0;
};

}  // namespace glissade
