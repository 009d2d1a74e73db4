#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "hashing/seeds.h"
#include "tests/engine/models.h"

namespace glissade::test {

/// Rows with vectors that own their memory.
struct VectorData {
  Data data;
  std::uint32_t width;
  std::vector<float> numbers;

  DenseRows vectors() const { return {numbers.data(), width, width, data.size()}; }
  DatasetView view() const {
    DatasetView view = data.view();
    view.vectors = vectors();
    return view;
  }
  Shape shape() const { return {data.features, data.labels, width}; }
};

/// Numbers that bf16 has, so that nothing is rounded.
inline float short_number(hashing::Random& random) { return static_cast<float>(random.below(255)) / 128.f - 1.f; }

inline VectorData with_vectors(Data data, std::uint32_t width, std::uint64_t seed) {
  VectorData out{std::move(data), width, {}};
  hashing::Random random(hashing::mix(seed));
  for (std::size_t i = 0; i < out.data.size() * width; ++i) out.numbers.push_back(short_number(random));
  return out;
}

/// Each row has one label, and a vector that lies near a place of that label. Without features.
inline VectorData told_by_vectors(std::size_t rows, std::uint32_t labels, std::uint32_t width, std::uint64_t seed = 3) {
  VectorData out{{1, labels, {}, {}}, width, {}};
  hashing::Random random(hashing::mix(seed));
  std::vector<float> places(std::size_t{labels} * width);
  for (float& number : places) number = short_number(random);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto label = static_cast<std::uint32_t>(random.below(labels));
    out.data.x.add({});
    out.data.y.add({&label, 1});
    for (std::uint32_t j = 0; j < width; ++j)
      out.numbers.push_back(5.f + places[label * width + j] + 0.3f * static_cast<float>(2 * random.unit() - 1));
  }
  return out;
}

inline Model made(const Config& config, const VectorData& data) { return must(Model::create(config, data.shape())); }

inline double trained(Model& model, const VectorData& data, std::uint32_t epochs) {
  Trainer trainer = must(Trainer::create(model, data.data.size()));
  double loss = 0;
  for (std::uint32_t i = 0; i < epochs; ++i) loss = must(trainer.train_epoch(data.view())).loss;
  return loss;
}

}  // namespace glissade::test
