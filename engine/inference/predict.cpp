#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>

#include <glissade/model.h>

#include "engine/inference/search.h"
#include "engine/model/impl.h"
#include "engine/network/batch.h"

namespace glissade {
namespace {

constexpr std::size_t kPiece = 4096;  ///< samples at once
constexpr std::uint32_t kMostLabels = 1000;

Result<Predictions> predict_all(Model::Impl& impl, const SparseRows& features, const PredictOptions& options) {
  Predictions out;
  out.k = options.k;
  out.labels.assign(features.rows() * options.k, Predictions::kNoLabel);
  out.scores.assign(features.rows() * options.k, -std::numeric_limits<float>::infinity());
  const DatasetView view{impl.shape.features, impl.shape.labels, features, {}};
  Batch batch;
  std::vector<Activations> hidden;
  std::vector<std::uint32_t> piece_rows;
  for (std::size_t first = 0; first < features.rows(); first += kPiece) {
    piece_rows.resize(std::min(kPiece, features.rows() - first));
    std::iota(piece_rows.begin(), piece_rows.end(), static_cast<std::uint32_t>(first));
    batch.gather(view, piece_rows, {});
    bool ok = impl.network.forward(batch.features(), {}, hidden);
    const SearchTarget target{out, first, impl.config.loss, options.probabilities};
    if (options.search == Search::exact) {
      ok &= search_exact(impl.network.output, hidden.back(), target);
      out.candidates += piece_rows.size() * impl.shape.labels;
    } else {
      out.candidates += search_lsh(impl.network.output, impl.label_index(), hidden.back(), target);
    }
    if (!ok) return runtime_error("out of memory in a matrix product; predict fewer rows at once");
  }
  return out;
}

}  // namespace

void to_probabilities(LossKind loss, float log_sum, float* scores, std::size_t count) noexcept {
  for (std::size_t j = 0; j < count; ++j) {
    if (std::isinf(scores[j])) continue;
    scores[j] = loss == LossKind::softmax ? std::exp(scores[j] - log_sum) : 1.f / (1.f + std::exp(-scores[j]));
  }
}

Result<Predictions> Model::predict(const SparseRows& features, const PredictOptions& options) const {
  if (options.k < 1 || options.k > kMostLabels) {
    return usage_error(fmt::format("k = {} is outside 1 .. {}", options.k, kMostLabels));
  }
  if (auto valid = check_rows(features, impl_->shape.features, "feature"); !valid) return valid.error();
  try {
    return predict_all(*impl_, features, options);
  } catch (const std::bad_alloc&) {
    return runtime_error(fmt::format("out of memory while predicting {} rows; predict fewer rows at once", features.rows()));
  }
}

}  // namespace glissade
