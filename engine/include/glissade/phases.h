#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace glissade {

/// The parts of a training step, in the order in which they run.
enum class Phase : std::size_t {
  gather,           ///< copying the batch out of the data set
  input_forward,    ///< embedding bag, ReLU, dropout
  dense_forward,    ///< further hidden layers
  sampling,         ///< hash codes of the hidden vectors, choosing active sets
  packing,          ///< shared sets: rows into panels, hidden vectors transposed
  scores,           ///< logits, loss, gradient of the hidden vectors
  output_update,    ///< gradients of the output rows, optimiser
  dense_backward,   ///< further hidden layers, with their optimiser
  input_transpose,  ///< the batch turned feature-major
  input_update,     ///< gradients of the embedding bag's rows, optimiser
  rehash,           ///< building and re-hashing tables
  sparse_paths,     ///< building sparse rows and neighbours, weighing the paths
};

inline constexpr std::array<std::string_view, 12> kPhaseNames = {
    "gather",        "input forward",  "dense forward",   "sampling",     "packing", "scores",
    "output update", "dense backward", "input transpose", "input update", "re-hash", "sparse paths"};

/// Wall seconds by phase.
struct PhaseSeconds {
  std::array<double, kPhaseNames.size()> seconds{};

  double& operator[](Phase phase) noexcept { return seconds[static_cast<std::size_t>(phase)]; }
  double operator[](Phase phase) const noexcept { return seconds[static_cast<std::size_t>(phase)]; }
  PhaseSeconds& operator+=(const PhaseSeconds& other) noexcept {
    for (std::size_t i = 0; i < seconds.size(); ++i) seconds[i] += other.seconds[i];
    return *this;
  }
};

}  // namespace glissade
