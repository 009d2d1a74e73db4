#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <unordered_map>

#include <glissade/model.h>

#include "engine/model/impl.h"
#include "engine/model/sections.h"

namespace glissade {
namespace {

constexpr std::uint32_t kNone = 0xffffffffu;

/// For each of the new rows the one of the former model that it starts from, or kNone.
Result<std::vector<std::uint32_t>> matches(const std::vector<std::string>& former, std::uint32_t former_count,
                                           const std::vector<std::string>& names, std::uint32_t count, const char* what) {
  std::vector<std::uint32_t> rows(count, kNone);
  if (former.empty() || names.empty()) {
    if (former_count != count) {
      return usage_error(
          fmt::format("the former model has {} {}s, the new one {}, and names to match them by are missing; give "
                      "{} names to both, or data of the same size",
                      former_count, what, count, what));
    }
    for (std::uint32_t row = 0; row < count; ++row) rows[row] = row;
    return rows;
  }
  if (names.size() != count)
    return usage_error(fmt::format("{} {} names for {} {}s; give one name per {}", names.size(), what, count, what, what));
  std::unordered_map<std::string_view, std::uint32_t> by_name;
  for (std::uint32_t row = 0; row < former.size(); ++row) by_name.try_emplace(former[row], row);
  for (std::uint32_t row = 0; row < count; ++row) {
    if (const auto at = by_name.find(names[row]); at != by_name.end()) rows[row] = at->second;
  }
  return rows;
}

std::uint64_t count_taken(const std::vector<std::uint32_t>& rows) {
  std::uint64_t taken = 0;
  for (const std::uint32_t row : rows) taken += row != kNone ? 1 : 0;
  return taken;
}

/// Rows as the forward pass of `from` sees them: a model that was loaded for inference has no more.
/// `owners`: whose the rows of `to` are. Where these have some connections only, they are those of the largest weights.
void take_rows(const ParameterRows& from, const std::vector<std::uint32_t>& rows, ParameterRows& to,
               const RowOwners& owners = {}) {
  std::vector<float> values(from.width());
  for (std::uint32_t place = 0; place < to.rows(); ++place) {
    const std::uint32_t row = rows[owners.row_at(place)];
    if (row == kNone) continue;
    if (from.options().trainable) {
      from.read(row, values.data());
    } else {
      from.read_forward(row, values.data());
    }
    if (to.fan_in() != 0 && to.block() == 1 && !to.is_whole(place)) to.connect_largest(place, values.data());
    to.write(place, values.data());
    if (!to.bias.empty()) to.bias[place] = from.bias[row];
  }
}

/// Features that both models know keep their factors: their rows expect such values. Those of the others, 0 here, are learned.
void take_factors(const FeatureTransform& from, const std::vector<std::uint32_t>& features, FeatureTransform& to) {
  if (from.factors().empty() || from.weighting() != to.weighting()) return;
  to.mean_length() = from.mean_length().shared();
  to.factors() = Array<float>(features.size());
  for (std::size_t f = 0; f < features.size(); ++f) {
    if (features[f] != kNone) to.factors()[f] = from.factors().data()[features[f]];
  }
}

std::vector<std::uint32_t> all_rows(const ParameterRows& rows) {
  std::vector<std::uint32_t> all(rows.rows());
  for (std::uint32_t row = 0; row < all.size(); ++row) all[row] = row;
  return all;
}

Result<void> check_layers(const Config& former, const Config& config) {
  if (former.network.hidden != config.network.hidden)
    return usage_error("option 'hidden': the former model has hidden layers of other widths; give the same ones");
  if (former.network.activation != config.network.activation)
    return usage_error("option 'activation': the former model has another one; give the same");
  return {};
}

}  // namespace

Result<Model> Model::create_from(const Model& from, const Config& config, const Shape& shape,
                                 std::vector<std::string> feature_names, std::vector<std::string> label_names, Taken* taken,
                                 std::vector<std::uint32_t> feature_labels, Communicator* ranks) {
  const Impl& former = *from.impl_;
  if (auto same = check_layers(former.config, config); !same) return same.error();
  const auto features = matches(former.feature_names, former.shape.features, feature_names, shape.features, "feature");
  if (!features) return features.error();
  const auto labels = matches(former.label_names, former.shape.labels, label_names, shape.labels, "label");
  if (!labels) return labels.error();
  Communicator alone;
  auto model = create_shard(ranks != nullptr ? *ranks : alone, config, shape, std::move(feature_labels));
  if (!model) return model;
  if (feature_names.empty() && former.shape.features == shape.features) feature_names = former.feature_names;
  if (label_names.empty() && former.shape.labels == shape.labels) label_names = former.label_names;
  if (auto named = model->set_feature_names(std::move(feature_names)); !named) return named.error();
  if (auto named = model->set_label_names(std::move(label_names)); !named) return named.error();
  Impl& impl = *model->impl_;
  take_factors(former.transform, *features, impl.transform);
  take_rows(former.network.input.rows, *features, impl.network.input.rows, impl.owners());
  take_rows(former.network.input.bias, all_rows(former.network.input.bias), impl.network.input.bias);
  for (std::size_t i = 0; i < impl.network.dense.size(); ++i) {
    const ParameterRows& rows = former.network.dense[i].rows;
    take_rows(rows, all_rows(rows), impl.network.dense[i].rows);
  }
  if (shape.vector_width != 0 && shape.vector_width == former.shape.vector_width) {
    take_rows(former.network.vectors.rows, all_rows(former.network.vectors.rows), impl.network.vectors.rows);
    impl.transform.vectors().take(former.transform.vectors());
  }
  take_rows(former.network.output, *labels, impl.network.output, impl.owners());
  impl.taken_labels.resize(shape.labels);
  for (std::size_t row = 0; row < shape.labels; ++row) impl.taken_labels[row] = (*labels)[row] != kNone;
  if (taken != nullptr) *taken = {count_taken(*labels), count_taken(*features)};
  return model;
}

}  // namespace glissade
