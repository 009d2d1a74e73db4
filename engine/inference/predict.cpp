#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>

#include <glissade/model.h>

#include "engine/inference/evidence_pass.h"
#include "engine/inference/search.h"
#include "engine/losses/loss.h"
#include "engine/model/impl.h"
#include "engine/network/batch.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kPiece = 4096;  ///< samples at once
constexpr std::uint32_t kMostLabels = 1000;

bool search(const SearchTarget& target, Model::Impl& impl, const Activations& hidden, Search search) {
  if (search == Search::lsh) {
    target.out.candidates += search_lsh(impl.network.output, impl.label_index(), hidden, target);
    return true;
  }
  target.out.candidates += hidden.samples * impl.shape.labels;
  return search_exact(impl.network.output, hidden, target);
}

/// The best of what the hidden path and the sparse paths propose, by what all of them say together.
bool search_blend(const SearchTarget& target, Model::Impl& impl, const SparseRows& features, const Activations& hidden,
                  Search search_by) {
  Predictions best;
  best.k = HiddenBest::kPerSample;
  best.labels.assign(hidden.samples * best.k, Predictions::kNoLabel);
  best.scores.assign(hidden.samples * best.k, -std::numeric_limits<float>::infinity());
  if (!search({best, 0, impl.config.loss, true}, impl, hidden, search_by)) return false;
  target.out.candidates += best.candidates;
  const std::size_t k = target.out.k;
  gather_evidence(impl, {hidden, best}, features, {}, [&](std::size_t sample, const Evidence& evidence) {
    const simd::Kernels& kernels = simd::kernels();
    static thread_local std::vector<float> scores;
    static thread_local std::vector<std::uint32_t> places;
    static thread_local RankPass pass;
    scores.clear();
    if (impl.paths.ranker.empty()) {
      for (const Terms& terms : evidence.terms()) scores.push_back(impl.paths.blend.score(terms));
    } else {
      scores.resize(evidence.terms().size());
      impl.paths.ranker.score(evidence.terms(), pass, scores.data());
    }
    places.resize(k);
    std::uint32_t* const labels = target.out.labels.data() + (target.first_row + sample) * k;
    float* const out = target.out.scores.data() + (target.first_row + sample) * k;
    const std::size_t count = kernels.topk_f32(scores.data(), scores.size(), k, places.data(), out);
    for (std::size_t i = 0; i < count; ++i) labels[i] = evidence.labels()[places[i]];
    if (target.probabilities) {
      to_probabilities(LossKind::softmax, kernels.logsumexp_f32(scores.data(), scores.size()), out, count);
    }
  });
  return true;
}

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
    if (impl.paths.empty()) {
      ok &= search({out, first, impl.config.loss, options.probabilities}, impl, hidden.back(), options.search);
    } else {
      ok &= search_blend({out, first, impl.config.loss, options.probabilities}, impl, batch.features(), hidden.back(),
                         options.search);
    }
    if (!ok) return runtime_error("out of memory in a matrix product; predict fewer rows at once");
  }
  return out;
}

}  // namespace

void to_probabilities(LossKind loss, float log_sum, float* scores, std::size_t count) noexcept {
  for (std::size_t j = 0; j < count; ++j) {
    if (std::isinf(scores[j])) continue;
    scores[j] = is_softmax(loss) ? std::exp(scores[j] - log_sum) : 1.f / (1.f + std::exp(-scores[j]));
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
