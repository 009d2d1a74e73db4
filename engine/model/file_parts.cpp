#include <glissade/model_file_parts.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/model/sections.h"
#include "engine/model/shard_files.h"
#include "engine/model_file/container.h"

namespace glissade {
namespace {

using model_file::Section;
using model_file::SectionKind;

constexpr std::string_view kTraining = "to train on", kOther = "other";
constexpr std::array<std::string_view, 10> kParts = {"rows of features",
                                                     "hidden layers",
                                                     "rows of labels",
                                                     "sparse rows of labels",
                                                     "neighbours",
                                                     "co-labels",
                                                     "search",
                                                     "names",
                                                     kOther,
                                                     kTraining};

bool holds_rows(SectionKind kind) noexcept {
  return kind == SectionKind::weights || kind == SectionKind::weights_high || kind == SectionKind::packed_rows ||
         kind == SectionKind::bias || kind == SectionKind::compact_connections;
}

/// `output`: the index of the output layer.
std::string_view part_of(const Section& section, std::uint32_t output) noexcept {
  if (section.kind == SectionKind::packed_bytes)
    return part_of({static_cast<SectionKind>(section.index % 256), section.index / 256, {}}, output);
  if (!is_for_answers(section.kind)) return kTraining;
  if (holds_rows(section.kind)) return section.index == 0 ? kParts[0] : section.index == output ? kParts[2] : kParts[1];
  switch (section.kind) {
    case SectionKind::sparse_offsets:
    case SectionKind::sparse_ids:
    case SectionKind::sparse_values:
    case SectionKind::packed_matrix: return section.index == 0 ? kParts[3] : section.index == 2 ? kParts[5] : kParts[4];
    case SectionKind::sample_label_begins:
    case SectionKind::sample_labels:
    case SectionKind::sample_weights: return kParts[4];
    case SectionKind::search_numbers:
    case SectionKind::search_books:
    case SectionKind::search_codes:
    case SectionKind::search_lists: return kParts[6];
    case SectionKind::label_names:
    case SectionKind::feature_names: return kParts[7];
    default: return kOther;
  }
}

}  // namespace

Result<std::vector<ModelFilePart>> model_file_parts(const std::string& path) {
  const auto unread = [](SectionKind) { return false; };
  const auto reader = model_file::Reader::open(path, unread);
  if (!reader) return reader.error();
  const auto rows = RowFiles::open(*reader, {}, unread);
  if (!rows) return rows.error();
  std::vector<Section> sections(reader->sections().begin(), reader->sections().end());
  if (rows->are_apart()) {
    for (const model_file::Reader* shard : rows->files())
      sections.insert(sections.end(), shard->sections().begin(), shard->sections().end());
  }
  std::uint32_t output = 0;
  for (const Section& section : sections) {
    if (holds_rows(section.kind) && section.index != kVectorLayer) output = std::max(output, section.index);
  }
  std::array<std::uint64_t, kParts.size()> bytes{};
  for (const Section& section : sections)
    bytes[static_cast<std::size_t>(std::ranges::find(kParts, part_of(section, output)) - kParts.begin())] += section.bytes.size();
  std::vector<ModelFilePart> parts;
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    if (bytes[i] > 0) parts.push_back({std::string(kParts[i]), bytes[i]});
  }
  return parts;
}

}  // namespace glissade
