#pragma once

#include <cstdint>
#include <vector>

#include <glissade/config.h>
#include <glissade/phases.h>
#include <glissade/views.h>

#include "engine/batches/batch.h"
#include "engine/layers/activation.h"
#include "engine/layers/dense_layer.h"
#include "engine/layers/embedding_bag.h"
#include "engine/layers/input_shards.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// The parameters of a model and its forward pass up to the last hidden layer; what happens in the output layer is the business
/// of training (output/output_path.h) and inference.
class Network {
 public:
  /// Allocates zeroed parameters, of features and labels the rows of one owner. `compact`: where such rows have some of their
  /// connections only, they are kept compactly if they can be; without it they have zeros for the others, as files before
  /// version 7 have them. Throws std::bad_alloc.
  Network(const Config& config, const Shape& shape, bool trainable, const RowOwners& owners = {}, bool compact = true);
  bool is_compact() const noexcept { return input.rows.is_compact() || output.is_compact(); }

  /// Draws the starting weights, a function of the seed, whoever has which rows.
  void randomize(std::uint64_t seed, const RowOwners& owners = {});

  struct Dropout {
    double rate = 0;
    std::uint64_t seed = 0;
  };

  /// Fills hidden[i] with the output of hidden layer i for every row of `x` (explicit values). The first layer's sums are those
  /// of the embedding bag, and, where the model takes vectors, W times the vector. False if oneDNN failed.
  /// Thread-safe, with a `hidden` of the caller's own. Times are added to `phases` if there is one. `shards`: the features' rows
  /// are those of several ranks; null: they are this process's.
  bool forward(const BatchInputs& x, const Dropout& dropout, std::vector<Activations>& hidden, PhaseSeconds* phases = nullptr,
               InputShards* shards = nullptr) const;

  std::uint64_t parameters() const noexcept;
  std::uint64_t memory_bytes() const noexcept;

  /// Units of a hidden layer that a sample activates, 0 = all.
  std::size_t active_units(std::size_t layer) const noexcept { return layer == dense.size() ? active_in_last_ : 0; }

  Activation activation = Activation::relu;
  EmbeddingBag input;
  DenseLayer vectors;  ///< [first width x vector width], without biases; no rows where the model takes no vectors
  std::vector<DenseLayer> dense;
  ParameterRows output;  ///< [labels x last width]

 private:
  std::size_t active_in_last_ = 0;
};

}  // namespace glissade
