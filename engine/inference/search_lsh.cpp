#include "engine/inference/search_lsh.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "engine/search/score_rows.h"
#include "hashing/group_codes.h"
#include "hashing/query.h"

namespace glissade {
namespace {

/// Kept per thread, so that a query clears a stamp and not an array as long as the label list.
struct Scratch {
  hashing::StampSet seen{0};
  std::size_t rows = 0;
  std::vector<std::uint32_t> ids;

  void prepare(std::size_t row_count) {
    if (rows != row_count) {
      seen = hashing::StampSet(row_count);
      rows = row_count;
    }
    seen.clear();
    ids.clear();
    ids.reserve(row_count);
  }
};

}  // namespace

void search_lsh(const ParameterRows& rows, const LabelIndex& index, const Activations& hidden, const SearchTarget& target) {
  const std::size_t stride = hashing::padded(hidden.samples);
  std::vector<std::uint32_t> codes(stride * index.tables().tables());
  index.codes(hidden, {0, hidden.samples}, codes.data(), stride);
  if (target.scored != nullptr) target.scored->resize(hidden.samples);
  if (target.sums != nullptr) target.sums->log_sums.resize(hidden.samples);
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, hidden.samples, 8), [&](const tbb::blocked_range<std::size_t>& range) {
    thread_local Scratch scratch;
    for (std::size_t s = range.begin(); s != range.end(); ++s) {
      scratch.prepare(rows.rows());
      hashing::collect(index.tables(), {codes.data() + s, stride, 1}, s, rows.rows(), scratch.seen, scratch.ids);
      std::sort(scratch.ids.begin(), scratch.ids.end());  // reads rows in order, and ties go to the lower label
      answer_from_rows(rows, hidden, s, scratch.ids, -std::numeric_limits<float>::infinity(), target);
    }
  });
}

}  // namespace glissade
