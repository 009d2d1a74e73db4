#include "datasets/cache.h"

#define XXH_INLINE_ALL
#include <fcntl.h>
#include <sys/stat.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>

#include "datasets/atomic_file.h"
#include "datasets/mapped_file.h"
#include "datasets/mapped_rows.h"

namespace glissade::datasets {
namespace {

static_assert(std::endian::native == std::endian::little, "the cache is mapped, not converted");

constexpr std::array<char, 8> kMagic = {'G', 'L', 'S', 'C', '\r', '\n', '\x1a', '\n'};
constexpr std::uint32_t kVersion = 2;  // also part of the key: a new version never meets an old file
constexpr std::size_t kSections = 5;
constexpr std::uint64_t kAlignment = 64;

struct Section {
  std::uint64_t position = 0;
  std::uint64_t bytes = 0;
  Hash128 checksum;
};

struct Header {
  std::array<char, 8> magic{};
  std::uint32_t version = 0;
  std::uint32_t feature_count = 0;
  std::uint32_t label_count = 0;
  std::uint32_t id_base = 0;
  Hash128 key;
  std::uint64_t file_bytes = 0;
  std::array<Section, kSections> sections{};
  ReadChanges changes;
  std::uint64_t checksum = 0;  ///< XXH3-64 of everything before it
};
static_assert(sizeof(Header) == 256);
static_assert(std::has_unique_object_representations_v<Header>, "no hidden padding may reach the file or the checksum");

std::uint64_t checksum_of(const Header& header) noexcept { return XXH3_64bits(&header, offsetof(Header, checksum)); }

std::uint64_t aligned(std::uint64_t position) noexcept { return (position + kAlignment - 1) / kAlignment * kAlignment; }

using Bytes = std::span<const std::byte>;

std::array<Bytes, kSections> sections_of(const DatasetView& view) {
  return {std::as_bytes(view.features.offsets), std::as_bytes(view.features.ids), std::as_bytes(view.features.values),
          std::as_bytes(view.labels.offsets), std::as_bytes(view.labels.ids)};
}

/// One section of a file that is being written: small pieces are gathered, so that the file is not written row by row.
class SectionWriter {
 public:
  explicit SectionWriter(AtomicFile& file) : file_(file) { gathered_.reserve(kGathered); }

  Result<void> put(Bytes piece) {
    hasher_.add(piece.data(), piece.size());
    const std::string_view bytes(reinterpret_cast<const char*>(piece.data()), piece.size());
    if (gathered_.size() + bytes.size() > kGathered) {
      if (auto written = flush(); !written) return written;
      if (bytes.size() > kGathered) return file_.write(bytes);
    }
    gathered_.append(bytes);
    return {};
  }
  Result<void> flush() {
    auto written = file_.write(gathered_);
    gathered_.clear();
    return written;
  }
  Hash128 checksum() const { return hasher_.value(); }

