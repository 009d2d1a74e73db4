#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include <glissade/model.h>

namespace glissade {

/// What predict_others() has to know of the model.
struct AnswerSpace {
  std::uint32_t labels;  ///< L
  Search search;         ///< what options.search stands for; must not depend on how many labels are left out
};

using AnswerRows = std::function<Result<Predictions>(const InputRows& inputs, const PredictOptions& options)>;

/// Usage error unless `excluded` has no row or `rows` legal ones.
Result<void> check_excluded(const SparseRows& excluded, std::size_t rows);

/// What `answer` says, without the labels that options.excluded names: a longer list is asked for, and they are taken out of it.
/// `answer` takes any k up to L. Some rows at a time, so that memory stays below about 16 MiB beyond the result and what one row
/// takes.
Result<Predictions> predict_others(const InputRows& inputs, const PredictOptions& options, const AnswerSpace& space,
                                   const AnswerRows& answer);

}  // namespace glissade
