#include "engine/inference/search_lsh.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <vector>

#include "engine/layers/row_logits.h"
#include "engine/losses/loss.h"
#include "engine/search/moderate.h"
#include "hashing/group_codes.h"
#include "hashing/query.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

/// Kept per thread, so that a query clears a stamp and not an array as long as the label list.
struct Scratch {
  hashing::StampSet seen{0};
  std::size_t rows = 0;
  std::vector<std::uint32_t> ids;
  std::vector<float> logits;
  std::vector<std::uint32_t> best;

  void prepare(std::size_t row_count, std::size_t k) {
    if (rows != row_count) {
      seen = hashing::StampSet(row_count);
      rows = row_count;
    }
    seen.clear();
    ids.clear();
    ids.reserve(row_count);
    best.resize(k);
  }
};

}  // namespace

void search_lsh(const ParameterRows& rows, const LabelIndex& index, const Activations& hidden, const SearchTarget& target) {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t k = target.out.k;
  const std::size_t stride = hashing::padded(hidden.samples);
  std::vector<std::uint32_t> codes(stride * index.tables().tables());
  index.codes(hidden, {0, hidden.samples}, codes.data(), stride);
  if (target.scored != nullptr) target.scored->resize(hidden.samples);
  if (target.sums != nullptr) target.sums->log_sums.resize(hidden.samples);
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, hidden.samples, 8), [&](const tbb::blocked_range<std::size_t>& range) {
    thread_local Scratch scratch;
    for (std::size_t s = range.begin(); s != range.end(); ++s) {
      scratch.prepare(rows.rows(), k);
      hashing::collect(index.tables(), {codes.data() + s, stride, 1}, s, rows.rows(), scratch.seen, scratch.ids);
      const std::size_t size = scratch.ids.size();
      std::sort(scratch.ids.begin(), scratch.ids.end());  // reads rows in order, and ties go to the lower label
      scratch.logits.resize(size);
      float* z = scratch.logits.data();
      row_logits(rows, hidden, s, scratch.ids, z);
      for (std::size_t j = 0; j < size; ++j) z[j] += rows.bias[scratch.ids[j]];
      std::uint32_t* labels = target.out.labels.data() + (target.first_row + s) * k;
      float* scores = target.out.scores.data() + (target.first_row + s) * k;
      const std::size_t count = kernels.topk_f32(z, size, k, scratch.best.data(), scores);
      for (std::size_t j = 0; j < count; ++j) labels[j] = scratch.ids[scratch.best[j]];
      if (target.not_finite != nullptr && !are_moderate({z, size})) target.not_finite->note(s);
      const bool normalise = is_softmax(target.loss) && (target.probabilities || target.sums != nullptr);
      const float log_sum = normalise ? kernels.logsumexp_f32(z, size) : 0.f;
      if (target.probabilities) to_probabilities(target.loss, log_sum, scores, count);
      if (target.scored != nullptr) (*target.scored)[s] = static_cast<std::uint32_t>(size);
      if (target.sums != nullptr) target.sums->log_sums[s] = log_sum;
    }
  });
}

}  // namespace glissade
