#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <glissade/model.h>

#include "engine/network/network.h"
#include "engine/samplers/label_index.h"

namespace glissade {

/// What a Model holds. The Trainer changes it through Model::impl().
class Model::Impl {
 public:
  Impl(const Config& c, const Shape& s, bool is_trainable)
      : config(c), shape(s), trainable(is_trainable), network(c, s, is_trainable) {}

  /// The tables over the output rows, built on first use. Thread-safe.
  const LabelIndex& label_index();
  /// The same, perhaps not built yet, for the Trainer, which keeps them in step with the rows from here on.
  LabelIndex& training_index();
  /// To be called after rows changed without the tables being told.
  void drop_index() noexcept { index_.reset(); }
  std::uint64_t index_bytes() const noexcept { return index_ ? index_->memory_bytes() : 0; }

  Config config;
  Shape shape;
  bool trainable;
  Network network;
  std::uint64_t step = 0;
  std::uint32_t epochs_done = 0;
  std::uint64_t training_samples = 0;
  std::vector<std::uint32_t> label_counts;
  std::vector<std::string> label_names;
  std::vector<std::string> feature_names;

 private:
  std::mutex index_mutex_;
  std::unique_ptr<LabelIndex> index_;
};

}  // namespace glissade
