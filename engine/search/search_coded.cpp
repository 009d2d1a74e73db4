#include "engine/search/search_coded.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "engine/losses/loss.h"
#include "engine/search/moderate.h"
#include "engine/search/probed_lists.h"
#include "engine/search/score_rows.h"
#include "engine/search/shortlist.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::size_t kChunkBlocks = 64;  ///< their codes stay in the second-level cache while a group of queries reads them
constexpr std::size_t kMostQueries = 8;   ///< that share a chunk

struct Query {
  CodedRows::Lookup lookup;
  Shortlist list;
  Shortlist permitted;  ///< with a filter, of labels that it permits
  ProbedLists probed;
  std::vector<std::uint16_t> sampled;
  std::size_t sample = 0;
};

struct Scratch {
  std::array<Query, kMostQueries> queries;
  std::vector<std::uint16_t> sums = std::vector<std::uint16_t>(kChunkBlocks * simd::kSketchRows);
  std::vector<std::uint32_t> places = std::vector<std::uint32_t>(kChunkBlocks * simd::kSketchRows);
  std::vector<float> estimates;
  std::vector<std::uint32_t> ids;
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
        probes_(codes.probes(target.out.k)),
        sampled_every_(std::max<std::size_t>(CodedRows::kSampledEvery, codes.rows() / CodedRows::kMostSampled)),
        sums_(is_softmax(target.loss) && (target.probabilities || target.sums != nullptr)),
        scans_for_permitted_(target.filter != nullptr && codes.lists() != 0 && target.filter->permitted() < rows.rows() / 2) {}

  /// Samples begin .. end - 1, at most kMostQueries.
  void answer(std::size_t begin, std::size_t end) const {
    static thread_local Scratch scratch;
    std::size_t count = 0;
    for (std::size_t sample = begin; sample != end; ++sample) {
      if (start(sample, scratch.queries[count])) ++count;
    }
    if (codes_.lists() != 0) {
      for (std::size_t i = 0; i < count; ++i) scan_lists(scratch, scratch.queries[i]);
    } else if (count != 0) {
      scan(scratch, count);
    }
    for (std::size_t i = 0; i < count; ++i) finish(scratch, scratch.queries[i]);
  }

 private:
  bool start(std::size_t sample, Query& query) const {
    if (!are_moderate({hidden_.row(sample), hidden_.width})) {
      if (target_.not_finite != nullptr) target_.not_finite->note(sample);
      return false;
    }
    codes_.look_up(hidden_.row(sample), query.lookup);
    query.list.start(shortlist_, codes_.most_sum());
    if (target_.filter != nullptr) query.permitted.start(shortlist_, codes_.most_sum());
    query.sampled.clear();
    query.sample = sample;
    return true;
  }

  std::uint32_t row_at(std::uint32_t place) const noexcept { return codes_.lists() == 0 ? place : codes_.order()[place]; }

  /// What the sums in `scratch`, of places first, first + 1, ... say.
  void add_permitted(Scratch& scratch, Query& query, std::size_t first, std::size_t count) const {
    query.permitted.add(kernels_, first, scratch.sums.data(), count, scratch.places,
                        [&](std::uint32_t place) { return target_.filter->permits(row_at(place)); });
  }

  /// Few of the rows that look best are permitted: those that are may lie in any list.
  void scan_all_for_permitted(Scratch& scratch, Query& query) const {
    for (std::size_t first = 0; first < codes_.blocks(); first += kChunkBlocks) {
      const std::size_t size = std::min(kChunkBlocks, codes_.blocks() - first), place = first * simd::kSketchRows;
      kernels_.sketch_sums(codes_.codes() + first * codes_.block_bytes(), size, codes_.bytes_per_row(),
                           query.lookup.tables.data(), scratch.sums.data());
      add_permitted(scratch, query, place, std::min(size * simd::kSketchRows, codes_.rows() - place));
    }
  }

