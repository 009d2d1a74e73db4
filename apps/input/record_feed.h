#pragma once

#include <memory>
#include <string>

#include <glissade/model.h>

#include "apps/input/record_options.h"
#include "apps/input/row_feed.h"

namespace glissade::apps {

/// Records, for a model of them; a column of labels is not needed. Without --format the content says what they are: JSON lines,
/// fastText, CSV or TSV where the first line names a column of the model, else, if the model has a column of texts, lines of
/// text. `format` is what --format names. All must outlive the feed.
Result<std::unique_ptr<RowFeed>> feed_of_records(const RowInput& input, const RecordOptions& options, const std::string& format,
                                                 const RecordNotes& notes, const Model& model);

}  // namespace glissade::apps
