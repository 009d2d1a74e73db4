#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "tests/engine/data.h"

namespace glissade::test {

/// Baskets of items in folds: each row asks for one fold and shows the others. Items that go together are likely in one basket.
/// Labels have other ids than the features that are the same items.
struct Baskets {
  Data data;
  std::vector<std::uint64_t> basket;    ///< of each row
  std::vector<std::uint32_t> label_of;  ///< by item

  Baskets(std::size_t baskets, std::size_t folds, std::size_t fold, std::uint32_t items, std::uint64_t seed)
      : data{items, items, {}, {}}, label_of(items) {
    hashing::Random random(hashing::mix(seed ^ 0x6261736b6574ull));
    std::iota(label_of.begin(), label_of.end(), 0u);
    for (std::uint32_t i = items; i > 1; --i) std::swap(label_of[i - 1], label_of[random.below(i)]);
    for (std::size_t b = 0; b < baskets; ++b) {
      auto all = distinct(random, folds * fold, items);
      for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
      for (std::size_t f = 0; f < folds; ++f) {
        std::vector<std::uint32_t> labels;
        for (const std::uint32_t item : std::span(all).first(fold)) labels.push_back(label_of[item]);
        std::ranges::sort(labels);
        data.y.add(labels);
        data.x.add(std::span(all).subspan(fold), std::vector<float>(all.size() - fold, 1.f));
        basket.push_back(b);
        std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(fold), all.end());
      }
    }
  }

  /// Gives label_of(item) other ids.
  template <class Rename>
  void rename_labels(const Rename& rename) {
    std::vector<std::uint32_t> item_of(label_of.size());
    for (std::uint32_t item = 0; item < item_of.size(); ++item) item_of[label_of[item]] = item;
    for (std::uint32_t& label : data.y.ids) label = rename(item_of[label]);
    for (std::uint32_t item = 0; item < item_of.size(); ++item) label_of[item] = rename(item);
  }
};

}  // namespace glissade::test
