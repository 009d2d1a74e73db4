#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>

#include "apps/input/data_options.h"
#include "apps/input/line_stream.h"
#include "apps/input/sequence_options.h"

namespace glissade::apps {

/// A row that cannot be read.
struct RowError {
  std::size_t before = 0;  ///< it stands before this row of its block
  std::string message;     ///< one line: where, what, the remedy
};

/// Rows in somebody else's memory.
struct RowBlock {
  SparseRows rows{};
  std::span<const std::string> users = {};  ///< whose rows they are, one per row; empty: of nobody
  std::span<const RowError> errors = {};    ///< ascending
  DenseRows vectors = {};                   ///< beside the rows; of no width: none
  SparseRows excluded = {};                 ///< of each row the labels that are no answers; no rows: none

  bool empty() const noexcept { return rows.rows() == 0 && errors.empty(); }
  std::string_view user(std::size_t row) const noexcept { return users.empty() ? std::string_view() : users[row]; }
};

/// Rows to predict from, a block at a time.
class RowFeed {
 public:
  virtual ~RowFeed() = default;
  /// The rows that come next, of a pipe those that are there; none at the end. They stay valid until the next call. Fails on a
  /// row that cannot be read, unless the input keeps going, and where nothing behind it can be read either.
  virtual Result<RowBlock> next() = 0;
  /// Of the same rows the items that are in them, as labels, where rows are sequences; else no rows.
  virtual SparseRows seen() const { return {}; }
  /// What there is to say of all of them, a line each.
  virtual std::vector<std::string> told() const = 0;
};

/// Where rows come from: a file, standard input ("-"), or texts on the command line.
struct RowInput {
  std::string path;
  std::vector<std::string> queries = {};  ///< instead of a path
  bool keeps_going = false;               ///< rows that cannot be read are RowBlock::errors

  bool is_stream() const noexcept { return path == "-" || !queries.empty(); }
  /// For messages.
  std::string name() const;
  /// Of a stream. The queries are lines.
  LineStream lines() const;
};

/// Rows of feature ids. `model` was read from `model_path`; all must outlive the feed.
Result<std::unique_ptr<RowFeed>> feed_of_ids(const RowInput& input, const DataOptions& options, const Model& model,
                                             const std::string& model_path);
/// Sequences, for a model of them.
Result<std::unique_ptr<RowFeed>> feed_of_sequences(const RowInput& input, const SequenceNotes& notes, const Model& model);
/// A log of events, for a model of one: a row for each user, in the order in which the log has them first, of all their items.
/// Queries are items with commas between, as a line of CSV. `format` is what --format names,
/// `table` what the model knows of its items, or null.
Result<std::unique_ptr<RowFeed>> feed_of_events(const RowInput& input, const SequenceNotes& notes, std::string_view format,
                                                const Model& model, const ItemTable* table);

}  // namespace glissade::apps
