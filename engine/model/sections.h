#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <glissade/result.h>

#include "engine/model/impl.h"
#include "engine/model_file/container.h"

namespace glissade {

/// The fixed-size state section of a model file.
struct ModelState {
  std::uint32_t features = 0;
  std::uint32_t labels = 0;
  std::uint64_t step = 0;
  std::uint64_t training_samples = 0;
  std::uint32_t epochs_done = 0;
  std::uint32_t has_training_state = 0;
};
static_assert(sizeof(ModelState) == 32);

/// The section of a pass that is under way.
struct PassState {
  std::uint64_t done = 0;
  std::uint64_t data_rows = 0;
  PassSums sums;
};
static_assert(sizeof(PassState) == 96);

/// Whether a model that only answers needs a section.
bool is_for_answers(model_file::SectionKind kind) noexcept;

/// Whether it is of the tables of a pass under way (table_state.h).
constexpr bool is_of_tables(model_file::SectionKind kind) noexcept {
  return kind >= model_file::SectionKind::table_numbers && kind <= model_file::SectionKind::cluster_lengths;
}

/// What keeps `feature_labels` from being a table of the labels that features are; empty if nothing does.
std::string_view defect_of(std::span<const std::uint32_t> feature_labels, const Shape& shape);

/// Calls visit(kind, array, training_only) for each array of one layer; the one list that saving and loading share.
template <class Rows, class Visit>
void for_each_array(Rows& rows, const Visit& visit) {
  using model_file::SectionKind;
  visit(SectionKind::weights, rows.weights, false);
  visit(SectionKind::weights_high, rows.high, false);
  visit(SectionKind::weights_low, rows.low, true);
  visit(SectionKind::bias, rows.bias, false);
  visit(SectionKind::first_moment, rows.first_moment, true);
  visit(SectionKind::second_moment, rows.second_moment, true);
  visit(SectionKind::row_steps, rows.row_steps, true);
  visit(SectionKind::bias_first_moment, rows.bias_first_moment, true);
  visit(SectionKind::bias_second_moment, rows.bias_second_moment, true);
  visit(SectionKind::first_moment_bf16, rows.first_moment_bf16, true);
  visit(SectionKind::second_moment_bf16, rows.second_moment_bf16, true);
  visit(SectionKind::row_second_moment, rows.row_second_moment, true);
  if (rows.is_compact()) {
    visit(SectionKind::compact_connections, rows.connections, false);
  } else {
    visit(SectionKind::connections, rows.connections, rows.block() == 1);
  }
  visit(SectionKind::row_places, rows.places, false);
  visit(SectionKind::connection_steps, rows.connection_steps, true);
  visit(SectionKind::gradient_means, rows.gradient_means, true);
}

/// The sections of codes that there are.
template <class Sections>
void add_codes_to(Sections& sections, CodedRows& codes) {
  using model_file::SectionKind;
  sections.push_back({SectionKind::search_numbers, 0, codes.numbers_array().as_bytes()});
  sections.push_back({SectionKind::search_books, 0, codes.books_array().as_bytes()});
  sections.push_back({SectionKind::search_codes, 0, codes.codes_array().as_bytes()});
  if (!codes.lists_array().empty()) sections.push_back({SectionKind::search_lists, 0, codes.lists_array().as_bytes()});
}

/// The section of the weights of vectors, away from the numbers of layers.
inline constexpr std::uint32_t kVectorLayer = 1u << 16;

/// Calls visit(index, rows) for each parameter block of a network: the embedding bag, its bias, the dense layers, the
/// output layer, and the weights of vectors where there are some. The index is that of the sections.
template <class NetworkType, class Visit>
void for_each_layer(NetworkType& network, const Visit& visit) {
  visit(0u, network.input.rows);
  visit(1u, network.input.bias);
  std::uint32_t index = 2;
  for (auto& layer : network.dense) visit(index++, layer.rows);
  visit(index, network.output);
  if (network.vectors.rows.rows() != 0) visit(kVectorLayer, network.vectors.rows);
}

}  // namespace glissade
