#pragma once

#include <cstdint>

#include <glissade/result.h>

#include "engine/model_file/container.h"

namespace glissade::packing {

/// Whether sections of that kind stand for others.
bool is_packed(model_file::SectionKind kind) noexcept;

/// packed_matrix of this index: the labels of the training samples; the others are those of the sparse rows.
inline constexpr std::uint32_t kSampleLabels = 3;

/// packed_bytes of this index stand for the section (kind, index); index < kMostPackedIndex.
inline constexpr std::uint32_t kMostPackedIndex = 1u << 16, kPackedKinds = 256;
inline constexpr std::uint32_t packed_index(model_file::SectionKind kind, std::uint32_t index) noexcept {
  return index * kPackedKinds + static_cast<std::uint32_t>(kind);
}

/// The same file with the sections that its packed ones stand for, in memory; as it is if it has none. Fails on packed sections
/// that are damaged. `most_columns`: of sparse rows. Takes the memory of what is unpacked, which lives as long as the mapping of
/// the result; uses all threads. Throws std::bad_alloc.
Result<model_file::Reader> unpacked(const model_file::Reader& file, std::uint64_t most_columns);

}  // namespace glissade::packing
