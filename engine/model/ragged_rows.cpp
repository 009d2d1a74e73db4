#include "engine/model/ragged_rows.h"

#include <algorithm>
#include <cstring>

namespace glissade {

using model_file::SectionKind;

std::optional<RaggedRows> RaggedRows::of(const RowFiles& files, SectionKind kind, std::uint32_t index, std::size_t rows) {
  constexpr std::uint64_t kMostEntries = std::uint64_t{1} << 60;  // so that no sum and no size in bytes overflows
  RaggedRows made(files);
  made.rows_ = rows;
  const auto count = static_cast<std::uint32_t>(files.files().size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto bytes = files.files()[i]->bytes(kind, index);
    if (bytes.empty() || bytes.size() % sizeof(std::uint64_t) != 0) return std::nullopt;
    const std::span begins(reinterpret_cast<const std::uint64_t*>(bytes.data()), bytes.size() / sizeof(std::uint64_t));
    if (begins.size() - 1 != RowOwners{i, count}.count(rows)) return std::nullopt;
    if (begins.front() != 0 || !std::ranges::is_sorted(begins)) return std::nullopt;
    if (begins.back() > kMostEntries - made.entries_) return std::nullopt;
    made.entries_ += begins.back();
    made.begins_.push_back(begins);
  }
  std::uint64_t before = 0;
  for (std::size_t row = 0; row <= rows; ++row) {
    if (row % kStride == 0) made.before_.push_back(before);
    if (row < rows) before += made.length(row);
  }
  return made;
}

bool RaggedRows::fits(SectionKind kind, std::uint32_t index, std::size_t entry_bytes) const noexcept {
  for (std::size_t i = 0; i < begins_.size(); ++i) {
    if (files_->files()[i]->bytes(kind, index).size() != begins_[i].back() * entry_bytes) return false;
  }
  return true;
}

std::vector<const std::byte*> RaggedRows::entries_in_files(SectionKind kind, std::uint32_t index) const {
  std::vector<const std::byte*> entries;
  for (const model_file::Reader* file : files_->files()) entries.push_back(file->bytes(kind, index).data());
  return entries;
}

Array<std::uint64_t> RaggedRows::begins_of(const RowOwners& owners) const {
  const std::size_t count = owners.count(rows_);
  Array<std::uint64_t> begins(count + 1);
  for (std::size_t i = 0, row = owners.rank; i < count; ++i, row += owners.ranks) begins[i + 1] = begins[i] + length(row);
  return begins;
}

void RaggedRows::copy(SectionKind kind, std::uint32_t index, std::size_t entry_bytes, const RowOwners& owners,
                      std::byte* out) const {
  const auto entries = entries_in_files(kind, index);
  const std::size_t count = owners.count(rows_);
  for (std::size_t i = 0, row = owners.rank; i < count; ++i, row += owners.ranks) {
    const std::size_t bytes = length(row) * entry_bytes;
    if (bytes == 0) continue;
    std::memcpy(out, entries[row % entries.size()] + begin(row) * entry_bytes, bytes);
    out += bytes;
  }
}

void RaggedRows::copy_begin_bytes(std::uint64_t offset, std::span<std::byte> out) const noexcept {
  std::size_t row = offset / sizeof(std::uint64_t), within = offset % sizeof(std::uint64_t);
  std::uint64_t before = before_[row / kStride];
  for (std::size_t walked = row / kStride * kStride; walked < row; ++walked) before += length(walked);
  while (!out.empty()) {
    const std::size_t size = std::min(out.size(), sizeof before - within);
    std::memcpy(out.data(), reinterpret_cast<const std::byte*>(&before) + within, size);
    out = out.subspan(size);
    if (row < rows_) before += length(row++);
    within = 0;
  }
}

void RaggedRows::copy_entry_bytes(SectionKind kind, std::uint32_t index, std::size_t entry_bytes, std::uint64_t offset,
                                  std::span<std::byte> out) const {
  if (out.empty()) return;
  const auto entries = entries_in_files(kind, index);
  const auto place = static_cast<std::size_t>(std::ranges::upper_bound(before_, offset / entry_bytes) - before_.begin()) - 1;
  std::size_t row = place * kStride;
  std::uint64_t skipped = offset - before_[place] * entry_bytes;  // bytes of the rows from `row` on
  for (; !out.empty(); ++row) {
    const std::uint64_t bytes = length(row) * entry_bytes;
    if (skipped >= bytes) {
      skipped -= bytes;
      continue;
    }
    const std::size_t size = std::min<std::uint64_t>(out.size(), bytes - skipped);
    std::memcpy(out.data(), entries[row % entries.size()] + begin(row) * entry_bytes + skipped, size);
    out = out.subspan(size);
    skipped = 0;
  }
}

}  // namespace glissade
