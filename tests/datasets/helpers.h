#pragma once

// Folders that vanish, small files, and comparison of data sets, for the tests of this folder.

#include <glissade/views.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/system/temporary_folder.h"

namespace glissade::datasets::testing {

using glissade::testing::TemporaryFolder;

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string zstd_of(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

inline std::string gzip_of(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// A file for zip_of().
struct Zipped {
  std::string name;
  std::string text;
  bool deflated = true;
  bool sizes_behind = false;  ///< in the local header they are 0, as where the archive was written to a pipe
};

/// A zip archive with a directory, and a comment if one is given.
inline std::string zip_of(const std::vector<Zipped>& files, const std::string& comment = "") {
  const auto number = [](std::size_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i, value >>= 8) out += static_cast<char>(value & 0xff);
    return out;
  };
  // Of a kind that nobody knows, with two bytes.
  const std::string kExtra = "ee" + number(2, 2) + "xx";
  std::string out, directory;
  for (const Zipped& file : files) {
    std::string data = file.text;
    if (file.deflated) {  // what gzip has between its 10 bytes of header and 8 of trailer
      const std::string packed = gzip_of(file.text);
      data = packed.substr(10, packed.size() - 18);
    }
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(file.text.data()), static_cast<uInt>(file.text.size()));
    const std::string kind =
        number(20, 2) + number(file.sizes_behind ? 8 : 0, 2) + number(file.deflated ? 8 : 0, 2) + number(0, 4);
    const std::string sizes = number(crc, 4) + number(data.size(), 4) + number(file.text.size(), 4);
    directory += "PK\x01\x02" + number(20, 2) + kind + sizes + number(file.name.size(), 2) + number(6, 2) + number(2, 2) +
                 number(0, 8) + number(out.size(), 4) + file.name + kExtra + "cc";
    out += "PK\x03\x04" + kind + (file.sizes_behind ? number(0, 12) : sizes) + number(file.name.size(), 2) + number(12, 2) +
           file.name + kExtra + kExtra + data;
    if (file.sizes_behind) out += "PK\x07\x08" + sizes;
  }
  return out + directory + "PK\x05\x06" + number(0, 4) + number(files.size(), 2) + number(files.size(), 2) +
         number(directory.size(), 4) + number(out.size(), 4) + number(comment.size(), 2) + comment;
}

/// Pages of [data, data + bytes) that lie wholly inside it and are in this process's page tables.
inline std::size_t resident_pages(const void* data, std::size_t bytes) {
  constexpr std::size_t kPage = 4096;
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kPage - 1) / kPage;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / kPage;
  std::size_t count = 0;
  std::FILE* const pages = std::fopen("/proc/self/pagemap", "rb");
  if (pages == nullptr) return 0;
  for (std::uintptr_t page = begin; page < end; ++page) {
    std::uint64_t entry = 0;
    std::fseek(pages, static_cast<long>(page * sizeof entry), SEEK_SET);
    if (std::fread(&entry, sizeof entry, 1, pages) == 1) count += entry >> 63;
  }
  std::fclose(pages);
  return count;
}

inline bool same(const SparseRows& a, const SparseRows& b) {
  const auto equal = [](auto left, auto right) {
    return std::vector(left.begin(), left.end()) == std::vector(right.begin(), right.end());
  };
  return equal(a.offsets, b.offsets) && equal(a.ids, b.ids) && equal(a.values, b.values);
}

inline bool same(const DatasetView& a, const DatasetView& b) {
  return a.feature_count == b.feature_count && a.label_count == b.label_count && same(a.features, b.features) &&
         same(a.labels, b.labels);
}

}  // namespace glissade::datasets::testing
