#include "engine/search/search_coded.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/losses/loss.h"
#include "engine/search/moderate.h"
#include "engine/search/score_rows.h"
#include "engine/search/shortlist.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::size_t kChunkBlocks = 64;  ///< their codes stay in the second-level cache while a group of queries reads them
constexpr std::size_t kMostQueries = 8;   ///< that share a chunk
/// For the sum of exponentials one block in so many is looked at, at least, and no more than about so many in all.
constexpr std::size_t kSampledEvery = 16, kSampledBlocks = 256;

struct Query {
  CodedRows::Lookup lookup;
  Shortlist list;
  std::vector<std::uint16_t> sampled;
  std::size_t sample = 0;
};

struct Scratch {
  std::array<Query, kMostQueries> queries;
  std::vector<std::uint16_t> sums = std::vector<std::uint16_t>(kChunkBlocks * simd::kSketchRows);
  std::vector<std::uint32_t> places = std::vector<std::uint32_t>(kChunkBlocks * simd::kSketchRows);
  std::vector<float> estimates;
};

class CodedSearch {
 public:
  CodedSearch(const ParameterRows& rows, const CodedRows& codes, const Activations& hidden, const SearchTarget& target)
      : rows_(rows),
        codes_(codes),
        hidden_(hidden),
        target_(target),
        kernels_(simd::kernels()),
        shortlist_(codes.shortlist(target.out.k)),
        sampled_every_(std::max<std::size_t>(kSampledEvery, rows.rows() / (kSampledBlocks * simd::kSketchRows))),
        sums_(is_softmax(target.loss) && (target.probabilities || target.sums != nullptr)) {}

  /// Samples begin .. end - 1, at most kMostQueries.
  void answer(std::size_t begin, std::size_t end) const {
    static thread_local Scratch scratch;
    std::size_t count = 0;
    for (std::size_t sample = begin; sample != end; ++sample) {
      if (start(sample, scratch.queries[count])) ++count;
    }
    if (count != 0) scan(scratch, count);
    for (std::size_t i = 0; i < count; ++i) {
      Query& query = scratch.queries[i];
      const std::vector<std::uint32_t>& ids = query.list.finish();
      answer_from_rows(rows_, hidden_, query.sample, ids, sums_ ? log_others(query, ids.size(), scratch.estimates) : -kInfinity,
                       target_);
    }
  }

 private:
  bool start(std::size_t sample, Query& query) const {
    if (!are_moderate({hidden_.row(sample), hidden_.width})) {
      if (target_.not_finite != nullptr) target_.not_finite->note(sample);
      return false;
    }
    codes_.look_up(hidden_.row(sample), query.lookup);
    query.list.start(shortlist_, codes_.bytes_per_row() * 2 * 255);
    query.sampled.clear();
    query.sample = sample;
    return true;
  }

  void scan(Scratch& scratch, std::size_t queries) const {
    const std::size_t blocks = (rows_.rows() + simd::kSketchRows - 1) / simd::kSketchRows, bytes = codes_.bytes_per_row();
    for (std::size_t first = 0; first < blocks; first += kChunkBlocks) {
      const std::size_t size = std::min(kChunkBlocks, blocks - first);
      const std::size_t first_row = first * simd::kSketchRows;
      const std::size_t count = std::min(size * simd::kSketchRows, rows_.rows() - first_row);
      for (std::size_t i = 0; i < queries; ++i) {
        Query& query = scratch.queries[i];
        kernels_.sketch_sums(codes_.codes() + first_row * bytes, size, bytes, query.lookup.tables.data(), scratch.sums.data());
        query.list.add(kernels_, first_row, scratch.sums.data(), count, scratch.places);
        for (std::size_t block = 0; sums_ && block < size; ++block) {
          if ((first + block) % sampled_every_ != 0) continue;
          const std::size_t row = block * simd::kSketchRows;
          const auto begin = scratch.sums.begin() + static_cast<std::ptrdiff_t>(row);
          query.sampled.insert(query.sampled.end(), begin,
                               begin + static_cast<std::ptrdiff_t>(std::min(simd::kSketchRows, count - row)));
        }
      }
    }
  }

  /// Log of the sum of the exponentials of the rows that are not listed.
  float log_others(const Query& query, std::size_t listed, std::vector<float>& estimates) const {
    if (listed == rows_.rows()) return -kInfinity;
    estimates.clear();
    for (const std::uint16_t sum : query.sampled) {
      if (sum <= query.list.bound()) estimates.push_back(query.lookup.base + query.lookup.unit * static_cast<float>(sum));
    }
    if (estimates.empty()) return -kInfinity;
    const float share = static_cast<float>(rows_.rows() - listed) / static_cast<float>(estimates.size());
    return kernels_.logsumexp_f32(estimates.data(), estimates.size()) + std::log(share) + codes_.log_sum_shift();
  }

  const ParameterRows& rows_;
  const CodedRows& codes_;
  const Activations& hidden_;
  const SearchTarget& target_;
  const simd::Kernels& kernels_;
  std::size_t shortlist_, sampled_every_;
  bool sums_;
};

}  // namespace

void search_coded(const ParameterRows& rows, const CodedRows& codes, const Activations& hidden, const SearchTarget& target) {
  if (target.scored != nullptr) target.scored->assign(hidden.samples, 0);
  if (target.sums != nullptr) target.sums->log_sums.assign(hidden.samples, 0.f);
  const CodedSearch search(rows, codes, hidden, target);
  const auto threads = static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
  const std::size_t group = std::clamp<std::size_t>(hidden.samples / (2 * threads), 1, kMostQueries);
  tbb::parallel_for(std::size_t{0}, (hidden.samples + group - 1) / group,
                    [&](std::size_t i) { search.answer(i * group, std::min(hidden.samples, (i + 1) * group)); });
}

}  // namespace glissade
