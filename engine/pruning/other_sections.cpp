#include "engine/pruning/other_sections.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "engine/model/sections.h"
#include "engine/packing/packed_bytes.h"
#include "engine/packing/packed_sections.h"

namespace glissade::pruning {

using model_file::Section;
using model_file::SectionKind;

namespace {

/// Whether a part of the mix has it. What is packed says where its weights are by itself: compact rows are spread out in it.
bool is_of_parts(SectionKind kind) noexcept {
  switch (kind) {
    case SectionKind::compact_connections:
    case SectionKind::sparse_offsets:
    case SectionKind::sparse_ids:
    case SectionKind::sparse_values:
    case SectionKind::sample_label_begins:
    case SectionKind::sample_labels: return true;
    default: return false;
  }
}

/// Floats that may lose their lower halves.
bool may_be_rounded(SectionKind kind) noexcept {
  return kind == SectionKind::bias || kind == SectionKind::feature_weights || kind == SectionKind::feature_factors;
}

std::uint32_t element_bytes(SectionKind kind) noexcept {
  switch (kind) {
    case SectionKind::bias:
    case SectionKind::label_counts:
    case SectionKind::feature_weights:
    case SectionKind::feature_factors:
    case SectionKind::feature_labels:
    case SectionKind::search_lists:
    case SectionKind::sample_weights: return sizeof(std::uint32_t);
    default: return 1;
  }
}

std::vector<std::byte> rounded(std::span<const std::byte> floats) {
  std::vector<std::byte> out(floats.size());
  for (std::size_t at = 0; at + sizeof(std::uint32_t) <= floats.size(); at += sizeof(std::uint32_t)) {
    std::uint32_t bits;
    std::memcpy(&bits, floats.data() + at, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    std::memcpy(out.data() + at, &bits, sizeof bits);
  }
  return out;
}

}  // namespace

bool is_of_ranking(SectionKind kind) noexcept {
  return kind == SectionKind::blend || kind == SectionKind::ranker || kind == SectionKind::calibration;
}

std::optional<OtherSection> other_section(const Section& section) {
  if (!is_for_answers(section.kind) || is_of_parts(section.kind) || section.kind == SectionKind::state) return std::nullopt;
  const std::vector<std::byte> bytes =
      may_be_rounded(section.kind) ? rounded(section.bytes) : std::vector<std::byte>(section.bytes.begin(), section.bytes.end());
  // What is read before anything is unpacked, and what is read by other sizes, stays as it is.
  const bool is_plain =
      section.kind == SectionKind::config || is_of_ranking(section.kind) || section.index >= packing::kMostPackedIndex;
  if (!is_plain) {
    std::vector<std::byte> packed = packing::pack_bytes(bytes, element_bytes(section.kind));
    if (packed.size() < bytes.size())
      return OtherSection{SectionKind::packed_bytes, packing::packed_index(section.kind, section.index), std::move(packed)};
  }
  return OtherSection{section.kind, section.index, bytes};
}

}  // namespace glissade::pruning
