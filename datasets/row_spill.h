#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <glissade/pipeline.h>
#include <glissade/result.h>

#include "datasets/spill_place.h"
#include "system/scratch_file.h"

namespace glissade::datasets {

/// Blocks of rows beyond so many bytes, in a file of a folder. The file has no name: nothing stays of it, however the process
/// ends.
class RowSpill final : public RowStore {
 public:
  /// `name`: of what is read, for messages.
  RowSpill(const SpillPlace& place, std::size_t blocks, std::string name);

  bool takes(std::size_t bytes) noexcept override;
  Result<void> keep(std::size_t block, std::span<const std::span<const std::byte>> parts) override;
  Result<void> read(std::size_t block, std::uint64_t begin, std::span<std::byte> bytes) const override;

  /// That are in the file.
  std::uint64_t bytes() const noexcept { return end_; }
  const std::string& folder() const noexcept { return folder_; }
  /// That rows cannot be kept, and why.
  Error failure(const std::string& why) const;

 private:
  struct Part {
    std::uint64_t begin = 0, room = 0;
  };
  Result<void> create();

  std::string folder_, name_;
  std::uint64_t memory_;
  std::vector<Part> parts_;  ///< of each block
  std::atomic<std::uint64_t> in_memory_ = 0, end_ = 0;
  std::mutex mutex_;
  bool is_created_ = false;
  system::ScratchFile file_;
};

}  // namespace glissade::datasets
