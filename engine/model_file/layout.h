#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/model_file/container.h"

// Format version 1, little-endian:
//
//   byte 0   Header, 32 bytes
//   byte 32  Entry x Header::sections, 32 bytes each
//            payloads in the order of their entries, each at the next multiple of 4,096; the gaps are 0
//
// The file ends with the last payload. A layout that leaves no choice lets the reader compare instead of interpret: an offset or
// size that is not the one it expects is an error, so sections can neither overlap nor lie outside of the file.
namespace glissade::model_file {

static_assert(std::endian::native == std::endian::little, "model files are little-endian and mapped as they are");

/// No text file begins with the first byte, and a transfer in text mode spoils the line end.
inline constexpr std::array<unsigned char, 8> kMagic = {0x89, 'G', 'L', 'S', 'D', '\r', '\n', 0x1a};
inline constexpr std::uint64_t kAlignment = 4096;
/// Room for 4,096 hash tables (two sections each) and 32 MiB of section table at the most: a bound for damaged headers.
inline constexpr std::uint32_t kMostSections = std::uint32_t{1} << 20;

struct Header {
  std::array<unsigned char, 8> magic = kMagic;
  std::uint32_t version = kFormatVersion;
  std::uint32_t sections = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3 of header and section table, with this field 0
};
static_assert(sizeof(Header) == 32);

struct Entry {
  std::uint32_t kind = 0;
  std::uint32_t index = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3 of the payload
};
static_assert(sizeof(Entry) == 32);

constexpr std::uint64_t head_bytes(std::uint64_t sections) noexcept { return sizeof(Header) + sections * sizeof(Entry); }

constexpr std::uint64_t aligned(std::uint64_t offset) noexcept { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

/// Checksum of header and table as one block of bytes, whatever its checksum field holds.
std::uint64_t head_checksum(std::span<const std::byte> head);

/// "weights_high 3" for messages.
std::string section_name(SectionKind kind, std::uint32_t index);

}  // namespace glissade::model_file
