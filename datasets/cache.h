#pragma once

#include <glissade/result.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "datasets/content_hash.h"
#include "datasets/dataset.h"
#include "datasets/read.h"

namespace glissade::datasets {

/// The binary cache: one file per (contents of the source file, how it was read, cache version), named after that key. Deleting
/// any of the files is always safe.
///
/// File: a 256-byte header, then feature offsets, feature ids, feature values, label offsets, label ids, each at a multiple of 64
/// bytes, then the path of the file that was read (for people, nothing depends on it) and its checksum. Little-endian. The time
/// of its last change is that of its last use. The header ends in its own checksum and holds one for each section.

/// The directory that `options` mean; empty when there is none (no home directory).
std::string cache_directory(const ReadOptions& options);

/// `raw` is the source file as on disk, before decompression, and `member` the file of an archive, if one is named. Calls
/// done(part) from any thread once a part has been read, if done is given.
Hash128 cache_key(std::string_view raw, const ReadOptions& options, const std::string& member = {},
                  const std::function<void(std::string_view)>& done = {});

std::string cache_path(const std::string& directory, const Hash128& key);

/// Maps a cache file. Nothing when there is none, or when it is not intact: every size, checksum, offset and id is verified
/// first, in parallel and at memory speed.
std::optional<Dataset> load_cache(const std::string& path, const Hash128& key);

/// What a cache file is made of, for rows that are not beside each other in memory.
struct CacheContents {
  using Put = std::function<Result<void>(std::span<const std::byte>)>;
  /// Puts the bytes of one array, in order, in pieces of any size. Ends with the first error of `put`.
  using Section = std::function<Result<void>(const Put& put)>;

  std::uint32_t feature_count = 0;
  std::uint32_t label_count = 0;
  ReadFacts facts;
  std::array<Section, 5> sections;  ///< feature offsets, ids, values; label offsets, ids. Called once each, in this order
  std::string source = {};          ///< path of what was read, "" = unknown
};

/// Writes a cache file, and its directory where needed: whole or not at all. Holds one piece and at most 1 MiB beside it.
Result<void> store_cache(const std::string& path, const Hash128& key, const CacheContents& contents);
Result<void> store_cache(const std::string& path, const Hash128& key, const DatasetView& view, const ReadFacts& facts,
                         const std::string& source = {});

/// What a cache file says of itself, without its rows. Only the header is verified.
struct CacheSummary {
  std::uint64_t rows = 0;
  std::uint32_t feature_count = 0;
  std::uint32_t label_count = 0;
  std::string source;  ///< "" = unknown
};

/// Nothing if `path` is no cache file of this version.
std::optional<CacheSummary> summarise_cache(const std::string& path);

}  // namespace glissade::datasets