 private:
  static constexpr std::size_t kGathered = std::size_t{1} << 20;
  AtomicFile& file_;
  ContentHasher hasher_;
  std::string gathered_;
};

Result<Section> write_section(AtomicFile& file, const CacheContents::Section& section) {
  const std::string padding(aligned(file.bytes()) - file.bytes(), '\0');
  if (auto written = file.write(padding); !written) return written.error();
  const std::uint64_t position = file.bytes();
  SectionWriter writer(file);
  if (auto written = section([&writer](Bytes piece) { return writer.put(piece); }); !written) return written.error();
  if (auto written = writer.flush(); !written) return written.error();
  return Section{position, file.bytes() - position, writer.checksum()};
}

Header header_for(const Hash128& key, const CacheContents& contents) {
  Header header;
  header.magic = kMagic;
  header.version = kVersion;
  header.feature_count = contents.feature_count;
  header.label_count = contents.label_count;
  header.id_base = static_cast<std::uint32_t>(contents.facts.id_base);
  header.changes = contents.facts.changes;
  header.key = key;
  return header;
}

std::string_view bytes_of(const Header& header) noexcept { return {reinterpret_cast<const char*>(&header), sizeof header}; }

/// The header of an intact file for this key whose sections lie inside the file.
std::optional<Header> checked_header(std::string_view file, const Hash128& key) {
  if (file.size() < sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, file.data(), sizeof header);
  const bool ours = header.magic == kMagic && header.version == kVersion && header.key == key;
  if (!ours || header.checksum != checksum_of(header) || header.file_bytes != file.size()) return std::nullopt;
  const auto base = static_cast<IdBase>(header.id_base);
  if (base != IdBase::zero && base != IdBase::one) return std::nullopt;
  for (const Section& section : header.sections) {
    const bool inside = section.position <= file.size() && section.bytes <= file.size() - section.position;
    if (!inside || section.position % kAlignment != 0) return std::nullopt;
  }
  return header;
}

/// The path behind the last section, which its checksum follows; "" in files that have none. Nothing if it is damaged.
std::optional<std::string> source_of(std::string_view file, const Header& header) {
  const Section& last = header.sections.back();
  std::string_view rest = file.substr(last.position + last.bytes);
  std::uint64_t checksum = 0;
  if (rest.empty()) return "";
  if (rest.size() < sizeof checksum) return std::nullopt;
  std::memcpy(&checksum, rest.data() + rest.size() - sizeof checksum, sizeof checksum);
  rest.remove_suffix(sizeof checksum);
  if (checksum != XXH3_64bits(rest.data(), rest.size())) return std::nullopt;
  return std::string(rest);
}

Result<void> write_source(AtomicFile& file, std::string_view source) {
  const std::uint64_t checksum = XXH3_64bits(source.data(), source.size());
  if (auto written = file.write(source); !written) return written;
  return file.write({reinterpret_cast<const char*>(&checksum), sizeof checksum});
}

/// Puts the time of a file's last reading back: looking at it is no use of it.
class ReadTime {
 public:
  explicit ReadTime(const std::string& path) : path_(path), known_(::stat(path.c_str(), &before_) == 0) {}
  ~ReadTime() {
    const timespec times[2] = {before_.st_atim, {0, UTIME_OMIT}};
    if (known_) ::utimensat(AT_FDCWD, path_.c_str(), times, 0);
  }
  ReadTime(const ReadTime&) = delete;
  ReadTime& operator=(const ReadTime&) = delete;

