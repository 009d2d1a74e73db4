#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/pipeline.h>
#include <glissade/result.h>

#include "datasets/dataset.h"
#include "datasets/records/record_files.h"
#include "datasets/row_spill.h"

namespace glissade::datasets {

/// Which columns of records rows are made of.
struct RecordColumns {
  PipelineOptions features;
  std::string labels = {};           ///< the column of labels
  std::string label_separator = {};  ///< what stands between the labels of one text; "" = a text is one label
};

/// Records as rows.
struct RecordRows {
  Dataset data;
  std::vector<std::string> label_names = {};    ///< in the order in which the records have them; of a fit
  std::vector<std::string> feature_names = {};  ///< of a fit
  PipelineOptions fitted = {};                  ///< of a fit
  std::uint64_t different = 0;                  ///< of a fit: words and categories before some were left out
  std::uint64_t words = 0, unknown_words = 0;
  std::uint64_t labels = 0, unknown_labels = 0;
  std::uint64_t no_numbers = 0;      ///< records with a text where a number should be
  std::string first_no_number = {};  ///< where, and what stands there
  std::uint64_t replaced = 0;        ///< texts that were not UTF-8, in which U+FFFD now stands
  std::uint64_t separated = 0;       ///< labels that hold a comma, of those that are not cut
  std::uint64_t spilled = 0;         ///< bytes of rows that did not stay in memory: `data` are mapped from the cache then
};

/// Makes a pipeline and labels out of all records of `file`, which has the columns of `columns` in their order and the column of
/// labels last. Runs of words that labels' names have are features, too, so labels are read first; of files of more than 512 MiB
/// of text records are read twice. Labels
/// are trimmed; empty ones are none, and a record has each once. Reads blocks in parallel; the result does not depend on threads.
/// Fails with the first problem of a record, and on a text where a number should be. Rows of more than place.memory are written
/// to place.folder and then are a file of the cache there; what stays in memory are the names.
Result<RecordRows> fit_record_rows(const RecordFiles& file, const RecordColumns& columns, const SpillPlace& place = {});

/// The same by a pipeline and labels that are known. A label that is not among `label_names` gets a number behind them, as a
/// miss. Texts where a number should be are counted and passed over.
Result<RecordRows> known_record_rows(const RecordFiles& file, const RecordColumns& columns, const Pipeline& pipeline,
                                     const std::vector<std::string>& label_names, const SpillPlace& place = {});

/// What separates the labels of a column, as far as its first texts tell: ";" or "|" if a tenth of them hold it, else "".
std::string find_label_separator(const RecordFiles& file, const RecordColumns& columns);

}  // namespace glissade::datasets
