#include "engine/model/shard_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <glissade/model_shards.h>

#include "system/message.h"

namespace glissade {

namespace fs = std::filesystem;
using model_file::Reader;
using model_file::SectionKind;

namespace {

constexpr std::string_view kShard = ".shard-";

/// Of a file that names shards; empty: it has its rows itself.
std::vector<std::string> shard_names(const Reader& file) {
  const auto bytes = file.bytes(SectionKind::shard_files);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return names;
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos && name.find(kShard) != std::string::npos;
}

Error unusable(const Reader& file, const std::string& why) {
  return runtime_error(fmt::format("{}: {}; put all of its files back from a copy", system::quoted(file.path()), why));
}

}  // namespace

Result<RowFiles> RowFiles::open(const Reader& file, const RowOwners& owners, bool (*wanted)(SectionKind)) {
  const std::vector<std::string> names = shard_names(file);
  if (names.empty()) return whole(file, owners);
  RowFiles rows;
  rows.files_.resize(names.size());
  const bool same = names.size() == owners.ranks;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (same && i != owners.rank) continue;
    if (!is_plain_name(names[i])) return unusable(file, fmt::format("{} is no name of a shard", system::quoted(names[i])));
    auto shard = Reader::open((fs::path(file.path()).parent_path() / names[i]).string(), wanted);
    if (!shard) return unusable(file, shard.error().message);
    const auto which = shard->bytes(SectionKind::shard);
    std::array<std::uint32_t, 2> said{};
    if (which.size() == sizeof said) std::memcpy(&said, which.data(), sizeof said);
    if (said != std::array{static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(names.size())} ||
        !model_file::is_named_after(names[i], shard->checksum()))
      return unusable(file, fmt::format("{} is not the shard that it names", system::quoted(names[i])));
    rows.shards_.push_back(std::make_unique<Reader>(std::move(*shard)));
    rows.files_[i] = rows.shards_.back().get();
  }
  if (same) {
    rows.exact_ = rows.shards_.front().get();
    rows.files_ = {rows.exact_};
  }
  return rows;
}

RowFiles RowFiles::whole(const Reader& file, const RowOwners& owners) {
  RowFiles rows;
  rows.files_ = {&file};
  if (!owners.are_several()) rows.exact_ = &file;
  return rows;
}

bool RowFiles::have(SectionKind kind, std::uint32_t index) const noexcept {
  return std::ranges::any_of(files_, [&](const Reader* file) { return !file->bytes(kind, index).empty(); });
}

bool RowFiles::fits(SectionKind kind, std::uint32_t index, std::size_t rows, std::size_t row_bytes) const noexcept {
  const auto ranks = static_cast<std::uint32_t>(files_.size());
  for (std::uint32_t i = 0; i < ranks; ++i) {
    if (files_[i]->bytes(kind, index).size() != RowOwners{i, ranks}.count(rows) * row_bytes) return false;
  }
  return true;
}

void RowFiles::copy(SectionKind kind, std::uint32_t index, std::size_t row_bytes, std::size_t first, std::size_t every,
                    std::size_t count, std::byte* out) const noexcept {
  const std::size_t files = files_.size();
  std::vector<const std::byte*> begins(files);
  for (std::size_t i = 0; i < files; ++i) begins[i] = files_[i]->bytes(kind, index).data();
  if (files == 1 && every == 1 && count != 0) {
    std::memcpy(out, begins[0] + first * row_bytes, count * row_bytes);
    return;
  }
  for (std::size_t i = 0, row = first; i < count; ++i, row += every)
    std::memcpy(out + i * row_bytes, begins[row % files] + row / files * row_bytes, row_bytes);
}

void RowFiles::copy_bytes(SectionKind kind, std::uint32_t index, std::size_t row_bytes, std::uint64_t offset,
                          std::span<std::byte> out) const noexcept {
  const std::size_t files = files_.size();
  while (!out.empty()) {
    const std::uint64_t row = offset / row_bytes, within = offset % row_bytes;
    const std::byte* const begin = files_[row % files]->bytes(kind, index).data() + row / files * row_bytes;
    const std::size_t size = std::min<std::size_t>(out.size(), row_bytes - within);
    std::memcpy(out.data(), begin + within, size);
    out = out.subspan(size);
    offset += size;
  }
}

Result<std::uint32_t> count_shards(const std::string& path) {
  const auto file = Reader::open(path, [](SectionKind kind) { return kind == SectionKind::shard_files; });
  if (!file) return file.error();
  return static_cast<std::uint32_t>(shard_names(*file).size());
}

std::uint64_t bytes_with_shards(const std::string& path) {
  std::error_code code;
  std::uint64_t bytes = fs::file_size(path, code);
  if (code) return 0;
  const auto file = Reader::open(path, [](SectionKind kind) { return kind == SectionKind::shard_files; });
  if (!file) return 0;
  for (const std::string& name : shard_names(*file)) {
    const std::uint64_t more = fs::file_size(fs::path(path).parent_path() / name, code);
    if (code) return 0;
    bytes += more;
  }
  return bytes;
}

std::string shard_stem(const std::string& path, const RowOwners& owners) {
  return fmt::format("{}{}{}-of-{}", path, kShard, owners.rank, owners.ranks);
}

bool is_shard_of(const std::string& name, const std::string& model_name) {
  return name.starts_with(model_name + ".") && name.find(kShard, model_name.size()) != std::string::npos;
}

void remove_unnamed_shards(const std::string& path) {
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
  const std::string model = fs::path(path).filename().string();
  std::error_code code;
  std::vector<fs::path> shards, others;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    (is_shard_of(name, model) && name.find(".tmp") == std::string::npos ? shards : others).push_back(entry->path());
  }
  if (code || shards.empty()) return;
  std::set<std::string> named;
  for (const fs::path& other : others) {
    std::error_code gone;
    if (!fs::is_regular_file(other, gone)) continue;
    const auto file = Reader::open(other.string(), [](SectionKind kind) { return kind == SectionKind::shard_files; });
    if (!file) continue;
    for (std::string& name : shard_names(*file)) named.insert(std::move(name));
  }
  for (const fs::path& shard : shards) {
    std::error_code gone;
    if (!named.contains(shard.filename().string())) fs::remove(shard, gone);
  }
}

}  // namespace glissade
