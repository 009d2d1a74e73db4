#include "datasets/row_spill.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "datasets/message.h"

namespace glissade::datasets {

RowSpill::RowSpill(const SpillPlace& place, std::size_t blocks, std::string name)
    : folder_(place.folder), name_(std::move(name)), memory_(place.bytes_in_memory()), parts_(blocks) {}

bool RowSpill::takes(std::size_t bytes) noexcept {
  if (in_memory_.fetch_add(bytes) + bytes <= memory_) return false;
  in_memory_.fetch_sub(bytes);
  return true;
}

Error RowSpill::failure(const std::string& why) const { return cannot_keep("rows of " + name_ + " are", folder_, why); }

Result<void> RowSpill::create() {
  const std::scoped_lock lock(mutex_);
  if (is_created_) return {};
  std::error_code ignored;  // if there is no folder, creating the file says why
  std::filesystem::create_directories(folder_, ignored);
  if (const int failed = file_.create_in(folder_)) return failure(system::error_text(failed));
  is_created_ = true;
  return {};
}

Result<void> RowSpill::keep(std::size_t block, std::span<const std::span<const std::byte>> parts) {
  if (auto created = create(); !created) return created;
  std::uint64_t bytes = 0;
  for (const auto part : parts) bytes += part.size();
  Part& place = parts_[block];
  if (bytes > place.room) place = {end_.fetch_add(bytes), bytes};
  std::uint64_t at = place.begin;
  for (const auto part : parts) {
    if (const int failed = file_.write_at(part, at)) return failure(system::error_text(failed));
    at += part.size();
  }
  return {};
}

Result<void> RowSpill::read(std::size_t block, std::uint64_t begin, std::span<std::byte> bytes) const {
  if (const int failed = file_.read_at(bytes, parts_[block].begin + begin))
    return runtime_error(
        fmt::format("rows of {} cannot be read back from {}: {}", name_, datasets::quoted(folder_), system::error_text(failed)));
  return {};
}

}  // namespace glissade::datasets
