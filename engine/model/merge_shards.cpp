#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/model_shards.h>

#include "engine/model/access.h"
#include "engine/model/path_files.h"
#include "engine/model/sections.h"
#include "engine/model/shard_files.h"
#include "system/message.h"

namespace glissade {
namespace {

using model_file::Reader;
using model_file::Section;
using model_file::SectionKind;

/// A section that stands in all shards, its rows together again.
Section together(const RowFiles& files, const Section& one, std::size_t rows, std::size_t row_bytes) {
  Section whole{one.kind, one.index, {}};
  whole.read_bytes = rows * row_bytes;
  whole.read = [&files, kind = one.kind, index = one.index, row_bytes](std::uint64_t offset, std::span<std::byte> out) {
    files.copy_bytes(kind, index, row_bytes, offset, out);
  };
  return whole;
}

/// Averages, which shards have by weights and biases: the weights of all rows and behind them their biases.
Section whole_average(const RowFiles& files, std::uint32_t index, std::size_t rows, std::size_t row_bytes) {
  Section whole{SectionKind::average, index, {}};
  const std::uint64_t weights = rows * row_bytes;
  const bool biased = !files.first().bytes(SectionKind::average_bias, index).empty();
  whole.read_bytes = weights + (biased ? rows * sizeof(float) : 0);
  whole.read = [&files, index, row_bytes, weights](std::uint64_t offset, std::span<std::byte> out) {
    const std::size_t of_weights =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), weights - std::min(weights, offset)));
    if (of_weights != 0) files.copy_bytes(SectionKind::average, index, row_bytes, offset, out.first(of_weights));
    if (of_weights == out.size()) return;
    files.copy_bytes(SectionKind::average_bias, index, sizeof(float), offset + of_weights - weights, out.subspan(of_weights));
  };
  return whole;
}

/// The sections of the file that has all rows, without codes. `state` becomes its own.
Result<std::vector<Section>> whole_sections(const Reader& file, const RowFiles& files, bool with_training_state,
                                            ModelState& state) {
  const auto bytes = file.bytes(SectionKind::state);
  if (bytes.size() != sizeof state) return runtime_error(system::quoted(file.path()) + " has no readable state");
  std::memcpy(&state, bytes.data(), sizeof state);
  if (!with_training_state) state.has_training_state = 0;
  std::vector<Section> sections = {{SectionKind::state, 0, std::as_bytes(std::span(&state, 1))}};
  const bool paths_apart = file.has(SectionKind::shard_paths);
  for (const Section& section : file.sections()) {
    const bool kept = section.kind != SectionKind::shard_files && section.kind != SectionKind::search_queries &&
                      section.kind != SectionKind::shard_paths && section.kind != SectionKind::state &&
                      !(paths_apart && is_of_path_rows(section.kind, section.index));
    if (kept && (with_training_state || is_for_answers(section.kind))) sections.push_back(section);
  }
  for (const Section& section : files.first().sections()) {
    const bool of_rows = section.kind != SectionKind::shard && section.kind != SectionKind::average_bias &&
                         !is_of_tables(section.kind) && !is_of_path_rows(section.kind, section.index);
    // Labels that share connections are not shared out, so connections that rows with zeros have are for training.
    const bool answers = is_for_answers(section.kind) && section.kind != SectionKind::connections;
    if (!of_rows || (!with_training_state && !answers)) continue;
    const std::size_t rows = section.index == 0 ? state.features : state.labels, own = files.rows_of_first(rows);
    const std::size_t row_bytes = own == 0 ? 0 : section.bytes.size() / own;
    const bool averaged = section.kind == SectionKind::average;
    const bool biases_fit = !averaged || !files.have(SectionKind::average_bias, section.index) ||
                            files.fits(SectionKind::average_bias, section.index, rows, sizeof(float));
    if (!biases_fit || !files.fits(section.kind, section.index, rows, row_bytes))
      return runtime_error(fmt::format("{}: its shards do not have {} rows together", system::quoted(file.path()), rows));
    sections.push_back(averaged ? whole_average(files, section.index, rows, row_bytes)
                                : together(files, section, rows, row_bytes));
  }
  if (auto added = add_merged_paths(file, files, with_training_state, state.labels, sections); !added) return added.error();
  return sections;
}

/// The codes that one process would have made at the end of its training: of a file that has all rows but no codes.
Result<void> add_codes(const std::string& path, const Array<float>& queries) {
  auto model = Model::load(path);
  if (!model) return model.error();
  Model::Impl& impl = impl_of(*model);
  const std::size_t width = impl.network.output.width();
  if (queries.empty() || queries.size() % width != 0) return {};
  Activations hidden;
  hidden.resize(queries.size() / width, width, impl.network.output.storage() != Storage::fp32);
  for (std::size_t i = 0; i < hidden.samples; ++i) std::copy_n(queries.data() + i * width, width, hidden.row(i));
  activate(hidden, Activation::linear, 0, 0);  // fills in the halves; the values are rounded already
  CodedRows codes = CodedRows::learn(impl.network.output, hidden);
  if (codes.empty()) return {};
  const auto file = Reader::open(path);
  if (!file) return file.error();
  std::vector<Section> sections(file->sections().begin(), file->sections().end());
  add_codes_to(sections, codes);
  return model_file::write(path, sections);
}

}  // namespace

Result<void> merge_shards(const std::string& path, const std::string& to, bool with_training_state) {
  const auto file = Reader::open(path);
  if (!file) return file.error();
  const auto files = RowFiles::open(*file, {});
  if (!files) return files.error();
  if (!files->are_apart()) return usage_error(system::quoted(path) + " has no shards: it is one file already");
  ModelState state;
  auto sections = whole_sections(*file, *files, with_training_state, state);
  if (!sections) return sections.error();
  if (auto written = model_file::write(to, *sections); !written) return written;
  const auto stored = file->bytes(SectionKind::search_queries);
  Array<float> queries(stored.size() / sizeof(float));
  if (!queries.empty()) std::memcpy(queries.data(), stored.data(), queries.bytes());
  return add_codes(to, queries);
}

}  // namespace glissade
