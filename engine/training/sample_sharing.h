#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/result.h>
#include <glissade/trainer.h>

#include "engine/layers/activation.h"
#include "engine/output/output_path.h"
#include "engine/parameters/gradient_store.h"
#include "engine/training/row_choice.h"
#include "engine/training/stop_wish.h"

namespace glissade {

/// What the ranks of a run tell each other in a step that they share: how it went, and gradients of the rows that each has
/// touched. Afterwards all have the same report and the same gradients, to the bit.
class SampleSharing {
 public:
  /// `ranks` and `stop` must outlive it.
  SampleSharing(Communicator& ranks, const Sharing& sharing, StopWish& stop) noexcept
      : ranks_(ranks), sharing_(sharing), stop_(stop) {}

  /// To be called once, with the blocks of the store that exchange() will be given. Throws std::bad_alloc.
  void prepare(const std::vector<ParameterRows*>& blocks);

  /// The parts first .. first + count - 1 of `parts` are this rank's.
  struct Share {
    std::size_t first, count;
  };
  Share own_share(std::size_t parts) const noexcept;
  /// Who has the last part, however few there are.
  int owner_of_last() const noexcept { return ranks_.size() - 1; }

  /// `report` becomes that of the whole step, and sums(store) the gradients of all ranks; `all_travel`: none may wait.
  /// Collective.
  Result<void> exchange(OutputReport& report, GradientStore& store, bool all_travel);
  /// What exchange() has left in `store`, or beside it where gradients may wait there.
  GradientStore& sums(GradientStore& store) noexcept { return sums_ ? *sums_ : store; }

  /// `hidden`, of `samples` samples, becomes that of rank `owner`. Collective.
  Result<void> share_activations(Activations& hidden, std::size_t samples, std::size_t width, int owner);

 private:
  Result<void> exchange_reports(OutputReport& report, const GradientStore& store);
  Result<void> gather_rows(GradientStore& store);
  Result<void> reduce_rows(GradientStore& store, bool all_travel);
  Result<void> sum_up(std::span<const RowChoice::Row> travelling, std::span<const RowChoice::Row> touched);
  /// Rows of the list of those that travel, up to `end`, on their way.
  struct Piece {
    std::size_t end;
    PendingOperation sum;
  };
  /// Of rank `rank`, how many rows of each block it has gradients of.
  std::span<const std::uint64_t> counts_of(std::size_t rank) const noexcept;
  std::size_t rank() const noexcept { return static_cast<std::size_t>(ranks_.rank()); }
  std::size_t size() const noexcept { return static_cast<std::size_t>(ranks_.size()); }

  Communicator& ranks_;
  Sharing sharing_;
  StopWish& stop_;
  std::vector<std::uint64_t> headers_;      ///< what each rank says, one behind the other
  std::size_t fields_ = 0;                  ///< of one rank
  std::vector<std::byte> gradients_;        ///< sparse: of all ranks
  std::unique_ptr<GradientStore> waiting_;  ///< what has not travelled yet
  std::unique_ptr<GradientStore> sums_;
  std::unique_ptr<RowChoice> choice_;
  std::vector<RowChoice::Row> proposals_;  ///< of all ranks
  std::vector<float> pool_;                ///< what is added up on the way, row behind row
};

}  // namespace glissade
