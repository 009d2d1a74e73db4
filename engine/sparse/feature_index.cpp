#include "engine/sparse/feature_index.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>

#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kBlocks = 16;  ///< of rows that are counted and placed apart; fixed, so that lists are in order of rows

float widened(std::uint16_t half) noexcept { return __builtin_bit_cast(float, static_cast<std::uint32_t>(half) << 16); }

}  // namespace

FeatureIndex::FeatureIndex(const SparseMatrix& rows, std::size_t features)
    : row_count_(rows.rows()), begins_(features + 1), ids_(rows.entries()), values_(rows.entries()) {
  const auto first_row = [&](std::size_t block) { return block * row_count_ / kBlocks; };
  std::vector<std::vector<std::uint32_t>> counts(kBlocks, std::vector<std::uint32_t>(features));
  tbb::parallel_for(std::size_t{0}, kBlocks, [&](std::size_t block) {
    for (std::uint64_t j = rows.offsets[first_row(block)]; j < rows.offsets[first_row(block + 1)]; ++j) ++counts[block][rows.ids[j]];
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

void FeatureIndex::find(std::span<const std::uint32_t> ids, std::span<const float> values, std::size_t budget, std::size_t most,
                        Scratch& scratch) const {
  scratch.found_.clear();
  if (row_count_ == 0) return;
  scratch.sums_.resize(row_count_, 0.f);
  scratch.lists_.clear();
  for (std::size_t j = 0; j < ids.size(); ++j) {
    const std::uint64_t length = begins_[ids[j] + 1] - begins_[ids[j]];
    if (length != 0 && values[j] != 0.f) scratch.lists_.push_back({length, static_cast<std::uint32_t>(j)});
  }
  std::ranges::sort(scratch.lists_, [&](const auto& a, const auto& b) {
    return a.length != b.length ? a.length < b.length : ids[a.entry] < ids[b.entry];
  });
  scratch.touched_.clear();
  std::uint64_t spent = 0;
  for (const auto& list : scratch.lists_) {
    spent += list.length;
    if (spent > budget && spent != list.length) break;
    const float value = values[list.entry];
    const std::uint64_t begin = begins_[ids[list.entry]];
    for (std::uint64_t i = begin; i < begin + list.length; ++i) {
      float& sum = scratch.sums_[ids_[i]];
      if (sum == 0.f) scratch.touched_.push_back(ids_[i]);
      sum += value * widened(values_[i]);
    }
  }
  const std::size_t count = scratch.touched_.size();
  scratch.touched_sums_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    scratch.touched_sums_[i] = scratch.sums_[scratch.touched_[i]];
    scratch.sums_[scratch.touched_[i]] = 0.f;
  }
  if (count <= most) {
    scratch.found_ = scratch.touched_;
    return;
  }
  scratch.best_.resize(most);
  scratch.best_sums_.resize(most);
  const std::size_t found =
      simd::kernels().topk_f32(scratch.touched_sums_.data(), count, most, scratch.best_.data(), scratch.best_sums_.data());
  scratch.found_.resize(found);
  for (std::size_t i = 0; i < found; ++i) scratch.found_[i] = scratch.touched_[scratch.best_[i]];
}

void FeatureIndex::Scratch::drop(std::uint32_t row) { std::erase(found_, row); }

}  // namespace glissade
