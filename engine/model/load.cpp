#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <string_view>

#include <glissade/communicator.h>
#include <glissade/options.h>
#include <glissade/runtime.h>

#include "engine/config/validate.h"
#include "engine/model/path_files.h"
#include "engine/model/section_arrays.h"
#include "engine/model/sections.h"
#include "engine/model/shard_files.h"
#include "engine/model/table_state.h"
#include "engine/packing/packed_sections.h"
#include "engine/samplers/sampler.h"

namespace glissade {

using model_file::Reader;
using model_file::SectionKind;

bool is_for_answers(SectionKind kind) noexcept {
  switch (kind) {
    case SectionKind::weights_low:
    case SectionKind::first_moment:
    case SectionKind::second_moment:
    case SectionKind::row_steps:
    case SectionKind::bias_first_moment:
    case SectionKind::bias_second_moment:
    case SectionKind::first_moment_bf16:
    case SectionKind::second_moment_bf16:
    case SectionKind::row_second_moment:
    case SectionKind::sparse_low:
    case SectionKind::sparse_second_moment:
    case SectionKind::average:
    case SectionKind::average_bias:
    case SectionKind::average_count:
    case SectionKind::connection_steps:
    case SectionKind::gradient_means: return false;
    case SectionKind::run_notes: return true;
    default: return kind <= SectionKind::pass || kind > SectionKind::cluster_lengths;
  }
}

namespace {

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Result<std::vector<std::string>> split_names(const Reader& reader, SectionKind kind, std::size_t expected) {
  std::vector<std::string> names;
  std::string_view text = text_of(reader.bytes(kind));
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return damaged(reader, "a name list does not end in a line break");
    names.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (!names.empty() && names.size() != expected) {
    return damaged(reader, fmt::format("a name list has {} entries instead of {}", names.size(), expected));
  }
  return names;
}

/// A layer whose rows are shared out, and how many it has in all.
struct LayerRows {
  std::uint32_t index;
  std::size_t rows;
  RowOwners owners;
};

/// Fills one array: borrowed from the mapping, or copied into memory that training may change.
template <class T>
std::optional<Error> fill(const Reader& reader, SectionKind kind, std::uint32_t index, bool copy, Array<T>& array,
                          std::size_t expected) {
  const auto bytes = reader.bytes(kind, index);
  if (bytes.size() != expected * sizeof(T)) {
    return damaged(reader, fmt::format("section {}.{} has {} bytes instead of {}", static_cast<std::uint32_t>(kind), index,
                                       bytes.size(), expected * sizeof(T)));
  }
  if (copy) {
    std::memcpy(array.data(), bytes.data(), bytes.size());
  } else {
    array = Array<T>(reader.mapping(), reinterpret_cast<const T*>(bytes.data()), expected);
  }
  return std::nullopt;
}

/// Rows that lie in several files, or of which this process has some.
template <class T>
std::optional<Error> gather(const Reader& reader, const RowFiles& files, const LayerRows& which, SectionKind kind,
                            Array<T>& array) {
  const std::size_t own = which.owners.count(which.rows), row_bytes = own == 0 ? 0 : array.bytes() / own;
  if (!files.fits(kind, which.index, which.rows, row_bytes))
    return damaged(reader, fmt::format("the rows of section {}.{} are not {} in all its files", static_cast<std::uint32_t>(kind),
                                       which.index, which.rows));
  files.copy(kind, which.index, row_bytes, which.owners.rank, which.owners.ranks, own,
             reinterpret_cast<std::byte*>(array.data()));
  return std::nullopt;
}

std::optional<Error> fill_network(const Reader& reader, const RowFiles& files, bool copy, Model::Impl& impl) {
  std::optional<Error> error;
  for_each_layer(impl.network, [&](std::uint32_t index, ParameterRows& rows) {
    const bool apart = is_shared_out(index, impl.network);
    const LayerRows which{index, index == 0 ? impl.shape.features : impl.shape.labels, impl.owners()};
    const Reader* const exact = apart ? files.exact() : &reader;
    for_each_array(rows, [&](SectionKind kind, auto& array, bool) {
      if (error || array.size() == 0) return;
      error = exact != nullptr ? fill(*exact, kind, index, copy, array, array.size()) : gather(reader, files, which, kind, array);
    });
    if (!error && !rows.connections_are_sound())
      error = damaged(reader, fmt::format("the connections of layer {} are no rising columns below {}", index, rows.width()));
  });
  return error;
}

bool has_compact_rows(const RowFiles& files) {
  const auto sections = files.first().sections();
  return std::ranges::find(sections, SectionKind::compact_connections, &model_file::Section::kind) != sections.end();
}

std::optional<Error> fill_transform(const Reader& reader, bool training, const ModelState& state, Model::Impl& impl) {
  if (auto error = take(reader, SectionKind::feature_factors, 0, training, impl.transform.factors())) return error;
  if (auto error = take(reader, SectionKind::mean_length, 0, training, impl.transform.mean_length())) return error;
  if (auto error = take(reader, SectionKind::vector_scale, 0, training, impl.transform.vectors().numbers())) return error;
  if (const std::string_view wrong = impl.transform.vectors().defect(impl.shape.vector_width); !wrong.empty())
    return damaged(reader, wrong);
  const std::string_view wrong = impl.transform.defect(impl.shape.features, state.step != 0);
  return wrong.empty() ? std::nullopt : std::optional(damaged(reader, wrong));
}

std::optional<Error> fill_paths(const Reader& reader, const RowFiles& files, bool training, Model::Impl& impl) {
  RankedPaths paths;
  paths.share_out(impl.owners());
  if (auto error = read_paths(reader, files, training, impl.shape.labels, paths)) return error;
  paths.complete(impl.config);
  if (const std::string_view wrong = paths.defect(impl.shape); !wrong.empty()) return damaged(reader, wrong);
  paths.index(impl.shape.features);
  impl.set_paths(std::move(paths));
  return std::nullopt;
}

std::optional<Error> fill_codes(const Reader& reader, Model::Impl& impl) {
  CodedRows codes;
  std::optional<Error> error = take(reader, SectionKind::search_numbers, 0, false, codes.numbers_array());
  if (!error) error = take(reader, SectionKind::search_books, 0, false, codes.books_array());
  if (!error) error = take(reader, SectionKind::search_codes, 0, false, codes.codes_array());
  if (!error) error = take(reader, SectionKind::search_lists, 0, false, codes.lists_array());
  if (error) return error;
  if (const std::string_view wrong = codes.defect(impl.shape.labels, impl.network.output.width()); !wrong.empty())
    return damaged(reader, wrong);
  impl.codes = std::move(codes);
  return std::nullopt;
}

Result<ModelState> read_state(const Reader& reader) {
  const auto bytes = reader.bytes(SectionKind::state);
  ModelState state;
  if (bytes.size() != sizeof state)
    return damaged(reader, fmt::format("its state section has {} bytes instead of {}", bytes.size(), sizeof state));
  std::memcpy(&state, bytes.data(), sizeof state);
  return state;
}

/// What was known of rows and labels when the training began.
std::optional<Error> fill_relations(const Reader& reader, Model::Impl& impl) {
  const auto siblings = reader.bytes(SectionKind::sibling_fingerprint);
  if (!siblings.empty()) {
    if (siblings.size() != sizeof(std::uint64_t)) return damaged(reader, "the hash of its sibling rows is not 8 bytes");
    std::memcpy(&impl.sibling_fingerprint.emplace(), siblings.data(), siblings.size());
  }
  const auto table = reader.bytes(SectionKind::feature_labels);
  if (table.empty()) return std::nullopt;
  impl.feature_labels.resize(table.size() / sizeof(std::uint32_t));
  std::memcpy(impl.feature_labels.data(), table.data(), impl.feature_labels.size() * sizeof(std::uint32_t));
  if (const std::string_view wrong = defect_of(impl.feature_labels, impl.shape); !wrong.empty())
    return damaged(reader, fmt::format("the labels that its features are: {}", wrong));
  return std::nullopt;
}

std::optional<Error> fill_extras(const Reader& reader, const ModelState& state, Model::Impl& impl) {
  const auto counts = reader.bytes(SectionKind::label_counts);
  if (counts.size() % sizeof(std::uint32_t) != 0 ||
      (!counts.empty() && counts.size() / sizeof(std::uint32_t) != impl.shape.labels)) {
    return damaged(reader, fmt::format("its label counts have {} bytes for {} labels", counts.size(), impl.shape.labels));
  }
  impl.label_counts.resize(counts.size() / sizeof(std::uint32_t));
  if (!counts.empty()) std::memcpy(impl.label_counts.data(), counts.data(), counts.size());
  auto labels = split_names(reader, SectionKind::label_names, impl.shape.labels);
  if (!labels) return labels.error();
  auto features = split_names(reader, SectionKind::feature_names, impl.shape.features);
  if (!features) return features.error();
  impl.data_notes = text_of(reader.bytes(SectionKind::data_notes));
  const auto fingerprint = reader.bytes(SectionKind::data_fingerprint);
  if (!fingerprint.empty() && fingerprint.size() != sizeof impl.data_fingerprint)
    return damaged(
        reader, fmt::format("the hash of its data has {} bytes instead of {}", fingerprint.size(), sizeof impl.data_fingerprint));
  if (!fingerprint.empty()) std::memcpy(&impl.data_fingerprint, fingerprint.data(), fingerprint.size());
  if (auto error = fill_relations(reader, impl)) return *error;
  impl.label_names = std::move(*labels);
  impl.feature_names = std::move(*features);
  impl.step = state.step;
  impl.epochs_done = state.epochs_done;
  impl.training_samples = state.training_samples;
  return std::nullopt;
}

/// The order of a pass is one of rows of its data set, none twice.
bool is_order(std::span<const std::uint32_t> order, std::uint64_t rows) {
  if (order.empty()) return true;
  if (order.size() > rows) return false;
  std::vector<bool> seen(rows);
  for (const std::uint32_t row : order) {
    if (row >= rows || seen[row]) return false;
    seen[row] = true;
  }
  return true;
}

/// The means of rows that lie in several files, or of which this process has some: weights, and behind them biases.
std::optional<Error> gather_mean(const Reader& reader, const RowFiles& files, const LayerRows& which, const ParameterRows& rows,
                                 Array<float>& mean) {
  const std::size_t row_bytes = rows.kept(0) * sizeof(float), bias_bytes = rows.bias.empty() ? 0 : sizeof(float);
  auto* const weights = reinterpret_cast<std::byte*>(mean.data());
  std::byte* const biases = weights + rows.rows() * row_bytes;
  const auto copy = [&](SectionKind kind, std::size_t bytes, std::byte* out) {
    if (bytes == 0) return true;
    if (const Reader* const exact = files.exact(); exact != nullptr) {
      const auto stored = exact->bytes(kind, which.index);
      if (stored.size() != rows.rows() * bytes) return false;
      std::memcpy(out, stored.data(), stored.size());
      return true;
    }
    if (!files.fits(kind, which.index, which.rows, bytes)) return false;
    files.copy(kind, which.index, bytes, which.owners.rank, which.owners.ranks, rows.rows(), out);
    return true;
  };
  if (files.are_apart()) {
    if (copy(SectionKind::average, row_bytes, weights) && copy(SectionKind::average_bias, bias_bytes, biases))
      return std::nullopt;
    return damaged(reader, fmt::format("the average of its layer {} does not have {} rows", which.index, which.rows));
  }
  const auto stored = reader.bytes(SectionKind::average, which.index);
  if (stored.size() != which.rows * (row_bytes + bias_bytes))
    return damaged(reader, fmt::format("the average of its layer {} does not have {} rows", which.index, which.rows));
  for (std::uint32_t place = 0; place < rows.rows(); ++place) {
    const std::size_t row = which.owners.row_at(place);
    std::memcpy(weights + place * row_bytes, stored.data() + row * row_bytes, row_bytes);
    std::memcpy(biases + place * bias_bytes, stored.data() + which.rows * row_bytes + row * bias_bytes, bias_bytes);
  }
  return std::nullopt;
}

std::optional<Error> fill_average(const Reader& reader, const RowFiles& files, Model::Impl& impl) {
  const auto bytes = reader.bytes(SectionKind::average_count);
  if (bytes.empty()) return std::nullopt;
  WeightAverage average;
  if (bytes.size() == sizeof average.count) std::memcpy(&average.count, bytes.data(), sizeof average.count);
  if (average.empty()) return damaged(reader, "how many steps its average is of is not readable");
  std::optional<Error> error;
  for_each_layer(impl.network, [&](std::uint32_t index, const ParameterRows& rows) {
    if (error) return;
    Array<float>& mean = average.means.emplace_back(WeightAverage::size_of(rows));
    const LayerRows which{index, index == 0 ? impl.shape.features : impl.shape.labels, impl.owners()};
    if (is_shared_out(index, impl.network) && (impl.shards || files.are_apart()))
      error = gather_mean(reader, files, which, rows, mean);
    else
      error = fill(reader, SectionKind::average, index, true, mean, mean.size());
  });
  impl.average = std::move(average);
  return error;
}

/// The tables of a pass under way. Tables of shards are over other rows, unless the ranks are as many as they were: without
/// theirs they are built anew before the next step.
bool fill_tables(const RowFiles& files, Model::Impl& impl) {
  const SamplerMix& sampler = impl.config.active_set.sampler;
  const Reader* const file = files.exact();
  if (file == nullptr) return true;
  if (uses_tables(sampler) && !TableState::load(*file, impl.training_index())) return false;
  return !uses_clusters(sampler) || TableState::load(*file, impl.training_clusters());
}

std::optional<Error> fill_pass(const Reader& reader, const RowFiles& files, bool training, Model::Impl& impl) {
  impl.run_notes = text_of(reader.bytes(SectionKind::run_notes));
  const auto bytes = reader.bytes(SectionKind::pass);
  if (bytes.empty()) return std::nullopt;
  PassState state;
  constexpr std::uint64_t kMostRows = std::uint64_t{1} << 32;
  if (bytes.size() == sizeof state) std::memcpy(&state, bytes.data(), sizeof state);
  if (bytes.size() != sizeof state || state.done > state.data_rows || state.data_rows > kMostRows)
    return damaged(reader, "where its pass over the data stands is not readable");
  impl.pass.open = true;
  impl.pass.done = state.done;
  impl.pass.data_rows = state.data_rows;
  impl.pass.sums = state.sums;
  if (!training) return std::nullopt;
  const auto order = reader.bytes(SectionKind::pass_order);
  impl.pass.order.resize(order.size() / sizeof(std::uint32_t));
  if (!order.empty()) std::memcpy(impl.pass.order.data(), order.data(), impl.pass.order.size() * sizeof(std::uint32_t));
  if (!is_order(impl.pass.order, state.data_rows)) return damaged(reader, "the order of its pass over the data is none");
  if (!fill_tables(files, impl)) return damaged(reader, "its hash tables do not fit together");
  return std::nullopt;
}

}  // namespace

Result<Model> Model::load(const std::string& path, LoadFor purpose) { return load_rows(nullptr, path, purpose); }

Result<Model> Model::load_shard(Communicator& ranks, const std::string& path, LoadFor purpose) {
  return load_rows(&ranks, path, purpose);
}

Result<Model> Model::load_rows(Communicator* ranks, const std::string& path, LoadFor purpose) {
  try {
    if (auto environment = check_environment(); !environment) return environment.error();
    const bool training = purpose == LoadFor::training;
    auto reader = Reader::open(path, training ? nullptr : is_for_answers);
    if (!reader) return reader.error();
    if (reader->has(SectionKind::shard))
      return runtime_error(fmt::format("'{}' has some rows of a model alone; give the file that names it", path));
    auto state = read_state(*reader);
    if (!state) return state.error();
    reader = packing::unpacked(*reader, std::max(state->features, state->labels));
    if (!reader) return reader.error();
    const std::string_view config_text = text_of(reader->bytes(SectionKind::config));
    auto config = from_text(config_text);
    if (!config) return damaged(*reader, "its config: " + config.error().message);
    if (config_text.find("reference-batch") == std::string_view::npos) config->training.reference_batch = 0;  // as it was before
    const auto vector_width = reader->bytes(SectionKind::vector_scale).size() / (2 * sizeof(float));
    const Shape shape{state->features, state->labels, static_cast<std::uint32_t>(vector_width)};
    if (auto valid = config::validate_stored(*config, shape); !valid)
      return damaged(*reader, "its config: " + valid.error().message);
    if (training && state->has_training_state == 0) {
      return usage_error(
          fmt::format("'{}': saved without its training state; it can predict but not train, start from a checkpoint", path));
    }
    if (training) {
      if (auto enough = check_memory(
              estimate_training_memory(*config, shape, ranks == nullptr ? 1u : static_cast<std::uint32_t>(ranks->size())));
          !enough) {
        return runtime_error(fmt::format("'{}': {}", path, enough.error().message));
      }
    }
    auto files = RowFiles::open(*reader, Impl::owners_among(ranks), training ? nullptr : is_for_answers);
    if (!files) return files.error();
    auto impl = std::make_unique<Impl>(*config, shape, training, ranks, has_compact_rows(*files));
    if (auto error = fill_network(*reader, *files, training, *impl)) return *error;
    if (state->step != 0) impl->network.output.close();
    if (auto error = fill_extras(*reader, *state, *impl)) return *error;
    if (auto error = fill_transform(*reader, training, *state, *impl)) return *error;
    if (auto error = fill_paths(*reader, *files, training, *impl)) return *error;
    if (auto error = take(*reader, SectionKind::search_queries, 0, true, impl->search_queries)) return *error;
    if (!impl->shards) {
      if (auto error = fill_codes(*reader, *impl)) return *error;
    }
    if (training) {
      if (auto error = fill_average(*reader, *files, *impl)) return *error;
    }
    if (!training && impl->network.output.block() > 1 && !impl->shards) impl->output_blocks = BlockRows(impl->network.output);
    if (auto error = fill_pass(*reader, *files, training, *impl)) return *error;
    return Model(std::move(impl));
  } catch (const std::bad_alloc&) {
    return runtime_error(fmt::format("'{}': out of memory while loading", path));
  }
}

}  // namespace glissade
