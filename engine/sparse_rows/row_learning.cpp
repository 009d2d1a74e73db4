#include "engine/sparse_rows/row_learning.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/candidates/sparse_matrix.h"
#include "engine/sparse_rows/label_rows.h"
#include "simd/kernels.h"

namespace glissade {

float length_of_sum(std::uint32_t count, float product) noexcept {
  constexpr double kLeast = 0.01;  // products of samples of one label
  if (count <= 1) return static_cast<float>(count);
  const double n = count, c = std::max(0.f, product);
  // With r for the product of two samples the length is sqrt(n + n (n - 1) r), and the product with the direction n r / length.
  const double r = (c * c * (n - 1) + std::sqrt(c * c * c * c * (n - 1) * (n - 1) + 4 * n * c * c)) / (2 * n);
  return static_cast<float>(std::sqrt(n + n * (n - 1) * std::clamp(r, kLeast, 1.0)));
}

SparseRowView RowLearning::row_of(std::uint32_t label) const noexcept {
  if (const SparseRow* const row = path_.changed.find(label)) return row->view();
  const std::uint64_t begin = path_.rows.offsets[label], size = path_.rows.offsets[label + 1] - begin;
  return {{path_.rows.ids.data() + begin, size}, {path_.rows.values.data() + begin, size}};
}

void RowLearning::add(std::uint32_t label, std::uint32_t count, std::span<const std::uint32_t> ids, std::span<const float> values,
                      std::uint32_t generation) {
  if (ids.empty()) return;
  if (lengths_.size() <= label) lengths_.resize(path_.rows.rows(), 0.f);
  const SparseRowView row = row_of(label);
  const auto commonness = [](std::uint32_t samples) {
    return static_cast<float>(std::pow(static_cast<double>(samples) + 1, LabelRows::kCommonness));
  };
  // One walk through both: the product, and all entries of the new row.
  entries_.clear();
  float direct = 0;
  std::size_t i = 0, j = 0;
  while (i < row.ids.size() || j < ids.size()) {
    if (j == ids.size() || (i < row.ids.size() && row.ids[i] < ids[j])) {
      entries_.push_back({row.ids[i], widened(row.values[i]), false});
      ++i;
    } else if (i == row.ids.size() || ids[j] < row.ids[i]) {
      entries_.push_back({ids[j], 0.f, true});
      ++j;
    } else {
      entries_.push_back({row.ids[i], widened(row.values[i]), false});
      direct += entries_.back().value * values[j];
      ++i;
      ++j;
    }
  }
  float& length = lengths_[label];
  const float towards = count == 0 || row.ids.empty() ? 0.f : direct / commonness(count);
  if (length == 0) length = length_of_sum(row.ids.empty() ? 0 : std::max(1u, count), towards);
  const float longer = std::sqrt(std::max(1e-6f, length * length + 2 * towards * length + 1));
  const float keep = length / longer * commonness(count + 1) / commonness(count), take = commonness(count + 1) / longer;
  j = 0;
  for (Entry& entry : entries_) {
    entry.value *= keep;
    if (j < ids.size() && ids[j] == entry.id) entry.value += take * values[j++];
  }
  length = longer;
  if (entries_.size() > fan_in_) {
    const auto larger = [](const Entry& a, const Entry& b) {
      return std::abs(a.value) != std::abs(b.value) ? std::abs(a.value) > std::abs(b.value) : a.id < b.id;
    };
    std::nth_element(entries_.begin(), entries_.begin() + fan_in_, entries_.end(), larger);
    entries_.resize(fan_in_);
    std::ranges::sort(entries_, {}, &Entry::id);
  }
  auto changed = std::make_shared<SparseRow>();
  changed->ids.reserve(entries_.size());
  changed->values.resize(entries_.size());
  for (std::size_t e = 0; e < entries_.size(); ++e) {
    changed->ids.push_back(entries_[e].id);
    simd::kernels().narrow_nearest(&entries_[e].value, changed->values.data() + e, 1);
  }
  for (const Entry& entry : entries_) {
    if (entry.is_new) postings_->add(entry.id, {label, generation, entry.value});
  }
  path_.changed.put(label, std::move(changed));
}

void RowLearning::post_again(FreshPostings& postings, std::uint32_t generation) {
  postings_ = &postings;
  for (std::uint32_t label = 0; label < path_.changed.rows(); ++label) {
    const SparseRow* const row = path_.changed.find(label);
    if (row == nullptr) continue;
    const auto indexed = std::span(path_.rows.ids.data(), path_.rows.ids.size())
                             .subspan(path_.rows.offsets[label], path_.rows.offsets[label + 1] - path_.rows.offsets[label]);
    for (std::size_t j = 0; j < row->ids.size(); ++j) {
      if (!std::ranges::binary_search(indexed, row->ids[j]))
        postings.add(row->ids[j], {label, generation, widened(row->values[j])});
    }
  }
}

}  // namespace glissade
