#include "datasets/read.h"

#include <chrono>
#include <optional>
#include <utility>

#include "datasets/cache.h"
#include "datasets/decompress.h"
#include "datasets/mapped_file.h"
#include "datasets/parse.h"
#include "datasets/xmc_pair.h"

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

/// `labels`: the other file of a pair, if any.
std::optional<CachePlace> place_in_cache(const Source& source, const std::optional<Source>& labels, const ReadOptions& options) {
  const MappedFile& file = source.file;
  if (!options.use_cache || file.bytes().empty()) return std::nullopt;
  const std::string directory = cache_directory(options);
  if (directory.empty()) return std::nullopt;
  // A text several times as large as what is loaded from the cache should not make the peak of a training run.
  const std::string_view other = labels ? labels->file.bytes() : std::string_view();
  const std::string member = labels ? "labels:" + hex(content_hash(other.data(), other.size())) : source.member;
  const Hash128 key = cache_key(file.bytes(), options, member, [&file](std::string_view part) { file.leave(part); });
  return CachePlace{key, cache_path(directory, key)};
}

/// The text of a file of labels that lies beside one of features, parsed with that.
Result<Dataset> parse_pair(const Text& features, const std::string& path, Source labels, const std::string& labels_path) {
  const auto text = Text::from(std::move(labels), labels_path);
  if (!text) return text.error();
  return parse_xmc_pair(features.text(), path, text->text(), labels_path);
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
  std::optional<Source> labels;
  if (options.format == Format::xmc) cost.labels_path = labels_beside(path);
  if (!cost.labels_path.empty()) {
    auto opened = open_source(cost.labels_path);
    if (!opened) return opened.error();
    labels = std::move(*opened);
    cost.file_bytes += labels->file.bytes().size();
  }

  const auto cached = place_in_cache(*source, labels, options);
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
  auto dataset = labels ? parse_pair(*text, path, std::move(*labels), cost.labels_path)
                        : parse_dataset(text->text(), path, {.format = options.format, .id_base = options.id_base});
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
