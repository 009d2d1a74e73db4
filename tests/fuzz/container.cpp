#include "tests/fuzz/container.h"

#include <xxhash.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "engine/model_file/layout.h"

namespace glissade::fuzz {
namespace {

using namespace model_file;

/// Packed bytes stand for a section of the kind `byte`, of index 0; from 128 on for that of `byte` - 128 of the layer 2.
std::uint32_t index_of(std::uint32_t kind, std::uint32_t byte) {
  if (kind != static_cast<std::uint32_t>(SectionKind::packed_bytes) || byte < 128) return byte;
  return byte - 128 + 2 * 256;
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

}  // namespace

std::string with_checksums(std::string_view bytes) {
  std::string file(bytes);
  Header header;
  if (file.size() < sizeof header) return file;
  std::memcpy(&header, file.data(), sizeof header);
  const std::uint64_t head = head_bytes(header.sections);
  if (header.sections > kMostSections || head > file.size()) return file;
  std::vector<Entry> entries(header.sections);
  if (!entries.empty()) std::memcpy(entries.data(), file.data() + sizeof header, entries.size() * sizeof(Entry));
  for (Entry& entry : entries) {
    const bool inside = entry.offset <= file.size() && entry.bytes <= file.size() - entry.offset;
    if (inside) entry.checksum = XXH3_64bits(file.data() + entry.offset, entry.bytes);
  }
  if (!entries.empty()) std::memcpy(file.data() + sizeof header, entries.data(), entries.size() * sizeof(Entry));
  header.checksum = head_checksum(bytes_of(file).first(head));
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

std::string container_of(std::string_view form) {
  std::vector<Entry> entries;
  std::vector<std::string_view> payloads;
  while (form.size() >= 4) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(form[i])); };
    entries.push_back({byte(0), index_of(byte(0), byte(1)), 0, byte(2) | byte(3) << 8, 0});
    form.remove_prefix(4);
    payloads.push_back(form.substr(0, entries.back().bytes));
    entries.back().bytes = payloads.back().size();
    form.remove_prefix(payloads.back().size());
  }
  std::uint64_t end = head_bytes(entries.size());
  for (Entry& entry : entries) {
    entry.offset = aligned(end);
    end = entry.offset + entry.bytes;
  }
  std::string file(end, '\0');
  Header header;
  header.sections = static_cast<std::uint32_t>(entries.size());
  header.file_bytes = end;
  std::memcpy(file.data(), &header, sizeof header);
  if (!entries.empty()) std::memcpy(file.data() + sizeof header, entries.data(), entries.size() * sizeof(Entry));
  for (std::size_t i = 0; i < entries.size(); ++i) payloads[i].copy(file.data() + entries[i].offset, payloads[i].size());
  return with_checksums(file);
}

}  // namespace glissade::fuzz
