#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <glissade/prune.h>

#include "engine/model/impl.h"
#include "engine/model_file/container.h"

namespace glissade::pruning {

/// A section as the layout of a file sees it: files have them by kind, then by index.
struct SectionSize {
  model_file::SectionKind kind;
  std::uint32_t index;
  std::uint64_t bytes;
};

/// The sections of one part of a model, packed with one step.
struct PackedPart {
  struct Packed {
    model_file::SectionKind kind;
    std::uint32_t index;
    std::vector<std::byte> bytes;
    std::uint64_t weights;  ///< that are not 0
  };
  std::vector<Packed> sections;
};

/// `step` in root mean squares. O(weights of the part). Throws std::bad_alloc.
PackedPart pack_part(const Model::Impl& model, PruneMix::Part part, double step);

/// Weights of the part before.
std::uint64_t weights_of(const Model::Impl& model, PruneMix::Part part);

}  // namespace glissade::pruning
