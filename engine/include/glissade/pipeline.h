#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/result.h>

namespace glissade {

/// What a column of records is to a model.
enum class ColumnKind {
  text,        ///< words: each is a feature, valued by how often it stands there
  categories,  ///< each different text is a feature "column=text" of value 1
  numbers,     ///< one feature "column=", (value - mean) / deviation of the rows that it was fitted to; no text: no feature
};

struct PipelineColumn {
  std::string name;
  ColumnKind kind = ColumnKind::text;
  double mean = 0, deviation = 1;  ///< of numbers: learned
  friend bool operator==(const PipelineColumn&, const PipelineColumn&) = default;
};

/// How texts become words. A word is a run of letters, digits and combining marks (Unicode), lower case, Latin, Greek and
/// Cyrillic letters without accents, compatibility forms (ligatures, full width) as plain ones; with '+' or '#' right behind it,
/// if no word follows ("c++", "c#"). Scripts that write no spaces (Han, Kana, Thai, Lao, Khmer, Burmese) give overlapping pairs
/// of characters. Invalid UTF-8 separates words.
struct PipelineOptions {
  std::vector<PipelineColumn> columns;  ///< in the order of a record's fields, names unique
  std::uint32_t word_ngrams = 1;        ///< also runs of up to so many words between stops, as "two words"; 1 .. 3
  /// Also runs of up to four words that a phrase given to fit_pipeline() has, such as a label's name: set by the fit.
  bool name_runs = false;
  std::uint32_t shortest_piece = 0;       ///< also the pieces of each word, of so many characters ..
  std::uint32_t longest_piece = 0;        ///< .. up to so many, as "~pie"; '_' marks the word's ends; 0 = none, at most 8
  std::string stemmer;                    ///< a Snowball algorithm ("english"); "" = none
  bool columns_apart = false;             ///< words of each text column are features of their own, as "column:word"
  std::uint32_t min_rows = 1;             ///< words that fewer rows have are left out
  std::uint32_t max_features = 1u << 22;  ///< of words and categories, the ones that most rows have
  friend bool operator==(const PipelineOptions&, const PipelineOptions&) = default;
};

/// The fields of a record, one entry per column: its texts. Several are as one text with spaces between them (text columns), or
/// several categories; none is a field without a value.
using Record = std::span<const std::span<const std::string_view>>;

/// One record as features. The spans stay valid until the workspace is used again.
struct PipelineRow {
  std::span<const std::uint32_t> ids;  ///< ascending, each once
  std::span<const float> values;
  std::uint32_t words = 0;    ///< words and categories of the record, not counting runs and pieces of words
  std::uint32_t unknown = 0;  ///< of these, no features
  /// The first column of numbers whose text is none, or -1. It counts as without a value.
  std::int32_t no_number = -1;
};

/// Turns records with named columns into rows of features, as a model was trained on them. Immutable; const members are
/// thread-safe. Values are counts (text), 1 (categories) and standardised numbers: the weighting of words (tf-idf) is the
/// model's.
class Pipeline {
 public:
  /// What a pipeline needs for itself while it works; of one thread at a time. Movable.
  class Workspace {
   public:
    Workspace();
    Workspace(Workspace&&) noexcept;
    Workspace& operator=(Workspace&&) noexcept;
    ~Workspace();

   private:
    friend class Pipeline;
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

  /// From the text that notes() returned and the names of the features, such as Model::data_notes() and Model::feature_names().
  /// `names` must outlive the pipeline. About 40 bytes and 50 ns per feature. Error if the text is none or of a later version.
  static Result<Pipeline> read(std::string_view notes, std::span<const std::string> names);
  /// From what was fitted. `names` as above.
  static Result<Pipeline> make(PipelineOptions options, std::span<const std::string> names);
  /// Whether a text begins as notes() do.
  static bool is_pipeline(std::string_view notes) noexcept;

  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;
  ~Pipeline();

  const PipelineOptions& options() const noexcept;
  /// How many there are.
  std::size_t features() const noexcept;
  /// All but the names of the features, as UTF-8 text that ends with an empty line.
  std::string notes() const;

