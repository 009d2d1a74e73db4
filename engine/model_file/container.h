#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <glissade/result.h>

namespace glissade::model_file {

/// Newest version that this build reads and writes. 2 is 1 with vectors beside the features, 3 is 2 with rows that count more or
/// less, 4 is 3 with rows that lie in other files, 5 is 4 with packed sections or rows of some connections, 6 is 5 with rows of
/// paths in other files, 7 is 6 with rows of the weights alone that they have connections for: a build that knows none would
/// answer as if they were not there. So a file has such a version only where it has them.
inline constexpr std::uint32_t kFormatVersion = 7;

/// What a section holds. Numbers are part of the format: never reuse one. `index` of a section tells parameter blocks apart (0 =
/// embedding bag, 1 = its bias, then the dense layers, then the output layer).
enum class SectionKind : std::uint32_t {
  config = 1,       ///< UTF-8 "name = value" lines
  state = 2,        ///< shape, step, epochs and other counters
  label_names = 3,  ///< names joined by '\n'
  feature_names = 4,
  label_counts = 5,   ///< uint32 per label
  weights = 6,        ///< float rows (fp32 storage)
  weights_high = 7,   ///< upper halves (bf16-mixed), or all there is (bf16)
  weights_low = 8,    ///< lower halves; needed for training only
  bias = 9,           ///< float per row
  first_moment = 10,  ///< float per weight; training only, like all optimiser state
  second_moment = 11,
  row_steps = 12,  ///< uint32 per row: the step that last touched it; training only
  bias_first_moment = 13,
  bias_second_moment = 14,
  first_moment_bf16 = 15,
  second_moment_bf16 = 16,
  row_second_moment = 17,    ///< float per row
  sparse_offsets = 18,       ///< uint64 per row + 1: index 0 the labels' sparse rows, 1 the training samples, 2 co-labels
  sparse_ids = 19,           ///< uint32 per entry
  sparse_values = 20,        ///< bf16 per entry
  feature_weights = 21,      ///< float per feature
  sample_label_begins = 22,  ///< uint64 per training sample + 1
  sample_labels = 23,        ///< uint32
  blend = 24,                ///< float per feature of a candidate that paths say: the weights of LinearRanker
  // Of a pass over the data that is under way, training only:
  pass = 25,             ///< how far it is, and its sums; read for inference, too
  pass_order = 26,       ///< uint32 per sample, where it does not follow from the seed
  run_notes = 27,        ///< UTF-8, from the application that trains
  table_numbers = 28,    ///< schedule, re-hash and hash functions of the hash tables
  table_offsets = 29,    ///< uint32 per bucket + 1; the index is the table
  table_ids = 30,        ///< uint32 per row
  drift = 31,            ///< float per row: index 0 what it has moved, 1 its length before
  rehash_rows = 32,      ///< uint32 per row of the re-hash under way
  rehash_codes = 33,     ///< uint32 per table and hashed row of it
  cluster_numbers = 34,  ///< of the learned table
  cluster_means = 35,    ///< rows: index 0 of the table, 1 of the pass over the rows that is under way
  cluster_frame = 36,    ///< float: means of rows and activations, of either
  cluster_rows = 37,     ///< uint32: index 0 rows by bucket, 1 sizes of buckets, 2 bucket by row
  cluster_codes = 38,    ///< bytes: index 0 by bucket, 1 by row
  cluster_lengths = 39,  ///< float: likewise
  ranker = 40,           ///< float per weight, see Ranker
  // Of a training that averages weights and is under way, training only:
  average = 41,               ///< float per weight and bias: the mean so far
  average_count = 42,         ///< uint64: steps in it
  data_notes = 43,            ///< UTF-8 of the application
  data_fingerprint = 44,      ///< uint64: of the rows that were trained on
  sparse_low = 45,            ///< uint16: lower halves of the labels' sparse rows, for training on
  sparse_second_moment = 46,  ///< float: squared gradients of the labels' sparse rows
  feature_factors = 47,       ///< float per feature: of the weighting of values, see FeatureTransform
  feature_labels = 50,        ///< uint32 per feature: the label that is the same thing
  sibling_fingerprint = 51,   ///< uint64: of which rows are kept together where the paths are weighed
  // Short codes of the output rows, to search by, see CodedRows:
  search_numbers = 56,  ///< uint32
  search_books = 57,    ///< float
  search_codes = 58,    ///< bytes: blocks of 32 rows, lists and sampled rows
  search_lists = 59,    ///< uint32: where each list begins, and the rows in the order of the lists
  calibration = 66,     ///< float: see Calibration
  mean_length = 67,     ///< float: mean length of the rows that the weighting was learned from, see FeatureTransform
  // From version 2 on, of a model that takes vectors:
  vector_scale = 72,  ///< float: a mean and a factor per column, see VectorScale
  // From version 3 on, of a model whose training rows do not count alike:
  sample_weights = 73,  ///< float per training sample: how many votes it has
  // From version 4 on, of a model whose rows of features and labels lie in files of their own beside it:
  shard_files = 80,     ///< UTF-8: their names, each ended by '\n', in the order of the ranks
  shard = 81,           ///< uint32: of such a file, which it is and of how many; row r is in file r % n
  search_queries = 82,  ///< float: hidden vectors of training rows, to make search codes with when the rows are together again
  average_bias = 83,    ///< float per bias: of a shard, whose `average` has the weights of its rows alone
  // From version 6 on, of such a model whose paths' rows lie in those files, too:
  shard_paths =
      84,  ///< uint64: rows of training samples in all; then 2^32 kind + index of each section that every file has rows of
  // From version 5 on, of a pruned model, in the place of other sections (engine/packing):
  packed_rows = 96,    ///< weights or weights_high of the layer `index`
  packed_matrix = 97,  ///< sparse rows `index`; 3: labels of the training samples
  packed_bytes = 98,   ///< section of the kind `index` % 256, whose own index is `index` / 256
  // Likewise, of layers in which rows have some of their connections only, training only:
  connections = 100,       ///< uint16: fan-in columns a row
  connection_steps = 101,  ///< uint32 per row: gradients that it has had
  gradient_means = 102,    ///< float per weight, with topology snfs
  // Of layers in which rows share connections, with and without training; `connections` then has a row of them per pattern:
  row_places = 108,  ///< uint32 per row, no two alike: with blocks of n rows, its pattern is number place / n
  // From version 7 on, of layers that have numbers for connections alone, with and without training: their rows of weights and
  // what the optimiser keeps of them have one for each, up to a multiple of 32, in the order of these:
  compact_connections = 109,  ///< uint16: fan-in rising columns a row
};

struct Section {
  SectionKind kind;
  std::uint32_t index = 0;
  std::span<const std::byte> bytes;
  /// Instead of `bytes`, for a section that is in no memory: fills `out` with what it has from `offset` on, the same bytes each
  /// time.
  std::function<void(std::uint64_t offset, std::span<std::byte> out)> read = {};
  std::uint64_t read_bytes = 0;

