#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/calibration.h>

namespace glissade {

/// What F1 is made of, summed sample by sample.
class F1Sums {
 public:
  /// `labels`: of the model; true ones beyond count, too.
  explicit F1Sums(std::size_t labels) : labels_(labels) {}

  /// A sample's answers and its true labels, each without repeats.
  void add(std::span<const std::uint32_t> given, std::span<const std::uint32_t> wanted);
  F1 f1() const noexcept;

 private:
  struct Counts {
    std::uint64_t right = 0, given = 0, wanted = 0;
    double f1() const noexcept;
  };
  Counts& of(std::uint32_t label);

  Counts all_;
  std::vector<Counts> labels_;
  double samples_f1_ = 0;
  std::uint64_t samples_ = 0;
};

}  // namespace glissade
