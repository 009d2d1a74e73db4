#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <glissade/config.h>
#include <glissade/views.h>

#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/samplers/active_set.h"
#include "hashing/query.h"

namespace glissade {

class ClusterIndex;
class LabelCodes;
class LabelIndex;

/// Samples that share one active set: one sample (scope `sample`) or a whole batch (scope `shared`).
struct SampleGroup {
  SparseRows labels;      ///< of the whole batch
  std::size_t first = 0;  ///< rows first .. first + count - 1 of `labels`
  std::size_t count = 0;
  hashing::GroupCodes codes = {};           ///< of those that retrieve; only if the sampler uses tables
  std::uint64_t seed = 0;                   ///< draws are a function of this
  const Activations* hidden = nullptr;      ///< of the whole batch; what the output layer sees
  std::size_t every = 1;                    ///< of the samples only first, first + every, ... retrieve
  const LabelCodes* label_codes = nullptr;  ///< where `labels` are this rank's alone: of those of all ranks

  std::size_t asking() const noexcept { return (count + every - 1) / every; }  ///< how many retrieve
};

/// Chooses active sets. select() is safe from many threads, each with its own `seen`, and does not allocate once the vectors
/// have grown (except for the oracle `exact`); until then it may throw std::bad_alloc.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual void select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const = 0;
  /// Tells how often each label occurs in the training data (empty: unknown). Not while select() runs.
  virtual void count_labels(std::span<const std::uint32_t> /*counts*/) {}
  /// From now on drawn rows count for (rows that they stand for)^strength rows, 0 .. 1. Not while select() runs.
  virtual void set_correction(float /*strength*/) {}
  /// The tables that select() looks into at the addresses of the labels' own rows; null: into none. Where several ranks have
  /// these rows, it wants SampleGroup::label_codes.
  virtual const LabelIndex* index_of_labels() const noexcept { return nullptr; }
};

/// What samplers may need; all must outlive them.
struct SamplerSources {
  const LabelIndex* index = nullptr;       ///< needed if uses_tables()
  const ParameterRows* output = nullptr;   ///< needed by `exact`
  const ClusterIndex* clusters = nullptr;  ///< needed if uses_clusters()
};

/// Whether a part of the mixture looks into hash tables.
bool uses_tables(const SamplerMix& mix) noexcept;
/// Whether a part looks into a learned table.
bool uses_clusters(const SamplerMix& mix) noexcept;

std::unique_ptr<Sampler> make_sampler(const Config& config, std::uint32_t rows, const SamplerSources& sources);

}  // namespace glissade
