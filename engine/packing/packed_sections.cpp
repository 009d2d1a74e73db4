#include "engine/packing/packed_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/packing/packed_bytes.h"
#include "engine/packing/packed_matrix.h"
#include "engine/packing/packed_rows.h"
#include "engine/parameters/array.h"
#include "system/message.h"

namespace glissade::packing {

using model_file::Reader;
using model_file::Section;
using model_file::SectionKind;

namespace {

constexpr std::uint64_t kMostWidth = 1u << 20;  ///< of a layer, whose weights of vectors are rows

/// What sections are unpacked into.
class Unpacking {
 public:
  explicit Unpacking(std::uint64_t most_columns) : most_columns_(most_columns) {}

  /// False if the section is damaged.
  bool add(const Section& packed) {
    switch (packed.kind) {
      case SectionKind::packed_rows: return add_rows(packed);
      case SectionKind::packed_matrix: return add_matrix(packed);
      default: return add_bytes(packed);
    }
  }

  std::vector<Section> take_sections() noexcept { return std::move(sections_); }
  std::shared_ptr<const void> owner() const { return owner_; }

 private:
  struct Held {
    std::vector<Array<std::byte>> blocks;
    std::vector<Matrix> matrices;
  };

  bool add_rows(const Section& packed) {
    const auto shape = packed_rows_shape(packed.bytes);
    if (!shape || shape->rows > std::max(most_columns_, kMostWidth)) return false;
    Array<std::byte> rows(shape->rows * shape->stride * shape->float_bytes);
    if (!unpack_rows(packed.bytes, rows.data())) return false;
    sections_.push_back(
        {shape->float_bytes == sizeof(float) ? SectionKind::weights : SectionKind::weights_high, packed.index, rows.as_bytes()});
    owner_->blocks.push_back(std::move(rows));
    return true;
  }

  bool add_matrix(const Section& packed) {
    auto matrix = unpack_matrix(packed.bytes, most_columns_);
    if (!matrix) return false;
    if (packed.index == kSampleLabels) {
      sections_.push_back({SectionKind::sample_label_begins, 0, matrix->offsets.as_bytes()});
      sections_.push_back({SectionKind::sample_labels, 0, matrix->ids.as_bytes()});
    } else {
      sections_.push_back({SectionKind::sparse_offsets, packed.index, matrix->offsets.as_bytes()});
      sections_.push_back({SectionKind::sparse_ids, packed.index, matrix->ids.as_bytes()});
      sections_.push_back({SectionKind::sparse_values, packed.index, matrix->values.as_bytes()});
    }
    owner_->matrices.push_back(std::move(*matrix));
    return true;
  }

  bool add_bytes(const Section& packed) {
    auto bytes = unpack_bytes(packed.bytes);
    if (!bytes) return false;
    const auto kind = static_cast<SectionKind>(packed.index % kPackedKinds);
    if (is_packed(kind)) return false;
    sections_.push_back({kind, packed.index / kPackedKinds, bytes->as_bytes()});
    owner_->blocks.push_back(std::move(*bytes));
    return true;
  }

  std::uint64_t most_columns_;
  std::shared_ptr<Held> owner_ = std::make_shared<Held>();
  std::vector<Section> sections_;
};

/// Of all these there may be one, packed or not.
bool are_unique(const Reader& file, const std::vector<Section>& made) {
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (file.has(made[i].kind, made[i].index)) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (made[i].kind == made[j].kind && made[i].index == made[j].index) return false;
    }
  }
  return true;
}

}  // namespace

bool is_packed(SectionKind kind) noexcept {
  return kind == SectionKind::packed_rows || kind == SectionKind::packed_matrix || kind == SectionKind::packed_bytes;
}

Result<Reader> unpacked(const Reader& file, std::uint64_t most_columns) {
  Unpacking unpacking(most_columns);
  bool any = false;
  for (const Section& section : file.sections()) {
    if (!is_packed(section.kind)) continue;
    any = true;
    if (unpacking.add(section)) continue;
    return runtime_error(
        fmt::format("model file {}: packed section {}.{} is damaged; restore it from a copy or prune the model again",
                    system::quoted(file.path()), static_cast<std::uint32_t>(section.kind), section.index));
  }
  if (!any) return file;
  std::vector<Section> made = unpacking.take_sections();
  if (!are_unique(file, made))
    return runtime_error(fmt::format(
        "model file {}: a packed section stands for one that is there; restore it from a copy or prune the model again",
        system::quoted(file.path())));
  return file.with(std::move(made), unpacking.owner(), is_packed);
}

}  // namespace glissade::packing