  void scan(Scratch& scratch, std::size_t queries) const {
    const std::size_t blocks = codes_.blocks(), bytes = codes_.bytes_per_row();
    for (std::size_t first = 0; first < blocks; first += kChunkBlocks) {
      const std::size_t size = std::min(kChunkBlocks, blocks - first);
      const std::size_t first_row = first * simd::kSketchRows;
      const std::size_t count = std::min(size * simd::kSketchRows, codes_.rows() - first_row);
      for (std::size_t i = 0; i < queries; ++i) {
        Query& query = scratch.queries[i];
        kernels_.sketch_sums(codes_.codes() + first_row * bytes, size, bytes, query.lookup.tables.data(), scratch.sums.data());
        query.list.add(kernels_, first_row, scratch.sums.data(), count, scratch.places);
        if (target_.filter != nullptr) add_permitted(scratch, query, first_row, count);
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

  void scan_lists(Scratch& scratch, Query& query) const {
    for (const BlockRange& range : query.probed.choose(codes_, query.lookup, probes_)) {
      for (std::size_t first = range.begin; first < range.end; first += kChunkBlocks) {
        const std::size_t size = std::min(kChunkBlocks, range.end - first), place = first * simd::kSketchRows;
        kernels_.sketch_sums(codes_.codes() + first * codes_.block_bytes(), size, codes_.bytes_per_row(),
                             query.lookup.tables.data(), scratch.sums.data());
        const std::size_t count = std::min(size * simd::kSketchRows, codes_.rows() - place);
        query.list.add(kernels_, place, scratch.sums.data(), count, scratch.places);
        if (target_.filter != nullptr && !scans_for_permitted_) add_permitted(scratch, query, place, count);
      }
    }
    if (scans_for_permitted_) scan_all_for_permitted(scratch, query);
    if (!sums_) return;
    const std::size_t blocks = CodedRows::blocks_for(codes_.sampled());
    query.sampled.resize(blocks * simd::kSketchRows);
    kernels_.sketch_sums(codes_.sampled_codes(), blocks, codes_.bytes_per_row(), query.lookup.tables.data(),
                         query.sampled.data());
    query.sampled.resize(codes_.sampled());
  }

  void finish(Scratch& scratch, Query& query) const {
    const std::vector<std::uint32_t>& places = query.list.finish();
    const float others = sums_ ? log_others(query, places, scratch.estimates) : -kInfinity;
    if (target_.filter == nullptr) {
      answer_from_rows(rows_, hidden_, query.sample, rows_at(places, scratch), others, target_);
      return;
    }
    const float log_sum = sums_ ? log_sum_of_rows(rows_, hidden_, query.sample, rows_at(places, scratch), others, target_) : 0.f;
    answer_from_permitted(rows_, hidden_, query.sample, rows_at(query.permitted.finish(), scratch, target_.filter), log_sum,
                          target_);
    if (target_.sums != nullptr) target_.sums->log_sums[query.sample] = log_sum;
  }

  /// The rows at these places; and behind them those that came after the codes were made, as far as they may answer. Ascending,
  /// but for codes that are sorted by list.
  std::span<const std::uint32_t> rows_at(std::span<const std::uint32_t> places, Scratch& scratch,
                                         const LabelFilter* filter = nullptr) const {
    const bool listed = codes_.lists() != 0;
    if (!listed && codes_.rows() == rows_.rows()) return places;
    scratch.ids.assign(places.begin(), places.end());
    if (listed) {
      const std::uint32_t* const order = codes_.order();
      for (std::uint32_t& id : scratch.ids) id = order[id];
    }
    for (auto row = static_cast<std::uint32_t>(codes_.rows()); row < rows_.rows(); ++row) {
      if (filter == nullptr || filter->permits(row)) scratch.ids.push_back(row);
    }
    return scratch.ids;
  }

  /// Whether a sampled row counts for those that were not listed. Rows of lists that were not read may have any sum.
  bool is_other(const Query& query, std::span<const std::uint32_t> places, std::size_t i) const {
    if (query.sampled[i] <= query.list.bound()) return true;
    return codes_.lists() != 0 && !std::ranges::binary_search(places, codes_.sampled_place(i));
  }

  /// Log of the sum of the exponentials of the rows that are not listed.
  float log_others(const Query& query, std::span<const std::uint32_t> places, std::vector<float>& estimates) const {
    if (places.size() == codes_.rows()) return -kInfinity;
    estimates.clear();
    for (std::size_t i = 0; i < query.sampled.size(); ++i) {
      if (is_other(query, places, i))
        estimates.push_back(query.lookup.base + query.lookup.unit * static_cast<float>(query.sampled[i]));
    }
    if (estimates.empty()) return -kInfinity;
    const float share = static_cast<float>(codes_.rows() - places.size()) / static_cast<float>(estimates.size());
    return kernels_.logsumexp_f32(estimates.data(), estimates.size()) + std::log(share) + codes_.log_sum_shift();
  }

  const ParameterRows& rows_;
  const CodedRows& codes_;
  const Activations& hidden_;
  const SearchTarget& target_;
  const simd::Kernels& kernels_;
  std::size_t shortlist_, probes_, sampled_every_;
  bool sums_;
  bool scans_for_permitted_;
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
