#include "engine/candidates/feature_index.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <functional>
#include <limits>

namespace glissade {
namespace {

/// A sum that came out as 0 while its row is listed: too small to change a sum that goes on. 0 alone means "not listed yet".
constexpr float kListedZero = std::numeric_limits<float>::min();
constexpr std::size_t kBlocks = 16;  ///< of rows that are counted and placed apart; fixed, so that lists are in order of rows

}  // namespace

FeatureIndex::FeatureIndex(const SparseMatrix& rows, std::size_t features)
    : row_count_(rows.rows()), begins_(features + 1), ids_(rows.entries()), values_(rows.entries()) {
  const auto first_row = [&](std::size_t block) { return block * row_count_ / kBlocks; };
  std::vector<std::vector<std::uint32_t>> counts(kBlocks, std::vector<std::uint32_t>(features));
  tbb::parallel_for(std::size_t{0}, kBlocks, [&](std::size_t block) {
    for (std::uint64_t j = rows.offsets[first_row(block)]; j < rows.offsets[first_row(block + 1)]; ++j)
      ++counts[block][rows.ids[j]];
  });
  std::uint64_t end = 0;
  for (std::size_t f = 0; f < features; ++f) {
    begins_[f] = end;
    for (auto& block : counts) {
      const std::uint32_t count = block[f];
      block[f] = static_cast<std::uint32_t>(end - begins_[f]);
      end += count;
    }
  }
  begins_[features] = end;
  tbb::parallel_for(std::size_t{0}, kBlocks, [&](std::size_t block) {
    for (std::size_t row = first_row(block); row < first_row(block + 1); ++row) {
      for (std::uint64_t j = rows.offsets[row]; j < rows.offsets[row + 1]; ++j) {
        const std::uint32_t f = rows.ids[j];
        const std::uint64_t at = begins_[f] + counts[block][f]++;
        ids_[at] = static_cast<std::uint32_t>(row);
        values_[at] = rows.values[j];
      }
    }
  });
}

FeatureIndex FeatureIndex::shared() const {
  FeatureIndex same;
  same.row_count_ = row_count_;
  same.begins_ = begins_.shared();
  same.ids_ = ids_.shared();
  same.values_ = values_.shared();
  return same;
}

void FeatureIndex::find(std::span<const std::uint32_t> ids, std::span<const float> values, std::size_t budget, std::size_t most,
                        Scratch& scratch, const FreshEntries& fresh) const {
  scratch.found_.clear();
  scratch.sums_found_.clear();
  scratch.unread_.clear();
  const std::size_t rows = std::max(row_count_, fresh.rows), listed = begins_.empty() ? 0 : begins_.size() - 1;
  if (rows == 0) return;
  if (scratch.sums_.size() < rows) scratch.sums_.resize(rows, 0.f);
  scratch.lists_.clear();
  for (std::size_t j = 0; j < ids.size(); ++j) {
    std::uint64_t length = ids[j] < listed ? begins_[ids[j] + 1] - begins_[ids[j]] : 0;
    std::uint32_t later = 0;
    if (fresh.postings != nullptr) length += later = static_cast<std::uint32_t>(fresh.postings->count(ids[j], fresh.generation));
    if (length != 0 && values[j] != 0.f) scratch.lists_.push_back({length, static_cast<std::uint32_t>(j), later});
  }
  std::ranges::sort(scratch.lists_, [&](const auto& a, const auto& b) {
    return a.length != b.length ? a.length < b.length : ids[a.entry] < ids[b.entry];
  });
  std::size_t count = 0;
  const auto meet = [&](std::uint32_t row, float product) {
    float& sum = scratch.sums_[row];
    scratch.touched_[count] = row;  // stays if it is met for the first time
    count += sum == 0.f ? 1 : 0;
    sum += product;
    if (sum == 0.f) sum = kListedZero;
  };
  std::uint64_t spent = 0;
  for (const auto& list : scratch.lists_) {
    spent += list.length;
    if (spent > budget && spent != list.length) {
      scratch.unread_.push_back(list.entry);
      continue;
    }
    const float value = values[list.entry];
    if (scratch.touched_.size() < count + list.length + 1) scratch.touched_.resize(2 * (count + list.length + 1));
    if (const std::uint64_t size = list.length - list.fresh; size != 0) {
      const std::uint64_t begin = begins_[ids[list.entry]];
      for (std::uint64_t i = begin; i < begin + size; ++i) meet(ids_[i], value * widened(values_[i]));
    }
    if (list.fresh != 0)
      fresh.postings->visit(ids[list.entry], list.fresh,
                            [&](const FreshPostings::Entry& entry) { meet(entry.row, value * entry.value); });
  }
  scratch.touched_sums_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    scratch.touched_sums_[i] = scratch.sums_[scratch.touched_[i]];
    scratch.sums_[scratch.touched_[i]] = 0.f;
  }
  if (count <= most) {
    scratch.found_.assign(scratch.touched_.begin(), scratch.touched_.begin() + static_cast<std::ptrdiff_t>(count));
    scratch.sums_found_ = scratch.touched_sums_;
    return;
  }
  scratch.keep_largest(most);
}