  /// `record` must have as many fields as there are columns. Allocates nothing once the workspace has met records as long. About
  /// 0.2 us per word.
  PipelineRow row(Record record, Workspace& workspace) const;
  /// The words and categories of the last record that went through row() with this workspace which are no features, by the names
  /// that these would have, as often as they stood there. Valid as long as the row and the record are.
  static std::span<const std::string_view> unknown_words(const Workspace& workspace) noexcept;

 private:
  struct Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// What Pipeline::notes() is, without a vocabulary, and back.
std::string pipeline_notes(const PipelineOptions& options);
Result<PipelineOptions> read_pipeline_notes(std::string_view text);

/// Error unless options can be worked with: columns, ranges, the stemmer's name.
Result<void> validate(const PipelineOptions& options);
/// Names of the Snowball algorithms that are there.
std::vector<std::string> stemmers();

/// Takes the records of one block, in their order.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  /// The first column of numbers whose text is none, or -1.
  virtual std::int32_t add(Record record) = 0;
};

/// Gives the records of block number `block` to `sink`. Called for different blocks from several threads at once.
using RecordBlocks = std::function<Result<void>(std::size_t block, RecordSink& sink)>;

/// Keeps blocks of rows outside of memory while there are more than memory should hold. Functions are called for different blocks
/// from several threads at once.
class RowStore {
 public:
  virtual ~RowStore() = default;
  /// Whether the store keeps a block of so many bytes; else it stays in memory. Asked once for each block.
  virtual bool takes(std::size_t bytes) noexcept = 0;
  /// Keeps the bytes of a block, one part behind the other, in place of those that it has of it.
  virtual Result<void> keep(std::size_t block, std::span<const std::span<const std::byte>> parts) = 0;
  /// Bytes of a block from `begin` on. Fails unless it has as many.
  virtual Result<void> read(std::size_t block, std::uint64_t begin, std::span<std::byte> bytes) const = 0;
};

/// Rows of features in blocks, some of which lie in a RowStore, which must outlive them. Immutable; thread-safe.
class StoredRows {
 public:
  virtual ~StoredRows() = default;
  virtual std::size_t blocks() const noexcept = 0;
  /// Where each row of a block ends among the block's ids. The vector's memory is used again.
  virtual Result<void> ends(std::size_t block, std::vector<std::uint32_t>& out) const = 0;
  virtual Result<void> ids(std::size_t block, std::vector<std::uint32_t>& out) const = 0;
  virtual Result<void> values(std::size_t block, std::vector<float>& out) const = 0;
};

/// Rows of features (CSR).
struct PipelineRows {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids;
  std::vector<float> values;
  std::uint64_t words = 0;    ///< of all records
  std::uint64_t unknown = 0;  ///< of these, no features
  /// All rows, where a RowStore took some: then the arrays above are empty.
  std::shared_ptr<const StoredRows> stored = nullptr;

  std::size_t rows() const noexcept { return offsets.size() - 1; }
};

struct FittedPipeline {
  PipelineOptions options;         ///< with what was learned of numbers
  std::vector<std::string> names;  ///< of the features: those that most rows have first, equally frequent ones by their bytes
  std::uint64_t different = 0;     ///< words and categories before min_rows and max_features
  PipelineRows rows;               ///< of the records, as Pipeline::row() makes them
};

/// Makes a pipeline out of training records, and their rows. The blocks are read once, in parallel on the calling arena; the
/// result does not depend on threads, nor on how records are cut into blocks (means of numbers: but for rounding). The error of
/// the first block that has one. Memory: the different words of the records for each thread, 8 bytes for each entry of a row that
/// `store` does not take. `phrases`: the runs of up to four words in them, such as names of labels, become features where records
/// have them. `store`: null keeps all in memory.
Result<FittedPipeline> fit_pipeline(const PipelineOptions& options, std::size_t blocks, const RecordBlocks& read,
                                    std::span<const std::string> phrases = {}, RowStore* store = nullptr);

/// The rows of records that a pipeline has not been fitted to. As fit_pipeline().
Result<PipelineRows> apply_pipeline(const Pipeline& pipeline, std::size_t blocks, const RecordBlocks& read,
                                    RowStore* store = nullptr);

}  // namespace glissade
