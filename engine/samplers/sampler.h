#pragma once

#include <cstdint>
#include <memory>

#include <glissade/config.h>
#include <glissade/views.h>

#include "engine/samplers/active_set.h"
#include "hashing/query.h"

namespace glissade {

class LabelIndex;

/// Samples that share one active set: one sample (scope `sample`) or a whole batch (scope `shared`).
struct SampleGroup {
  SparseRows labels;
  std::size_t first = 0;  ///< rows first .. first + count - 1 of `labels`
  std::size_t count = 0;
  hashing::GroupCodes codes = {};  ///< of the same samples; only if the sampler uses tables
  std::uint64_t seed = 0;          ///< draws are a function of this
};

/// Chooses active sets. Stateless but for what it was made with: select() is safe from many threads, each with its own `seen`,
/// and does not allocate once the vectors have grown.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual bool uses_tables() const noexcept { return false; }
  virtual void select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const noexcept = 0;
};

/// `index` is needed by lsh only and must outlive the sampler.
std::unique_ptr<Sampler> make_sampler(const Config& config, std::uint32_t rows, const LabelIndex* index);

}  // namespace glissade
