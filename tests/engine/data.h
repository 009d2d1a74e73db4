#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "hashing/seeds.h"

namespace glissade::test {

/// Sparse rows that own their memory.
struct Rows {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids;
  std::vector<float> values;

  void add(std::span<const std::uint32_t> row_ids, std::span<const float> row_values = {}) {
    ids.insert(ids.end(), row_ids.begin(), row_ids.end());
    values.insert(values.end(), row_values.begin(), row_values.end());
    offsets.push_back(ids.size());
  }
  SparseRows view() const { return {offsets, ids, values}; }
};

/// A data set that owns its memory.
struct Data {
  std::uint32_t features = 0;
  std::uint32_t labels = 0;
  Rows x;
  Rows y;

  DatasetView view() const { return {features, labels, x.view(), y.view()}; }
  std::size_t size() const { return x.offsets.size() - 1; }
};

/// 0, 1 .. to the last row.
inline std::vector<std::uint32_t> all_rows(const Data& data) {
  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

/// `count` different ids below `bound`, ascending.
inline std::vector<std::uint32_t> distinct(hashing::Random& random, std::size_t count, std::uint32_t bound) {
  std::set<std::uint32_t> chosen;
  while (chosen.size() < std::min<std::size_t>(count, bound)) chosen.insert(static_cast<std::uint32_t>(random.below(bound)));
  return {chosen.begin(), chosen.end()};
}

/// Nothing to learn, everything legal: 0 to 6 features with values of both signs, 0 to 3 labels.
inline Data random_data(std::size_t samples, std::uint32_t features, std::uint32_t labels, std::uint64_t seed) {
  Data data{features, labels, {}, {}};
  hashing::Random random(hashing::mix(seed));
  for (std::size_t i = 0; i < samples; ++i) {
    const auto ids = distinct(random, random.below(7), features);
    std::vector<float> values(ids.size());
    for (float& value : values) value = static_cast<float>(2.0 * random.unit() - 1.0);
    data.x.add(ids, values);
    data.y.add(distinct(random, random.below(4), labels));
  }
  return data;
}

/// Learnable: a label owns five features; a sample shows most of those of its one or two labels and some noise, with length 1.
/// Low labels are more frequent. `world` decides the structure, `seed` the samples.
inline Data planted_data(std::size_t samples, std::uint32_t features, std::uint32_t labels, std::uint64_t seed,
                         std::uint64_t world = 7) {
  Data data{features, labels, {}, {}};
  hashing::Random random(hashing::mix(seed ^ 0x706c616e74ull));
  for (std::size_t i = 0; i < samples; ++i) {
    std::set<std::uint32_t> label_set;
    const std::size_t count = 1 + random.below(2);
    for (std::size_t j = 0; j < count; ++j) {
      const double u = random.unit();
      label_set.insert(static_cast<std::uint32_t>(u * u * labels));
    }
    std::set<std::uint32_t> feature_set;
    for (const std::uint32_t label : label_set) {
      for (std::uint64_t slot = 0; slot < 5; ++slot) {
        if (random.unit() < 0.8) feature_set.insert(static_cast<std::uint32_t>(hashing::derive(world, label, slot) % features));
      }
    }
    for (int j = 0; j < 2; ++j) feature_set.insert(static_cast<std::uint32_t>(random.below(features)));
    const std::vector<std::uint32_t> ids(feature_set.begin(), feature_set.end());
    const std::vector<float> values(ids.size(), 1.f / std::sqrt(static_cast<float>(ids.size())));
    data.x.add(ids, values);
    data.y.add(std::vector<std::uint32_t>(label_set.begin(), label_set.end()));
  }
  return data;
}

}  // namespace glissade::test
