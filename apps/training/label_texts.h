#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <glissade/label_names.h>
#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/training/part_names.h"

namespace glissade::apps {

/// What texts say of labels.
struct LabelTexts {
  NameFeatures words;         ///< of each label its name and its texts; no labels: there are no texts
  std::uint64_t content = 0;  ///< of the words; 0 = there are no texts
};

/// A text for each label, out of a file of records (CSV, TSV, JSON lines, fastText's lines): the columns 'label' and 'text'; a
/// table without these has labels in its first column and texts in its second. Labels are named as `names` have them, or by id
/// where they have no names. Several texts of a label are as one. Where `notes` are a pipeline (Pipeline::is_pipeline), it cuts
/// names and texts as it does the rows; else their words are the features of these names (name_features()). Without `quiet` one
/// line on standard error says how many labels have a text. Usage error where features have no names, and where no text is of a
/// label.
Result<LabelTexts> read_label_texts(const std::string& path, const PartNamesView& names, const Shape& shape,
                                    std::string_view notes, bool quiet);

}  // namespace glissade::apps