 private:
  const std::string& path_;
  struct stat before_ {};
  bool known_;
};

/// Notes when a file was last used, for who clears the cache. File systems do so once a day or not at all.
void note_use(const std::string& path) noexcept {
  const timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  ::utimensat(AT_FDCWD, path.c_str(), times, 0);  // it may be somebody else's
}

template <class T>
std::optional<std::span<const T>> section_as(std::string_view file, const Section& section) {
  if (section.bytes % sizeof(T) != 0) return std::nullopt;
  // The mapping starts on a page and sections on multiples of 64, so the elements are aligned.
  return std::span(reinterpret_cast<const T*>(file.data() + section.position), section.bytes / sizeof(T));
}

template <class T, class Good>
bool all_of(std::span<const T> items, const Good& good) {
  return tbb::parallel_reduce(
      tbb::blocked_range<std::size_t>(0, items.size(), std::size_t{1} << 16), true,
      [&](const tbb::blocked_range<std::size_t>& range, bool so_far) {
        bool all = so_far;
        for (std::size_t i = range.begin(); i < range.end(); ++i) all &= good(i);
        return all;
      },
      std::logical_and<>());
}

/// Offsets ascend from 0 to the number of ids, and ids are below `count`: what every user of a view relies on.
bool well_formed(const SparseRows& rows, std::uint32_t count) {
  const auto offsets = rows.offsets;
  const auto ids = rows.ids;
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != ids.size()) return false;
  return all_of(offsets, [offsets](std::size_t i) { return i == 0 || offsets[i - 1] <= offsets[i]; }) &&
         all_of(ids, [ids, count](std::size_t i) { return ids[i] < count; });
}

std::optional<DatasetView> checked_view(const MappedFile& mapped, const Header& header) {
  const std::string_view file = mapped.bytes();
  const auto& [feature_offsets, feature_ids, feature_values, label_offsets, label_ids] = header.sections;
  for (const Section& section : header.sections) {
    const auto read = [&mapped](std::string_view part) { mapped.leave(part); };
    if (content_hash(file.data() + section.position, section.bytes, read) != section.checksum) return std::nullopt;
  }
  const auto offsets = section_as<std::uint64_t>(file, feature_offsets);
  const auto ids = section_as<std::uint32_t>(file, feature_ids);
  const auto values = section_as<float>(file, feature_values);
  const auto label_ends = section_as<std::uint64_t>(file, label_offsets);
  const auto labels = section_as<std::uint32_t>(file, label_ids);
  if (!offsets || !ids || !values || !label_ends || !labels) return std::nullopt;
  const DatasetView view{header.feature_count, header.label_count, {*offsets, *ids, *values}, {*label_ends, *labels, {}}};
  const bool sizes_match = offsets->size() == label_ends->size() && values->size() == ids->size();
  if (!sizes_match || !well_formed(view.features, view.feature_count) || !well_formed(view.labels, view.label_count))
    return std::nullopt;
  return view;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string cache_directory(const ReadOptions& options) {
  if (!options.cache_directory.empty()) return options.cache_directory;
  if (auto own = environment("GLISSADE_CACHE"); !own.empty()) return own;
  if (auto shared = environment("XDG_CACHE_HOME"); !shared.empty()) return shared + "/glissade";
  if (auto home = environment("HOME"); !home.empty()) return home + "/.cache/glissade";
  return "";
}

Hash128 cache_key(std::string_view raw, const ReadOptions& options, const std::string& member,
                  const std::function<void(std::string_view)>& done) {
  // The base of ids means nothing to XMC: both spellings of the options share one cache file.
  const std::uint64_t base = options.format == Format::libsvm ? static_cast<std::uint64_t>(options.id_base) : 0;
  const Hash128 content = content_hash(raw.data(), raw.size(), done);
  const Hash128 name = member.empty() ? Hash128{} : content_hash(member.data(), member.size());
  const std::array<std::uint64_t, 8> parts = {content.low, content.high, raw.size(), static_cast<std::uint64_t>(options.format),
                                              base,        kVersion,     name.low,   name.high};
  return content_hash(parts.data(), sizeof parts);
}

std::string cache_path(const std::string& directory, const Hash128& key) { return directory + "/" + hex(key) + ".glsc"; }

std::optional<Dataset> load_cache(const std::string& path, const Hash128& key) {
  auto opened = MappedFile::open(path);
  if (!opened) return std::nullopt;
  const auto file = std::make_shared<const MappedFile>(std::move(*opened));
  const auto header = checked_header(file->bytes(), key);
  if (!header) return std::nullopt;
  const auto view = checked_view(*file, *header);
  if (!view || !source_of(file->bytes(), *header)) return std::nullopt;
  note_use(path);
  file->leave(file->bytes());
  return Dataset(*view, file, std::make_shared<const MappedRows>(file, *view),
                 {static_cast<IdBase>(header->id_base), header->changes}, CacheFile{path, key});
}

Result<void> store_cache(const std::string& path, const Hash128& key, const CacheContents& contents) {
  std::error_code ignored;  // if there is no directory, creating the file says why
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  Header header = header_for(key, contents);
  if (auto written = file->write(bytes_of(header)); !written) return written;  // its place; sizes and checksums come last
  for (std::size_t i = 0; i < kSections; ++i) {
    auto section = write_section(*file, contents.sections[i]);
    if (!section) return section.error();
    header.sections[i] = *section;
  }
  if (auto written = write_source(*file, contents.source); !written) return written;
  header.file_bytes = file->bytes();
  header.checksum = checksum_of(header);
  if (auto written = file->overwrite_begin(bytes_of(header)); !written) return written;
  return file->commit();
}

Result<void> store_cache(const std::string& path, const Hash128& key, const DatasetView& view, const ReadFacts& facts,
                         const std::string& source) {
  CacheContents contents{view.feature_count, view.label_count, facts, {}, source};
  const auto arrays = sections_of(view);
  for (std::size_t i = 0; i < kSections; ++i) {
    contents.sections[i] = [bytes = arrays[i]](const CacheContents::Put& put) { return put(bytes); };
  }
  return store_cache(path, key, contents);
}

std::optional<CacheSummary> summarise_cache(const std::string& path) {
  const ReadTime unchanged(path);
  const auto opened = MappedFile::open(path);
  if (!opened || opened->bytes().size() < sizeof(Header)) return std::nullopt;
  const std::string_view file = opened->bytes();
  Header first;
  std::memcpy(&first, file.data(), sizeof first);
  const auto header = checked_header(file, first.key);
  if (!header) return std::nullopt;
  const std::uint64_t rows = std::max<std::uint64_t>(header->sections[3].bytes / sizeof(std::uint64_t), 1) - 1;
  auto source = source_of(file, *header);
  if (!source) return std::nullopt;
  return CacheSummary{rows, header->feature_count, header->label_count, std::move(*source)};
}

}  // namespace glissade::datasets
