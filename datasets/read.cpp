#include "datasets/read.h"

#include <chrono>
#include <optional>
#include <utility>

#include "datasets/cache.h"
#include "datasets/decompress.h"
#include "datasets/mapped_file.h"
#include "datasets/parse.h"

namespace glissade::datasets {
namespace {

class Watch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// Where the cache file of one source file belongs.
struct CachePlace {
  Hash128 key;
  std::string path;
};

std::optional<CachePlace> place_in_cache(const Source& source, const ReadOptions& options) {
  const MappedFile& file = source.file;
  if (!options.use_cache || file.bytes().empty()) return std::nullopt;
  const std::string directory = cache_directory(options);
  if (directory.empty()) return std::nullopt;
  // A text several times as large as what is loaded from the cache should not make the peak of a training run.
  const Hash128 key = cache_key(file.bytes(), options, source.member, [&file](std::string_view part) { file.leave(part); });
  return CachePlace{key, cache_path(directory, key)};
}

}  // namespace

Result<Dataset> read_dataset(const std::string& path, const ReadOptions& options, ReadReport* report) {
  const Watch total;
  ReadReport unused;
  ReadReport& cost = report != nullptr ? *report : unused;
  cost = {};
  auto source = open_source(path);
  if (!source) return source.error();
  cost.file_bytes = source->file.bytes().size();

  const auto cached = place_in_cache(*source, options);
  if (cached) {
    if (auto loaded = load_cache(cached->path, cached->key)) {
      cost.from_cache = true;
      cost.facts = loaded->facts();
      cost.total_seconds = total.seconds();
      return std::move(*loaded);
    }
  }

  const Watch decompression;
  auto text = Text::from(std::move(*source), path);
  if (!text) return text.error();
  cost.text_bytes = text->text().size();
  if (text->compressed()) cost.decompress_seconds = decompression.seconds();

  const Watch parsing;
  auto dataset = parse_dataset(text->text(), path, {.format = options.format, .id_base = options.id_base});
  cost.parse_seconds = parsing.seconds();
  if (dataset) {
    cost.facts = dataset->facts();
    cost.facts.changes.byte_order_marks = text->has_byte_order_mark() ? 1 : 0;
  }
  // The cache is a convenience: where it cannot be written, the data set is there all the same. Where it is written, a mapped
  // file takes the place of arrays, whose memory then is free for what is done with the data.
  if (dataset && cached && store_cache(cached->path, cached->key, dataset->view(), cost.facts, path)) {
    if (auto mapped = load_cache(cached->path, cached->key)) dataset = std::move(*mapped);
  }
  cost.total_seconds = total.seconds();
  return dataset;
}

}  // namespace glissade::datasets
