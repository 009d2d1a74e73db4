#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <glissade/pipeline.h>
#include <glissade/result.h>

#include "apps/input/data_options.h"
#include "apps/input/record_options.h"
#include "datasets/read.h"
#include "datasets/record_rows.h"

namespace glissade::apps {

/// Whether the content of a file that is not packed says that it holds records: JSON lines, or fastText's labels.
bool holds_records(const std::string& path);

/// A line about so many texts that were not UTF-8; `name`: of the file or stream.
std::string replaced_text(const std::string& name, std::uint64_t texts);

/// Fills in what a reader of ids reports, for logs.
void report_records(const datasets::RecordFiles& file, double seconds, datasets::ReadReport& report);

/// Says where rows of a file lie that were too many for memory, and keeps the cache within its limit.
void tell_spilled(const std::string& path, const datasets::RecordRows& rows);

/// "CSV, 79,891 rows, D 40,200, L 16,237, 13.2 features and 1.2 labels per row; read in 1.3 s (120 MB/s)".
std::string describe(const datasets::RecordFiles& file, const DatasetView& rows, double seconds);

/// The records of a file as rows of a model that was trained on some. If `what` is not empty, a line about the file goes to
/// standard error; what the model does not know is told in any case. `data`: what --format and the options of the cache say.
Result<datasets::RecordRows> read_known_records(const std::string& path, const std::string& what, const RecordOptions& options,
                                                const DataOptions& data, const RecordNotes& notes, const Pipeline& pipeline,
                                                const std::vector<std::string>& label_names,
                                                datasets::ReadReport* report = nullptr);

}  // namespace glissade::apps
