#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/records/records.h"

namespace glissade::datasets {

/// The files that a user names as one: the path itself where a file is called so, or "-", or 'archive.zip:name'; else those that
/// match it as a pattern of the shell (glob(3)), sorted by their bytes. Error if there is none.
Result<std::vector<std::string>> files_of(const std::string& path);

/// The records of one file or of several, one behind the other, in blocks. All have the format and the separator of the first,
/// CSV files a header each, in which the columns asked for may have different places. Plain, packed, or in an archive (see Text),
/// "-" for standard input. Immutable; const members are thread-safe. Movable.
class RecordFiles {
 public:
  /// `path` as in files_of(). Opens and unpacks all files, reads headers and cuts the texts into blocks. Errors: those of
  /// Text::open(); usage, where a column is not there (in each CSV file, in any JSON file).
  static Result<RecordFiles> open(const std::string& path, const RecordOptions& options);

  RecordFiles(RecordFiles&&) noexcept;
  RecordFiles& operator=(RecordFiles&&) noexcept;
  ~RecordFiles();

  /// Of about RecordOptions::block_bytes of text each. How many depends on the text alone.
  std::size_t blocks() const noexcept;
  /// The records of one block. `out` must not outlive these files.
  void read(std::size_t block, RecordBlock& out) const;

  /// 'file':line of record i of what read() put into `records`, for messages.
  std::string place(std::size_t block, const RecordBlock& records, std::size_t i) const;

  RecordFormat format() const noexcept;
  /// Of the first file, for a line to the user: "CSV, separator ';'", "JSON lines".
  std::string format_text() const;
  /// Columns of the first file: its header, or "1", "2" ...; of JSON lines the names that its first objects have.
  const std::vector<std::string>& columns() const noexcept;
  const std::vector<std::string>& files() const noexcept;
  std::uint64_t text_bytes() const noexcept;
  /// 'file', or 'pattern' where several files matched it.
  std::string name() const;

 private:
  struct Impl;
  explicit RecordFiles(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glissade::datasets
