#include "engine/relations/sibling_groups.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <tuple>
#include <utility>

namespace glissade {
namespace {

/// Groups of rows (union-find), each with all labels of its rows.
class Groups {
 public:
  explicit Groups(const DatasetView& data) : data_(data), parents_(data.size()), labels_(data.size()) {
    std::iota(parents_.begin(), parents_.end(), 0u);
  }

  std::uint32_t root(std::uint32_t row) {
    while (parents_[row] != row) {
      parents_[row] = parents_[parents_[row]];
      row = parents_[row];
    }
    return row;
  }

  void join(std::uint32_t one, std::uint32_t other) {
    const std::uint32_t first = std::min(root(one), root(other)), second = std::max(root(one), root(other));
    if (first == second) return;
    std::vector<std::uint32_t>& of_first = labels_of(first);
    std::vector<std::uint32_t>& of_second = labels_of(second);
    std::vector<std::uint32_t> all;
    std::ranges::set_union(of_first, of_second, std::back_inserter(all));
    if (all.size() != of_first.size() + of_second.size()) return;
    of_first = std::move(all);
    of_second = {};
    parents_[second] = first;
  }

 private:
  /// Sorted.
  std::vector<std::uint32_t>& labels_of(std::uint32_t root) {
    std::vector<std::uint32_t>& labels = labels_[root];
    if (labels.empty()) {
      const auto ids = data_.labels.row_ids(root);
      labels.assign(ids.begin(), ids.end());
      std::ranges::sort(labels);
    }
    return labels;
  }

  const DatasetView& data_;
  std::vector<std::uint32_t> parents_;
  std::vector<std::vector<std::uint32_t>> labels_;  ///< by root; empty until asked for
};

}  // namespace

std::vector<std::uint64_t> join_siblings(const DatasetView& data, std::vector<SimilarRows> similar,
                                         const std::array<bool, kGrades>& complementary) {
  std::erase_if(similar, [&](const SimilarRows& rows) { return rows.share_labels || !complementary[grade_of(rows.likeness)]; });
  std::ranges::sort(similar, {}, [](const SimilarRows& rows) { return std::tuple(-rows.likeness, rows.first, rows.second); });
  Groups groups(data);
  for (const SimilarRows& rows : similar) groups.join(rows.first, rows.second);
  std::vector<std::uint64_t> numbers(data.size());
  for (std::uint32_t row = 0; row < numbers.size(); ++row) numbers[row] = groups.root(row);
  return numbers;
}

}  // namespace glissade
