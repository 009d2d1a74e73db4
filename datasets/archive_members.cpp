#include "datasets/archive_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "datasets/message.h"

namespace glissade::datasets {
namespace {

using Kind = ArchiveReader::Kind;
using namespace std::string_view_literals;

constexpr std::string_view kZipFile = "PK\x03\x04", kZipEnd = "PK\x05\x06";

struct Member {
  std::string name;
  std::string link;
  std::string doubt;
  bool encrypted = false;
  std::size_t place = 0;  ///< how many come before it
};

/// macOS keeps what a file has beside its contents in files of its own.
bool from_macos(std::string_view name) {
  return name.starts_with("__MACOSX/") || name.substr(name.rfind('/') + 1).starts_with("._");
}

/// How many files the directory at the end of a zip archive counts, modulo 2^16; 0xffff where there may be more than it can
/// count. A directory whose first entries are damaged looks like a shorter one to libarchive.
std::size_t counted_in_directory(std::string_view bytes) {
  constexpr std::size_t kCount = 10;
  const std::size_t end = bytes.rfind(kZipEnd);
  if (end == std::string_view::npos || bytes.size() - end < kCount + 2) return 0xffff;
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[end + i])); };
  return byte(kCount) | byte(kCount + 1) << 8;
}

Result<std::vector<Member>> members_of(std::string_view bytes, Kind kind, const std::string& path) {
  auto reader = ArchiveReader::open(bytes, kind, path);
  if (!reader) return reader.error();
  std::vector<Member> members;
  std::size_t place = 0;
  for (;; ++place) {
    const auto more = reader->next();
    if (!more) return more.error();
    if (!*more) break;
    Member member{reader->name(), reader->link(), reader->doubt(), reader->encrypted(), place};
    if ((reader->is_file() || !member.link.empty()) && !member.name.empty() && !from_macos(member.name))
      members.push_back(std::move(member));
  }
  const std::size_t counted = kind == Kind::zip ? counted_in_directory(bytes) : 0xffff;
  if (counted != 0xffff && counted != (place & 0xffff)) return not_intact(path, "zip", "damaged directory");
  return members;
}

/// "a.txt, b.txt and 7 more".
std::string names_of(const std::vector<Member>& members) {
  constexpr std::size_t kMost = 4;
  constexpr std::size_t kLongest = 60;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, members.size()); ++i)
    text += (i > 0 ? ", " : "") + shown(members[i].name, kLongest);
  if (members.size() > kMost) text += fmt::format(" and {} more", members.size() - kMost);
  return text;
}

Result<Member> choose(std::vector<Member> members, Kind kind, const std::string& name, const std::string& path) {
  const std::string_view archive = ArchiveReader::name_of(kind);
  if (!name.empty()) {
    const auto same = [&](const Member& member) { return member.name == name; };
    const auto found = std::find_if(members.rbegin(), members.rend(), same);
    if (found != members.rend()) return *found;
  }
  std::erase_if(members, [](const Member& member) { return !member.link.empty(); });
  if (members.empty())
    return runtime_error(fmt::format("{} is a {} archive without files; give a file with data", datasets::quoted(path), archive));
  if (!name.empty())
    return runtime_error(
        fmt::format("{}: the {} archive holds no such file; it holds {}", datasets::quoted(path), archive, names_of(members)));
  if (members.size() == 1) return members.front();
  return runtime_error(fmt::format("{} is a {} archive of {} files ({}); name one of them, as ARCHIVE:{}", datasets::quoted(path),
                                   archive, members.size(), names_of(members), shown(members.front().name, 60)));
}

/// Whether a member can be read at all.
Result<void> readable(const Member& member, Kind kind, const std::string& path) {
  const std::string_view archive = ArchiveReader::name_of(kind);
  if (!member.link.empty()) {
    return runtime_error(fmt::format("{}: '{}' in this {} archive is a link; name the file that it leads to, '{}'",
                                     datasets::quoted(path), shown(member.name, 60), archive, shown(member.link, 60)));
  }
  if (member.encrypted) {
    return runtime_error(fmt::format("{}: '{}' in this {} archive is encrypted; unpack it", datasets::quoted(path),
                                     shown(member.name, 60), archive));
  }
  return member.doubt.empty() ? Result<void>() : not_intact(path, archive, member.doubt);
}

}  // namespace

std::optional<Kind> archive_kind(std::string_view bytes) noexcept {
  constexpr std::size_t kTarHeader = 512, kTarMark = 257, kTarMode = 100;
  if (bytes.starts_with(kZipFile) || bytes.starts_with(kZipEnd)) return Kind::zip;
  // Text may have the word in that place, but no zero bytes before it.
  const bool tar = bytes.size() >= kTarHeader && bytes.substr(kTarMark).starts_with("ustar") &&
                   bytes.substr(kTarMode, kTarMark - kTarMode).find('\0') != std::string_view::npos;
  return tar ? std::optional(Kind::tar) : std::nullopt;
}

Result<void> unpack_member(std::string_view bytes, Kind kind, const std::string& name, const std::string& path,
                           Unpacked& output) {
  // An archive of nothing is its end alone, which libarchive does not take for one.
  std::vector<Member> members;
  if (!bytes.starts_with(kZipEnd)) {
    auto listed = members_of(bytes, kind, path);
    if (!listed) return listed.error();
    members = std::move(*listed);
  }
  const auto member = choose(std::move(members), kind, name, path);
  if (!member) return member.error();
  if (auto can = readable(*member, kind, path); !can) return can;
  auto reader = ArchiveReader::open(bytes, kind, path);
  if (!reader) return reader.error();
  for (std::size_t passed = 0; passed <= member->place; ++passed) {
    const auto more = reader->next();
    if (!more) return more.error();
  }
  return reader->read(output);
}

}  // namespace glissade::datasets
