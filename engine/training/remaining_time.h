#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <glissade/config.h>
#include <glissade/phases.h>
#include <glissade/views.h>

namespace glissade {

/// How long a training will still take: a plan of its work, with what each activity costs by a rough count of its
/// operations, corrected by how long activities took so far.
class RemainingTime {
 public:
  RemainingTime() = default;
  /// `data` has the model's counts; `threads` work on it. `epochs_done` are behind, and of the next one the part `pass_share`.
  RemainingTime(const Config& config, const DatasetView& data, int threads, std::uint32_t epochs_done, double pass_share);

  /// `share` of `activity` is done, at `seconds` on a clock of the caller's. Activities come in the order of the plan; those that
  /// the plan lacks are not counted.
  void observe(Activity activity, double share, double seconds);

  /// For all that is planned; < 0 as long as nothing can be said.
  double seconds_left() const noexcept;

 private:
  struct Item {
    Activity activity;
    double cost;  ///< in seconds of an imaginary machine
  };
  struct Spent {
    double cost = 0, seconds = 0;
  };
  double factor(Activity activity) const noexcept;

  std::vector<Item> plan_;
  std::size_t at_ = 0;  ///< in the plan
  double share_ = 0;    ///< of what stands there
  double last_ = 0;     ///< when that was
  bool started_ = false;
  std::array<Spent, kActivityNames.size()> spent_{};
  Spent all_;
};

}  // namespace glissade
