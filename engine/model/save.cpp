#include <string>
#include <vector>

#include <glissade/options.h>

#include "engine/model/sections.h"

namespace glissade {
namespace {

std::string join_names(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined += name + '\n';
  return joined;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace

Result<void> Model::save(const std::string& path, bool with_training_state) const {
  using model_file::SectionKind;
  const Impl& impl = *impl_;
  if (with_training_state && !impl.trainable) {
    return usage_error("'" + path +
                       "': this model was loaded without its training state; save it without, or load it for training");
  }
  const std::string config = to_text(impl.config);
  const std::string label_names = join_names(impl.label_names);
  const std::string feature_names = join_names(impl.feature_names);
  const ModelState state{impl.shape.features,   impl.shape.labels, impl.step,
                         impl.training_samples, impl.epochs_done,  static_cast<std::uint32_t>(with_training_state)};
  std::vector<model_file::Section> sections = {
      {SectionKind::config, 0, bytes_of(config)},
      {SectionKind::state, 0, std::as_bytes(std::span(&state, 1))},
      {SectionKind::label_counts, 0, std::as_bytes(std::span(impl.label_counts))},
  };
  if (!label_names.empty()) sections.push_back({SectionKind::label_names, 0, bytes_of(label_names)});
  if (!feature_names.empty()) sections.push_back({SectionKind::feature_names, 0, bytes_of(feature_names)});
  for_each_layer(impl.network, [&](std::uint32_t index, const ParameterRows& rows) {
    for_each_array(rows, [&](SectionKind kind, const auto& array, bool training_only) {
      if (!array.empty() && (with_training_state || !training_only)) sections.push_back({kind, index, array.as_bytes()});
    });
  });
  for_each_sparse_array(impl.paths, [&](SectionKind kind, std::uint32_t index, const auto& array) {
    if (!array.empty()) sections.push_back({kind, index, array.as_bytes()});
  });
  return model_file::write(path, sections);
}

}  // namespace glissade
