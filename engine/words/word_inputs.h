#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/parameters/parameter_rows.h"
#include "simd/kernels.h"

namespace glissade {

/// The input vectors of the words within a window that moves along a line, for one thread. A word with a single feature is that
/// feature's row itself. A word with several is the mean of their rows, made when the word enters the window and changed there;
/// when it leaves, what it has moved by is added to each of its rows, as fastText does (Bojanowski et al. 2017): so a word of
/// many n-grams learns as fast as one of few. Its rows are read and written once for a dozen steps.
class WordInputs {
 public:
  /// `reach` is the largest window. Rows must be floats.
  WordInputs(ParameterRows& rows, const SparseRows& bags, std::uint32_t reach);

  void enter(std::size_t place, std::uint32_t word) noexcept;
  void leave(std::size_t place, std::uint32_t word) noexcept;
  /// Of a word that has entered and not left.
  float* vector(std::size_t place) noexcept { return slots_[place & mask_]; }

 private:
  ParameterRows& rows_;
  SparseRows bags_;
  const simd::Kernels& kernels_;
  std::size_t mask_;
  std::vector<float*> slots_;
  Array<float> buffers_;  ///< by slot: the vector now, and as it entered
};

}  // namespace glissade
