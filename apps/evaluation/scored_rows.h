#pragma once

#include <memory>
#include <optional>
#include <string>

#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/input/data_options.h"
#include "apps/input/record_options.h"
#include "apps/input/sequence_options.h"

namespace glissade::apps {

enum class RowKind { labels, sequences, contexts, records };

/// Rows to score a model on. The view points into what `owner` keeps.
struct ScoredRows {
  RowKind kind = RowKind::labels;
  DatasetView view{};
  std::shared_ptr<const void> owner{};
  std::shared_ptr<const void> vectors{};  ///< what keeps the vectors of the view
  SparseRows excluded{};                  ///< labels that are no answers to each row (--exclude-seen), or no rows
};

/// What a file holds for this model: as --format says, else what it was trained on.
RowKind row_kind(const Model& model, const DataOptions& data);

/// Reads `path` as `model`, read from `model_path`, reads its data; a line about it goes to standard error. Of sequences a row
/// for the last item of each, of a running text one for each word. Fails where there is nothing to score.
Result<ScoredRows> read_scored_rows(const Model& model, const std::string& model_path, const std::string& path,
                                    const DataOptions& data, const SequenceOptions& sequence, const RecordOptions& records);

}  // namespace glissade::apps