  std::uint64_t size() const noexcept { return read ? read_bytes : bytes.size(); }
};

/// The oldest version whose readers understand these sections.
std::uint32_t version_of(std::span<const Section> sections) noexcept;

/// Writes all sections: fixed header (magic, version, section count, checksum), section table with offset, size and XXH3 of each,
/// payloads aligned to 4,096 bytes, little-endian. Temporary file beside `path`, fsync, rename, fsync of the folder. On failure
/// `path` is untouched and the temporary file is removed.
Result<void> write(const std::string& path, std::span<const Section> sections);

/// The same for a file that is named after its content: `stem`, '.' and Reader::checksum() as 16 hexadecimal digits. Returns its
/// path.
Result<std::string> write_by_content(const std::string& stem, std::span<const Section> sections);

/// Whether a file of that name, by write_by_content(), has these contents.
bool is_named_after(const std::string& path, std::uint64_t checksum);

/// A model file mapped read-only. Sections point into the mapping, which lives as long as any copy of the reader's handle.
class Reader {
 public:
  /// Maps `path`, checks magic, version, header, table and sizes (overflow-safe), and the checksum of each section for which
  /// `wanted` is true (all if empty).
  static Result<Reader> open(const std::string& path, bool (*wanted)(SectionKind) = nullptr);

  bool has(SectionKind kind, std::uint32_t index = 0) const noexcept;
  /// Empty if there is no such section.
  std::span<const std::byte> bytes(SectionKind kind, std::uint32_t index = 0) const noexcept;
  /// All, by kind, then by index.
  std::span<const Section> sections() const noexcept { return sections_; }
  /// The same file with `made` in the place of its sections of the kinds for which `replaced` is true. `owner` keeps their bytes
  /// alive, and mapping() keeps `owner`.
  Reader with(std::vector<Section> made, std::shared_ptr<const void> owner, bool (*replaced)(SectionKind)) const;
  const std::string& path() const noexcept { return path_; }
  /// Of header and section table, which has the checksums of all sections: so of the content.
  std::uint64_t checksum() const noexcept { return checksum_; }
  /// Keeps the mapping alive.
  std::shared_ptr<const void> mapping() const noexcept { return mapping_; }

 private:
  const Section* find(SectionKind kind, std::uint32_t index) const noexcept;

  std::string path_;
  std::uint64_t checksum_ = 0;
  std::shared_ptr<const void> mapping_;
  std::vector<Section> sections_;  ///< by kind, then by index
};

}  // namespace glissade::model_file
