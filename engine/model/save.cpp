#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <glissade/options.h>

#include "engine/model/sections.h"
#include "engine/model/table_state.h"
#include "engine/parameters/finite.h"

namespace glissade {
namespace {

std::string join_names(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined += name + '\n';
  return joined;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// What going on from between two steps needs besides weights and optimiser.
void add_pass(const Model::Impl& impl, StateSections& out) {
  using model_file::SectionKind;
  if (!impl.run_notes.empty()) out.list.push_back({SectionKind::run_notes, 0, bytes_of(impl.run_notes)});
  if (!impl.average.empty()) {
    out.keep(SectionKind::average_count, 0, std::vector{impl.average.count});
    std::size_t i = 0;
    for_each_layer(impl.network, [&](std::uint32_t index, const ParameterRows&) {
      out.list.push_back({SectionKind::average, index, impl.average.means[i++].as_bytes()});
    });
  }
  if (!impl.pass.open) return;
  out.keep(SectionKind::pass, 0, std::vector{PassState{impl.pass.done, impl.pass.data_rows, impl.pass.sums}});
  if (impl.config.training.batches == BatchKind::similar)
    out.add(SectionKind::pass_order, 0, std::span<const std::uint32_t>(impl.pass.order));
  if (impl.made_index() != nullptr) TableState::save(*impl.made_index(), out);
  if (impl.made_clusters() != nullptr) TableState::save(*impl.made_clusters(), out);
}

/// A model with a NaN would answer nonsense, with status 0. On this thread alone: a forked process
/// may save.
Result<void> check_finite(const Model::Impl& impl, const std::string& path) {
  std::optional<std::size_t> bad;
  for_each_layer(impl.network, [&](std::uint32_t, const ParameterRows& rows) {
    if (!bad) bad = first_bad_row(rows, 0, rows.rows());
  });
  if (!bad) return {};
  return runtime_error("'" + path + "' is not written: weights of the model are no longer finite numbers (first in row " +
                       std::to_string(*bad) + "); use a lower learning rate, or smaller feature values");
}

}  // namespace

Result<void> Model::save(const std::string& path, bool with_training_state) const {
  using model_file::SectionKind;
  const Impl& impl = *impl_;
  if (with_training_state && !impl.trainable) {
    return usage_error("'" + path +
                       "': this model was loaded without its training state; save it without, or load it for training");
  }
  if (auto sound = check_finite(impl, path); !sound) return sound;
  const std::string config = to_text(impl.config);
  const std::string label_names = join_names(impl.label_names);
  const std::string feature_names = join_names(impl.feature_names);
  const ModelState state{impl.shape.features,   impl.shape.labels, impl.step,
                         impl.training_samples, impl.epochs_done,  static_cast<std::uint32_t>(with_training_state)};
  StateSections all;
  std::vector<model_file::Section>& sections = all.list;
  sections = {
      {SectionKind::config, 0, bytes_of(config)},
      {SectionKind::state, 0, std::as_bytes(std::span(&state, 1))},
      {SectionKind::label_counts, 0, std::as_bytes(std::span(impl.label_counts))},
  };
  if (!impl.data_notes.empty()) sections.push_back({SectionKind::data_notes, 0, bytes_of(impl.data_notes)});
  if (impl.data_fingerprint != 0)
    sections.push_back({SectionKind::data_fingerprint, 0, std::as_bytes(std::span(&impl.data_fingerprint, 1))});
  if (const auto& factors = impl.transform.factors(); !factors.empty())
    sections.push_back({SectionKind::feature_factors, 0, factors.as_bytes()});
  if (const auto& length = impl.transform.mean_length(); !length.empty())
    sections.push_back({SectionKind::mean_length, 0, length.as_bytes()});
  if (const auto& scale = impl.transform.vectors().numbers(); !scale.empty())
    sections.push_back({SectionKind::vector_scale, 0, scale.as_bytes()});
  if (impl.sibling_fingerprint)
    sections.push_back({SectionKind::sibling_fingerprint, 0, std::as_bytes(std::span(&*impl.sibling_fingerprint, 1))});
  if (!impl.feature_labels.empty())
    sections.push_back({SectionKind::feature_labels, 0, std::as_bytes(std::span(impl.feature_labels))});
  if (!label_names.empty()) sections.push_back({SectionKind::label_names, 0, bytes_of(label_names)});
  if (!feature_names.empty()) sections.push_back({SectionKind::feature_names, 0, bytes_of(feature_names)});
  for_each_layer(impl.network, [&](std::uint32_t index, const ParameterRows& rows) {
    for_each_array(rows, [&](SectionKind kind, const auto& array, bool training_only) {
      if (!array.empty() && (with_training_state || !training_only)) sections.push_back({kind, index, array.as_bytes()});
    });
  });
  for (const StoredArray& stored : impl_->paths.arrays()) {
    if (stored.training_only && !with_training_state) continue;
    const auto bytes = std::visit([](const auto* array) { return array->as_bytes(); }, stored.array);
    if (!bytes.empty()) sections.push_back({stored.kind, stored.index, bytes});
  }
  if (!impl.codes.empty()) {
    sections.push_back({SectionKind::search_numbers, 0, impl_->codes.numbers_array().as_bytes()});
    sections.push_back({SectionKind::search_books, 0, impl_->codes.books_array().as_bytes()});
    sections.push_back({SectionKind::search_codes, 0, impl_->codes.codes_array().as_bytes()});
    if (!impl_->codes.lists_array().empty())
      sections.push_back({SectionKind::search_lists, 0, impl_->codes.lists_array().as_bytes()});
  }
  if (with_training_state) add_pass(impl, all);
  return model_file::write(path, sections);
}

}  // namespace glissade
