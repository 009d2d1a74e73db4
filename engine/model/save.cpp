#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/model_shards.h>
#include <glissade/options.h>

#include "engine/model/path_files.h"
#include "engine/model/sections.h"
#include "engine/model/shard_files.h"
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

/// Tables over the rows of this process, in the midst of a pass.
void add_tables(const Model::Impl& impl, StateSections& out) {
  if (!impl.pass.open) return;
  if (impl.made_index() != nullptr) TableState::save(*impl.made_index(), out);
  if (impl.made_clusters() != nullptr) TableState::save(*impl.made_clusters(), out);
}

/// What going on from between two steps needs besides weights and optimiser.
void add_pass(const Model::Impl& impl, StateSections& out) {
  using model_file::SectionKind;
  if (!impl.run_notes.empty()) out.list.push_back({SectionKind::run_notes, 0, bytes_of(impl.run_notes)});
  if (!impl.average.empty()) {
    out.keep(SectionKind::average_count, 0, std::vector{impl.average.count});
    std::size_t i = 0;
    for_each_layer(impl.network, [&](std::uint32_t index, const ParameterRows&) {
      const std::span<const std::byte> mean = impl.average.means[i++].as_bytes();
      if (!impl.shards || !is_shared_out(index, impl.network)) out.list.push_back({SectionKind::average, index, mean});
    });
  }
  if (!impl.pass.open) return;
  out.keep(SectionKind::pass, 0, std::vector{PassState{impl.pass.done, impl.pass.data_rows, impl.pass.sums}});
  if (impl.config.training.batches == BatchKind::similar)
    out.add(SectionKind::pass_order, 0, std::span<const std::uint32_t>(impl.pass.order));
  if (!impl.shards) add_tables(impl, out);
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

namespace {

using model_file::Section;
using model_file::SectionKind;

/// The arrays of the layers for which wanted(index) holds.
template <class Wanted>
void add_layers(const Network& network, bool with_training_state, const Wanted& wanted, std::vector<Section>& sections) {
  for_each_layer(network, [&](std::uint32_t index, const ParameterRows& rows) {
    if (!wanted(index)) return;
    for_each_array(rows, [&](SectionKind kind, const auto& array, bool training_only) {
      if (!array.empty() && (with_training_state || !training_only)) sections.push_back({kind, index, array.as_bytes()});
    });
  });
}

/// What the file of a model says of its shards.
struct WrittenShards {
  std::string names;          ///< each ended by '\n'
  std::uint64_t samples = 0;  ///< rows of training samples in them, in all
};

/// Everything; but for what lies in `shards`, if there are some.
Result<void> save_file(Model::Impl& impl, const std::string& path, bool with_training_state, const WrittenShards* shards) {
  const std::string config = to_text(impl.config);
  const std::string label_names = join_names(impl.label_names);
  const std::string feature_names = join_names(impl.feature_names);
  const ModelState state{impl.shape.features,   impl.shape.labels, impl.step,
                         impl.training_samples, impl.epochs_done,  static_cast<std::uint32_t>(with_training_state)};
  StateSections all;
  std::vector<Section>& sections = all.list;
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
  if (shards != nullptr) sections.push_back({SectionKind::shard_files, 0, bytes_of(shards->names)});
  if (!impl.search_queries.empty()) sections.push_back({SectionKind::search_queries, 0, impl.search_queries.as_bytes()});
  add_layers(
      impl.network, with_training_state,
      [&](std::uint32_t index) { return shards == nullptr || !is_shared_out(index, impl.network); }, sections);
  const bool paths_apart = shards != nullptr && impl.paths.owners.are_several();
  if (paths_apart) add_shard_paths(impl.paths, shards->samples, with_training_state, all);
  add_paths(impl.paths, paths_apart ? PathArrays::whole : PathArrays::all, with_training_state, sections);
  if (!impl.codes.empty()) add_codes_to(sections, impl.codes);
  if (with_training_state) add_pass(impl, all);
  return model_file::write(path, sections);
}

/// The averages of this rank's rows: weights and biases apart, so that rows can be found.
void add_own_means(const Model::Impl& impl, std::vector<Section>& sections) {
  if (impl.average.empty()) return;
  std::size_t i = 0;
  for_each_layer(impl.network, [&](std::uint32_t index, const ParameterRows& rows) {
    const std::span<const std::byte> mean = impl.average.means[i++].as_bytes();
    if (!is_shared_out(index, impl.network)) return;
    const std::size_t biases = rows.bias.bytes();
    sections.push_back({SectionKind::average, index, mean.first(mean.size() - biases)});
    if (biases != 0) sections.push_back({SectionKind::average_bias, index, mean.last(biases)});
  });
}

/// The rows of this rank. Returns the name of the file.
Result<std::string> save_own_rows(Model::Impl& impl, const std::string& path, bool with_training_state) {
  if (auto sound = check_finite(impl, path); !sound) return sound.error();
  const RowOwners owners = impl.owners();
  const std::array<std::uint32_t, 2> which = {owners.rank, owners.ranks};
  StateSections all;
  std::vector<Section>& sections = all.list;
  sections = {{SectionKind::shard, 0, std::as_bytes(std::span(which))}};
  add_layers(
      impl.network, with_training_state, [&](std::uint32_t index) { return is_shared_out(index, impl.network); }, sections);
  if (impl.paths.owners.are_several()) add_paths(impl.paths, PathArrays::of_rows, with_training_state, sections);
  if (with_training_state) {
    add_own_means(impl, sections);
    add_tables(impl, all);
  }
  auto written = model_file::write_by_content(shard_stem(path, owners), sections);
  if (!written) return written;
  return std::filesystem::path(*written).filename().string();
}

/// What one rank tells of its file: whether it was written, and its name or why not.
std::string told_of(const Result<std::string>& written) { return written ? "+" + *written : "-" + written.error().message; }

}  // namespace

Result<void> save_shards(Model::Impl& impl, const std::string& path, bool with_training_state) {
  Communicator& ranks = impl.shards->ranks();
  const std::string own = told_of(save_own_rows(impl, path, with_training_state));
  const auto all = ranks.all_gather_unknown(std::as_bytes(std::span(own)));
  if (!all) return all.error();
  std::uint64_t samples = impl.paths.neighbours.samples.rows();
  if (auto added = ranks.all_reduce(std::span(&samples, 1)); !added) return added;
  if (!impl.shards->leads()) return {};
  WrittenShards shards{{}, samples};
  for (std::size_t rank = 0; rank < all->size(); ++rank) {
    const std::string_view said(reinterpret_cast<const char*>((*all)[rank].data()), (*all)[rank].size());
    if (!said.starts_with('+'))
      return runtime_error(fmt::format("rank {}: {}", rank, said.substr(std::min<std::size_t>(1, said.size()))));
    shards.names += std::string(said.substr(1)) + '\n';
  }
  if (auto written = save_file(impl, path, with_training_state, &shards); !written) return written;
  remove_unnamed_shards(path);
  return {};
}

Result<void> Model::save(const std::string& path, bool with_training_state) const {
  Impl& impl = *impl_;
  if (with_training_state && !impl.trainable) {
    return usage_error("'" + path +
                       "': this model was loaded without its training state; save it without, or load it for training");
  }
  if (impl.shards) {
    if (auto asked = impl.shards->begin_save(path, with_training_state); !asked) return asked;
    return save_shards(impl, path, with_training_state);
  }
  if (auto sound = check_finite(impl, path); !sound) return sound;
  return save_file(impl, path, with_training_state, nullptr);
}

}  // namespace glissade
