#include "datasets/zip_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "datasets/message.h"

namespace glissade::datasets {
namespace {

// Layouts of APPNOTE 6.3: 4.3.7 local header, 4.3.12 entry of the directory, 4.3.16 end of the directory.
constexpr std::size_t kLocalHeader = 30, kEntry = 46, kEnd = 22, kLongestComment = 65535;
constexpr std::string_view kLocalMark = "PK\x03\x04", kEntryMark = "PK\x01\x02", kEndMark = "PK\x05\x06";

Error corrupt(const std::string& path, const std::string& why) {
  return runtime_error(fmt::format("{} is not intact zip data ({}); fetch or compress the file again", quoted(path), why));
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Where the record that ends the directory begins: the last one whose comment reaches to the end of the archive.
std::optional<std::size_t> find_end(std::string_view archive) {
  if (archive.size() < kEnd) return std::nullopt;
  const std::size_t last = archive.size() - kEnd;
  for (std::size_t back = 0; back <= std::min(last, kLongestComment); ++back) {
    const std::size_t at = last - back;
    if (archive.substr(at).starts_with(kEndMark) && little_endian(archive, at + 20, 2) == back) return at;
  }
  return std::nullopt;
}

bool counts(std::string_view name) { return !name.empty() && !name.ends_with('/') && !name.starts_with("__MACOSX/"); }

Result<std::vector<ZipMember>> members_of(std::string_view archive, const std::string& path) {
  const auto end = find_end(archive);
  if (!end) return corrupt(path, "the directory at its end is missing");
  const auto at = [&](std::size_t place, std::size_t count) { return little_endian(archive, place, count); };
  const std::uint32_t entries = at(*end + 10, 2);
  const std::uint64_t size = at(*end + 12, 4), start = at(*end + 16, 4);
  if (entries == 0xffff || size == 0xffffffff || start == 0xffffffff || at(*end + 4, 2) == 0xffff)
    return runtime_error(fmt::format("{} is a Zip64 archive, which is not read here; unpack it", quoted(path)));
  if (at(*end + 4, 2) != 0 || at(*end + 6, 2) != 0)
    return runtime_error(fmt::format("{} is one part of a split zip archive; join and unpack it", quoted(path)));
  if (start + size > *end) return corrupt(path, "its directory lies outside");
  std::vector<ZipMember> members;
  std::size_t place = start;
  for (std::uint32_t i = 0; i < entries; ++i) {
    if (place + kEntry > *end || !archive.substr(place).starts_with(kEntryMark)) return corrupt(path, "damaged directory");
    const std::size_t name = at(place + 28, 2), extra = at(place + 30, 2), comment = at(place + 32, 2);
    if (place + kEntry + name + extra + comment > *end) return corrupt(path, "damaged directory");
    members.push_back({std::string(archive.substr(place + kEntry, name)), at(place + 8, 2), at(place + 10, 2), at(place + 16, 4),
                       at(place + 20, 4), at(place + 24, 4), at(place + 42, 4)});
    place += kEntry + name + extra + comment;
  }
  return members;
}

/// "a.txt, b.txt and 7 more".
std::string names_of(const std::vector<ZipMember>& members) {
  constexpr std::size_t kMost = 4;
  constexpr std::size_t kLongest = 60;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, members.size()); ++i)
    text += (i > 0 ? ", " : "") + shown(members[i].name, kLongest);
  if (members.size() > kMost) text += fmt::format(" and {} more", members.size() - kMost);
  return text;
}

}  // namespace

bool is_zip(std::string_view bytes) noexcept { return bytes.starts_with(kLocalMark) || bytes.starts_with(kEndMark); }

Result<ZipMember> find_member(std::string_view archive, const std::string& name, const std::string& path) {
  auto members = members_of(archive, path);
  if (!members) return members.error();
  std::erase_if(*members, [](const ZipMember& member) { return !counts(member.name); });
  if (members->empty())
    return runtime_error(fmt::format("{} is a zip archive without files; give a file with data", quoted(path)));
  if (name.empty()) {
    if (members->size() == 1) return members->front();
    return runtime_error(fmt::format("{} is a zip archive of {} files ({}); name one of them, as ARCHIVE:{}", quoted(path),
                                     members->size(), names_of(*members), shown(members->front().name, 60)));
  }
  const auto found = std::ranges::find(*members, name, &ZipMember::name);
  if (found != members->end()) return *found;
  return runtime_error(fmt::format("{}: the zip archive holds no such file; it holds {}", quoted(path), names_of(*members)));
}

Result<std::string_view> packed_bytes(std::string_view archive, const ZipMember& member, const std::string& path) {
  constexpr std::uint32_t kStored = 0, kDeflated = 8, kEncrypted = 1 | 1 << 6 | 1 << 13;
  if ((member.flags & kEncrypted) != 0)
    return runtime_error(fmt::format("{}: '{}' in this zip archive is encrypted; unpack it", quoted(path), shown(member.name)));
  if (member.bytes == 0xffffffff || member.packed_bytes == 0xffffffff || member.header == 0xffffffff)
    return runtime_error(fmt::format("{} is a Zip64 archive, which is not read here; unpack it", quoted(path)));
  if (member.method != kStored && member.method != kDeflated) {
    return runtime_error(fmt::format("{}: '{}' in this zip archive is packed by method {}, which is not known here; unpack it",
                                     quoted(path), shown(member.name), member.method));
  }
  if (member.header + kLocalHeader > archive.size() || !archive.substr(member.header).starts_with(kLocalMark))
    return corrupt(path, "a file is not where its directory says");
  const std::uint64_t start = member.header + kLocalHeader + little_endian(archive, member.header + 26, 2) +
                              little_endian(archive, member.header + 28, 2);
  if (start > archive.size() || member.packed_bytes > archive.size() - start) return corrupt(path, "the file ends too early");
  if (member.method == kStored && member.packed_bytes != member.bytes) return corrupt(path, "two sizes for one stored file");
  return archive.substr(start, member.packed_bytes);
}

}  // namespace glissade::datasets
