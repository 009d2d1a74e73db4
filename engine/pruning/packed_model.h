#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/prune.h>
#include <glissade/result.h>

#include "engine/model/impl.h"
#include "engine/model_file/container.h"

namespace glissade::pruning {

/// The sections of a pruned model, in memory. `file` and `model` are the same model; the file must live as long.
class PackedModel {
 public:
  PackedModel(const Model::Impl& model, const model_file::Reader& file, const PruneMix& mix);

  /// Of the file that write() writes.
  std::uint64_t file_bytes() const noexcept;
  Result<void> write(const std::string& path) const;

 private:
  void add_layers(const Model::Impl& model, const PruneMix& mix);
  void add_matrices(const Model::Impl& model, const PruneMix& mix);
  void add_others(const model_file::Reader& file);
  void add(model_file::SectionKind kind, std::uint32_t index, std::vector<std::byte> bytes);

  std::vector<std::unique_ptr<std::vector<std::byte>>> held_;
  std::vector<model_file::Section> sections_;
};

}  // namespace glissade::pruning
