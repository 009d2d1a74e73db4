#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>
#include <system_error>
#include <vector>

#include "engine/model_file/layout.h"
#include "system/message.h"
#include "system/temporary_file.h"

namespace glissade::model_file {
namespace {

namespace fs = std::filesystem;

Error cannot_write(const std::string& path, const std::string& why) {
  return runtime_error(system::quoted(path) + " cannot be written: " + why);
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// The file to replace: behind a symbolic link, so that the link stays one. Refuses what a rename would destroy or cannot
/// replace.
Result<std::string> resolve_target(const std::string& path) {
  if (path.empty()) return cannot_write(path, "the file name is empty");
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (fs::is_directory(status)) return cannot_write(path, "it is a folder; give the name of a file");
  if (fs::exists(status)) {
    if (!fs::is_regular_file(status)) return cannot_write(path, "it exists and is not a regular file");
    if (::access(path.c_str(), W_OK) != 0) return cannot_write(path, "the file that is there is write-protected");
    const fs::path target = fs::canonical(path, code);
    return code ? path : target.string();
  }
  if (!fs::is_directory(folder_of(path), code)) {
    return cannot_write(path, "there is no folder " + system::quoted(folder_of(path)) + "; create it first");
  }
  return path;
}

constexpr std::size_t kPiece = std::size_t{1} << 20;  ///< of a section that is in no memory

/// Calls use(piece, offset in the section) for all of a section, until use() returns something else than 0.
template <class Use>
int for_each_piece(const Section& section, const Use& use) {
  if (!section.read) return use(section.bytes, 0);
  std::vector<std::byte> piece;
  for (std::uint64_t offset = 0; offset < section.read_bytes; offset += kPiece) {
    piece.resize(std::min<std::uint64_t>(kPiece, section.read_bytes - offset));
    section.read(offset, piece);
    if (const int failed = use(std::span<const std::byte>(piece), offset)) return failed;
  }
  return 0;
}

std::uint64_t checksum_of(const Section& section) {
  if (!section.read) return XXH3_64bits(section.bytes.data(), section.bytes.size());
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
  if (!state) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  for_each_piece(section, [&](std::span<const std::byte> piece, std::uint64_t) {
    XXH3_64bits_update(state.get(), piece.data(), piece.size());
    return 0;
  });
  return XXH3_64bits_digest(state.get());
}

/// Header and section table as they go to the file, with all checksums.
std::vector<std::byte> make_head(std::span<const Section> sections) {
  std::vector<Entry> entries;
  std::uint64_t end = head_bytes(sections.size());
  for (const Section& section : sections) {
    Entry entry;
    entry.kind = static_cast<std::uint32_t>(section.kind);
    entry.index = section.index;
    entry.offset = aligned(end);
    entry.bytes = section.size();
    entry.checksum = checksum_of(section);
    end = entry.offset + entry.bytes;
    entries.push_back(entry);
  }
  Header header;
  header.version = version_of(sections);
  header.sections = static_cast<std::uint32_t>(sections.size());
  header.file_bytes = end;
  std::vector<std::byte> head(head_bytes(sections.size()));
  std::memcpy(head.data(), &header, sizeof header);
  if (!entries.empty()) std::memcpy(head.data() + sizeof header, entries.data(), entries.size() * sizeof(Entry));
  header.checksum = head_checksum(head);
  std::memcpy(head.data(), &header, sizeof header);
  return head;
}

/// 0 or the errno of what failed.
int write_all(const system::TemporaryFile& file, std::span<const std::byte> head, std::span<const Section> sections) {
  if (const int failed = file.write_at(head, 0)) return failed;
  std::uint64_t end = head.size();
  for (const Section& section : sections) {
    const std::uint64_t offset = aligned(end);
    const int failed = for_each_piece(
        section, [&](std::span<const std::byte> piece, std::uint64_t at) { return file.write_at(piece, offset + at); });
    if (failed != 0) return failed;
    end = offset + section.size();
  }
  return file.set_size(end);  // the gap before a last section without bytes
}

/// All of it, under a name that may follow from the head.
template <class Name>
Result<std::string> write_as(std::span<const Section> sections, const Name& name) {
  const std::vector<std::byte> head = make_head(sections);
  Header header;
  std::memcpy(&header, head.data(), sizeof header);
  std::string path = name(header);
  if (sections.size() > kMostSections) {
    return cannot_write(path,
                        std::to_string(sections.size()) + " sections, a model file has at most " + std::to_string(kMostSections));
  }
  const Result<std::string> target = resolve_target(path);
  if (!target) return target.error();
  system::TemporaryFile file;
  if (const int failed = file.create_beside(*target))
    return cannot_write(*target, system::error_text(failed) + "; choose a folder that you may write to");
  int failed = write_all(file, head, sections);
  if (failed == 0) failed = file.put_in_place();
  if (failed != 0) {
    return cannot_write(path, system::error_text(failed) + " (it takes " + system::bytes_text(header.file_bytes) +
                                  "); make room there or choose another folder");
  }
  return path;  // moved: the file is in its place, and nothing may fail any more
}

std::string content_name(std::uint64_t checksum) {
  char text[24];
  std::snprintf(text, sizeof text, ".%016llx", static_cast<unsigned long long>(checksum));
  return text;
}

}  // namespace

std::uint32_t version_of(std::span<const Section> sections) noexcept {
  const auto has = [&](SectionKind kind) { return std::ranges::find(sections, kind, &Section::kind) != sections.end(); };
  if (has(SectionKind::compact_connections)) return 7;
  if (has(SectionKind::shard_paths)) return 6;
  if (has(SectionKind::packed_rows) || has(SectionKind::packed_matrix) || has(SectionKind::packed_bytes)) return 5;
  if (has(SectionKind::connections)) return 5;
  if (has(SectionKind::shard_files) || has(SectionKind::shard)) return 4;
  if (has(SectionKind::sample_weights)) return 3;
  return has(SectionKind::vector_scale) ? 2 : 1;
}

Result<void> write(const std::string& path, std::span<const Section> sections) {
  auto written = write_as(sections, [&](const Header&) { return path; });
  return written ? Result<void>() : written.error();
}

Result<std::string> write_by_content(const std::string& stem, std::span<const Section> sections) {
  return write_as(sections, [&](const Header& header) { return stem + content_name(header.checksum); });
}

bool is_named_after(const std::string& path, std::uint64_t checksum) { return path.ends_with(content_name(checksum)); }

}  // namespace glissade::model_file
