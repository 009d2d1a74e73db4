#include "engine/training/soundness.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "engine/model/sections.h"
#include "engine/parameters/finite.h"

namespace glissade {
namespace {

/// Values from here on make squares and sums that floats cannot hold; below it the learning rate is the likelier reason.
constexpr float kLargeValue = 1e6f;

struct Largest {
  std::uint32_t row = 0, feature = 0;
  float value = 0;
};

Largest largest_value(const DatasetView& data, std::span<const std::uint32_t> rows) {
  Largest largest;
  for (const std::uint32_t row : rows) {
    const auto ids = data.features.row_ids(row);
    const auto values = data.features.row_values(row);
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (std::abs(values[j]) > std::abs(largest.value)) largest = {row, ids[j], values[j]};
    }
  }
  return largest;
}

}  // namespace

Error not_finite(const Model::Impl& model, const DatasetView& data, std::span<const std::uint32_t> rows) {
  const Largest largest = largest_value(data, rows);
  std::string message = fmt::format("the loss is no longer a finite number at step {}", model.step);
  if (std::abs(largest.value) >= kLargeValue) {
    message += fmt::format("; row {} has the value {} of feature {}: scale such values down, or leave them out", largest.row,
                           largest.value, largest.feature);
  } else {
    message += fmt::format("; use a lower learning rate than {}", model.config.optimizer.learning_rate);
  }
  return runtime_error(std::move(message));
}

std::optional<Error> defect_of_weights(const Model::Impl& model) {
  const std::uint32_t last = static_cast<std::uint32_t>(2 + model.network.dense.size());
  std::optional<Error> error;
  for_each_layer(model.network, [&](std::uint32_t index, const ParameterRows& rows) {
    if (error) return;
    const auto bad = first_bad_row(rows);
    if (!bad) return;
    const std::string what = index == 0      ? fmt::format("feature {}", *bad)
                             : index == last ? fmt::format("label {}", *bad)
                                             : fmt::format("hidden layer {}", index == 1 ? 1 : index);
    error = runtime_error(fmt::format(
        "a weight of {} is no longer a finite number after step {}; use a lower learning rate than {}, or smaller values", what,
        model.step, model.config.optimizer.learning_rate));
  });
  return error;
}

}  // namespace glissade
