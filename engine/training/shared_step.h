#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/result.h>

#include "engine/layers/activation.h"
#include "engine/output/output_path.h"
#include "engine/parameters/gradient_store.h"

namespace glissade {

/// What the ranks of a run tell each other in a step that they share: how it went, and the gradients of the rows that each has
/// touched. Afterwards all have the same report and the same gradients, to the bit.
class SharedStep {
 public:
  /// `ranks` must outlive it.
  explicit SharedStep(Communicator& ranks) noexcept : ranks_(ranks) {}

  int ranks() const noexcept { return ranks_.size(); }
  /// The parts first .. first + count - 1 of `parts` are this rank's.
  struct Share {
    std::size_t first, count;
  };
  Share share_of(int rank, std::size_t parts) const noexcept;
  Share own_share(std::size_t parts) const noexcept { return share_of(ranks_.rank(), parts); }
  /// Who has the last part, however few there are.
  int owner_of_last() const noexcept { return ranks_.size() - 1; }

  /// This rank wants the training to end after this step.
  void wish_to_stop() noexcept { wishes_to_stop_ = true; }
  /// Whether a rank wished so by the time of the last exchange(): the same on all.
  bool stop_is_agreed() const noexcept { return stop_is_agreed_; }

  /// `report` becomes that of the whole step, and `store` has the gradients of all. Collective. Two rounds; bytes sent: those of
  /// this rank's rows, once to each other rank.
  Result<void> exchange(OutputReport& report, GradientStore& store);

  /// `hidden`, of `samples` samples, becomes that of rank `owner`. Collective.
  Result<void> share_activations(Activations& hidden, std::size_t samples, std::size_t width, int owner);

 private:
  Communicator& ranks_;
  bool wishes_to_stop_ = false, stop_is_agreed_ = false;
  std::vector<std::uint64_t> headers_;
  std::vector<std::byte> gradients_;  ///< of all ranks
};

}  // namespace glissade