bool FeatureIndex::sums(std::span<const std::uint32_t> ids, std::span<const float> values, std::uint64_t most,
                        std::span<const std::uint32_t> which, Scratch& scratch, float* products) const {
  const auto begin = [&](std::uint32_t id) { return begins_[id]; };
  const auto end = [&](std::uint32_t id) { return begins_[id + 1]; };
  const std::size_t listed = begins_.empty() ? 0 : begins_.size() - 1;
  std::uint64_t entries = 0;
  for (const std::uint32_t id : ids) entries += id < listed ? end(id) - begin(id) : 0;
  if (entries > most) return false;
  if (scratch.sums_.size() < row_count_) scratch.sums_.resize(row_count_, 0.f);
  float* const sums = scratch.sums_.data();
  for (std::size_t j = 0; j < ids.size(); ++j) {
    if (ids[j] >= listed || values[j] == 0.f) continue;
    for (std::uint64_t i = begin(ids[j]); i < end(ids[j]); ++i) sums[ids_[i]] += values[j] * widened(values_[i]);
  }
  for (std::size_t i = 0; i < which.size(); ++i) products[i] = which[i] < row_count_ ? sums[which[i]] : 0.f;
  if (entries >= row_count_ / 4) {
    std::fill_n(sums, row_count_, 0.f);
    return true;
  }
  for (const std::uint32_t id : ids) {
    for (std::uint64_t i = id < listed ? begin(id) : 0; id < listed && i < end(id); ++i) sums[ids_[i]] = 0.f;
  }
  return true;
}

float FeatureIndex::Scratch::likely_bound(std::size_t most) {
  constexpr std::size_t kEach = 16, kSurely = 16;
  sample_.clear();
  for (std::size_t i = 0; i < touched_sums_.size(); i += kEach)
    sample_.push_back(touched_sums_[i] > 0 ? touched_sums_[i] : 0.f);  // NaN has no place in an order
  // Twice as many as are wanted, and some more where that is a handful.
  const std::size_t place = 2 * most / kEach + kSurely;
  if (place >= sample_.size()) return -std::numeric_limits<float>::infinity();
  const auto at = sample_.begin() + static_cast<std::ptrdiff_t>(place);
  std::ranges::nth_element(sample_, at, std::greater());
  return *at;
}

/// Most rows share one common feature with the query: a comparison is enough for them.
void FeatureIndex::Scratch::keep_largest(std::size_t most) {
  const float bound = likely_bound(most);
  likely_.resize(touched_sums_.size());
  likely_sums_.resize(touched_sums_.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < touched_sums_.size(); ++i) {
    likely_[count] = touched_[i];
    likely_sums_[count] = touched_sums_[i];
    count += touched_sums_[i] >= bound ? 1 : 0;
  }
  if (count >= most) {
    keep_largest_of(std::span(likely_).first(count), std::span(likely_sums_).first(count), most);
  } else {
    keep_largest_of(touched_, touched_sums_, most);
  }
}

/// By a histogram of the sums: two plain passes over all of them, where a heap of hundreds would be sifted thousands of times.
void FeatureIndex::Scratch::keep_largest_of(std::span<const std::uint32_t> rows, std::span<const float> sums, std::size_t most) {
  static constexpr std::size_t kBins = 1024;
  static constexpr float kHighest = kBins - 1;
  const float largest = *std::ranges::max_element(sums);
  // Sums of next to nothing, whose scale would not be finite, are all alike; the bound holds where sums are not finite
  // themselves.
  const float scale = largest > kHighest * kListedZero ? kHighest / largest : 0.f;
  const auto bin = [scale](float sum) {
    return sum > 0 ? static_cast<std::size_t>(std::min(kHighest, sum * scale)) : std::size_t{0};
  };
  bins_.assign(kBins, 0);
  for (const float sum : sums) ++bins_[bin(sum)];
  std::size_t lowest = kBins, above = 0;  // all of the bins above `lowest`, and of that one the first that there is room for
  while (lowest > 0 && above + bins_[lowest - 1] <= most) above += bins_[--lowest];
  std::size_t room = most - above;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::size_t at = bin(sums[i]);
    if (at + 1 < lowest) continue;
    if (at < lowest && room == 0) continue;
    if (at < lowest) --room;
    found_.push_back(rows[i]);
    sums_found_.push_back(sums[i]);
  }
}

void FeatureIndex::Scratch::drop(const std::vector<bool>& rows) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    if (rows[found_[i]]) continue;
    found_[kept] = found_[i];
    sums_found_[kept++] = sums_found_[i];
  }
  found_.resize(kept);
  sums_found_.resize(kept);
}

}  // namespace glissade
