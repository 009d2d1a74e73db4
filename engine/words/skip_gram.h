#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/words.h>

#include "engine/layers/network.h"
#include "engine/samplers/alias_table.h"
#include "engine/words/subsampling.h"
#include "engine/words/word_inputs.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade {

/// Skip-gram with negative sampling over pieces of a text, for one thread; each worker has its own. All of them change the rows
/// of one network, without locks: a step may read a row of which another thread has written a part, and of two updates at the
/// same time one may be lost in some elements. Rows are many and steps small, so that this is noise like that of the draws
/// (HOGWILD).
class SkipGram {
 public:
  /// What all workers share; must outlive them.
  struct Shared {
    const Config& config;
    const TextView& text;
    const Subsampling& subsampling;
    const AliasTable& negatives;
  };

  struct Report {
    double loss = 0;
    std::uint64_t pairs = 0;    ///< (context, centre)
    std::uint64_t centres = 0;  ///< of these `hits` had a first context that scored the centre above its negatives
    std::uint64_t hits = 0;
  };

  SkipGram(const Shared& shared, Network& network);

  /// Trains on tokens [first, last) of the text, a function of the network, the seed and the place alone.
  Report train(std::size_t first, std::size_t last, std::uint64_t seed, float rate);

 private:
  /// The centre's output row first, then those of its negatives, all different.
  struct Targets {
    std::vector<float*> rows;
    std::vector<std::uint32_t> ids;
  };

  void train_line(std::span<const std::uint32_t> words, hashing::Random& random, float rate, Report& report);
  void choose_targets(std::uint32_t centre, hashing::Random& random, Targets& targets) const;
  void step(std::span<float* const> contexts, const Targets& targets, float rate, Report& report);

  Shared shared_;
  ParameterRows& output_;
  WordInputs inputs_;
  const simd::Kernels& kernels_;
  std::vector<std::uint32_t> kept_;
  Targets now_, next_;
  std::vector<float*> contexts_;
  std::vector<float> scores_, gradients_;
};

}  // namespace glissade
