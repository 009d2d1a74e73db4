#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <glissade/label_filter.h>
#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/model/impl.h"
#include "engine/search/search.h"

namespace glissade {

/// What a search works in; nothing is allocated once it has grown.
struct PathsBuffers {
  Predictions best, permitted;
  SearchSums sums;
};

/// How to search in a model with sparse paths.
struct PathsSearch {
  Search by;
  std::size_t listed;      ///< labels by the hidden path that are looked at for the places behind the candidates; exact only
  bool calibrated = true;  ///< probabilities are the calibration's, where the model has one
  const LabelFilter* filter = nullptr;            ///< which labels are answers; all of them are candidates
  std::span<const std::uint32_t> permitted = {};  ///< its labels, where they are so few that their rows are scored one by one
};

/// Final scores as PredictOptions defines them for a model with sparse paths: the candidates of each row of `features` by what
/// all paths say together, and behind them, with exact search, the other labels by the hidden path. A row for which `listed`
/// labels were too few stays short. Runtime error of the communication where several ranks have the rows.
Result<void> search_paths(const SearchTarget& target, Model::Impl& impl, const SparseRows& features, const Activations& hidden,
                          const PathsSearch& how, PathsBuffers& buffers);

/// Labels that a model may answer a row with.
std::size_t allowed_labels(const Model::Impl& impl, std::span<const std::uint32_t> feature_ids,
                           const LabelFilter* filter) noexcept;

}  // namespace glissade
