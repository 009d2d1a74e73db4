#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/model_file/container.h"

namespace glissade::pruning {

/// Of a section that is in no part of a PruneMix: none if a model that answers does not need it, or its parts replace it.
/// Otherwise its bytes as the pruned model has them, packed where that is smaller: without loss, but for numbers of which 8 bits
/// are enough (biases, weights of features).
struct OtherSection {
  model_file::SectionKind kind;
  std::uint32_t index;
  std::vector<std::byte> bytes;
};
/// Whether it says how what the paths say of candidates is ranked, and is written as it is: a new fit takes as many bytes.
bool is_of_ranking(model_file::SectionKind kind) noexcept;

std::optional<OtherSection> other_section(const model_file::Section& section);

}  // namespace glissade::pruning
