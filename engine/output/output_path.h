#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <glissade/config.h>
#include <glissade/phases.h>
#include <glissade/views.h>

#include "engine/communication/row_shards.h"
#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_optimizer.h"
#include "engine/samplers/label_index.h"
#include "engine/samplers/own_sets.h"
#include "engine/samplers/sampler.h"

namespace glissade {

/// One training step of the output layer: what it reads, and where the hidden gradient goes.
struct OutputStep {
  const Activations& hidden;
  const SparseRows& labels;   ///< values, if any: the labels' weights as targets
  hashing::GroupCodes codes;  ///< of all samples that retrieve; only if the sampler uses tables
  std::uint64_t seed;
  const RowOptimizer& optimizer;
  float* hidden_gradient;                      ///< [samples x hidden.stride], overwritten
  PhaseSeconds& phases;                        ///< times are added here
  std::span<const float> sample_weights = {};  ///< of each sample's loss; empty: 1 each

  float sample_weight(std::size_t sample) const noexcept { return sample_weights.empty() ? 1.f : sample_weights[sample]; }
};

struct OutputReport {
  double loss = 0;                ///< sum over samples
  std::uint64_t probed = 0;       ///< samples whose best active row was looked at
  std::uint64_t hits = 0;         ///< of these, where it is a true label
  std::uint64_t active_rows = 0;  ///< sum over samples of the active set's size
  std::uint64_t rows_touched = 0;
  bool ok = true;  ///< false if oneDNN ran out of memory

  OutputReport& operator+=(const OutputReport& other) noexcept {
    loss += other.loss;
    probed += other.probed;
    hits += other.hits;
    active_rows += other.active_rows;
    rows_touched += other.rows_touched;
    ok &= other.ok;
    return *this;
  }
};

/// Active sets, logits, loss, gradients and row updates of the output layer. Two ways to the same result:
/// one active set per sample (classic SLIDE), or one that the whole batch shares, which turns gathers into matrix products.
/// The loss is the mean over the batch. Results do not depend on the number of threads.
class OutputPath {
 public:
  virtual ~OutputPath() = default;
  virtual OutputReport step(const OutputStep& step) = 0;
};

/// What both ways work on. `drift` may be null (no tables to keep in step).
struct OutputParts {
  const Config& config;
  ParameterRows& rows;
  const Sampler& sampler;
  hashing::Drift* drift;
  std::size_t piece = 0;        ///< active rows at once, a multiple of 32; 0 = output_piece()
  RowShards* shards = nullptr;  ///< null: all rows are this process's. UnfusedOutput knows no shards
  std::size_t labels = 0;       ///< with shards: of all ranks

  RowOwners owners() const noexcept { return shards != nullptr ? shards->owners() : RowOwners{}; }
  std::size_t all_labels() const noexcept { return shards != nullptr ? labels : rows.rows(); }
};

/// How the active sets are chosen, as far as they are this rank's.
OwnSets own_sets(const OutputParts& parts);

/// Active rows whose gradients by the logits of `samples` samples are held at once; a longer set goes in pieces, and then the
/// softmax computes every logit twice. As many as fit into 64 MiB of floats, at least 8,192; a multiple of 32.
constexpr std::size_t output_piece(std::size_t samples) noexcept {
  constexpr std::size_t kFloats = std::size_t{16} << 20, kLeast = 8192, kUnit = 32;
  const std::size_t fitting = kFloats / (samples > 0 ? samples : 1) / kUnit * kUnit;
  return fitting > kLeast ? fitting : kLeast;
}

/// `shared` scope, or the full sampler (which is one set shared by all by its nature): FusedOutput, or UnfusedOutput if asked
/// for; otherwise PerSampleOutput.
std::unique_ptr<OutputPath> make_output_path(const OutputParts& parts);

/// Every kProbeStride-th sample's best active row is compared with its labels, for the progress line.
inline constexpr std::size_t kProbeStride = 8;

/// Whether the best of `logits` is one of the labels at `positions`.
bool is_hit(const float* logits, std::size_t size, std::span<const std::uint32_t> positions) noexcept;

}  // namespace glissade
