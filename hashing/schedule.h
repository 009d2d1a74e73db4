#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace glissade::hashing {

/// When and what to re-hash.
///  fixed:    every `period` samples, all rows (SLIDE).
///  decaying: the same, each period `growth` times the one before.
///  drift:    every `period` samples, only rows that moved further than `threshold` times their length since their last hash.
struct ScheduleParams {
  enum class Kind { fixed, decaying, drift } kind = Kind::drift;
  std::uint64_t period = 6400;  ///< samples, > 0
  double growth = 1.5;          ///< decaying: >= 1
  double threshold = 0.1;       ///< drift: share of the row's length
};

class RehashSchedule {
 public:
  explicit RehashSchedule(const ScheduleParams& params) noexcept;
  /// True if a re-hash is due after `samples` more samples were seen; moves on to the next period then. What exceeds the period
  /// counts for the next one, so the state depends on the total only: advance(n) on a fresh schedule resumes after n samples.
  bool advance(std::uint64_t samples) noexcept;
  /// Samples until the next re-hash is due, > 0.
  double remaining() const noexcept { return period_ - static_cast<double>(since_); }
  bool moved_rows_only() const noexcept { return params_.kind == ScheduleParams::Kind::drift; }
  const ScheduleParams& params() const noexcept { return params_; }

  /// Where it stands, to be written down and put back.
  struct Place {
    double period;
    std::uint64_t since;
  };
  Place place() const noexcept { return {period_, since_}; }
  void put(const Place& place) noexcept {
    period_ = place.period;
    since_ = place.since;
  }

 private:
  ScheduleParams params_;
  double period_;
  std::uint64_t since_ = 0;
};

/// How far each row has moved since it was last hashed: the sum of its steps' lengths, an upper bound of the distance.
/// add() may be called for different rows from different threads.
class Drift {
 public:
  explicit Drift(std::size_t rows) : moved_(rows, 0.f), length_(rows, 0.f) {}
  void add(std::uint32_t row, float squared_step) noexcept;
  /// Sets `out` to the rows with moved > threshold * length at the last hash, ascending. (A row never hashed counts as moved
  /// once it steps.)
  void moved(double threshold, std::vector<std::uint32_t>& out) const;
  /// Marks `row` as hashed now, with its current length.
  void hashed(std::uint32_t row, float length) noexcept;

  /// Of each row what it has moved, and its length then: to be written down and put back.
  std::span<float> movements() noexcept { return moved_; }
  std::span<float> lengths() noexcept { return length_; }

 private:
  std::vector<float> moved_;
  std::vector<float> length_;
};

}  // namespace glissade::hashing
