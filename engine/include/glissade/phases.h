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
  search_codes,     ///< short codes of the output rows, after the last epoch
  communication,    ///< gradients from rank to rank, waiting for other ranks
};

inline constexpr std::array<std::string_view, 14> kPhaseNames = {
    "gather",         "input forward",   "dense forward", "sampling", "packing",      "scores",       "output update",
    "dense backward", "input transpose", "input update",  "re-hash",  "sparse paths", "search codes", "communication"};

/// What a training call is busy with. Everything but `steps` happens before the first step of a pass or after its last one.
enum class Activity : std::size_t {
  steps,            ///< forward, backward, update; hash tables
  grouping,         ///< putting similar samples into the same batch (option batches)
  centroids,        ///< output rows set to their labels' centroids (option start)
  feature_weights,  ///< learning a weight for each feature (option weight-samples)
  sparse_rows,      ///< collecting the labels' sparse rows (option fan-in)
  row_training,     ///< training them (option row-epochs)
  neighbours,       ///< keeping the training samples and the labels that go together; inverted indexes
  weighing,         ///< what the paths say of the samples that were kept apart
  ranking,          ///< training the ranker on that
  coding,           ///< short codes of the output rows, for the search
};

inline constexpr std::array<std::string_view, 10> kActivityNames = {"training",
                                                                    "grouping samples",
                                                                    "starting rows from centroids",
                                                                    "learning feature weights",
                                                                    "collecting sparse rows",
                                                                    "training sparse rows",
                                                                    "indexing samples",
                                                                    "weighing paths",
                                                                    "training the ranker",
                                                                    "coding rows for search"};

inline constexpr std::string_view name_of(Activity activity) noexcept {
  return kActivityNames[static_cast<std::size_t>(activity)];
}

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
