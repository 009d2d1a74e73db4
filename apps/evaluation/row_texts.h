#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/evaluation/scored_rows.h"

namespace glissade::apps {

/// Rows in words, at most about 500 bytes each: of records the texts as they stand in the file `path`, which is read once more;
/// of sequences the items, of other rows the features, those of the largest values first. Named where the model has names.
/// `wanted`: numbers of rows, from 0.
Result<std::vector<std::string>> row_texts(const Model& model, const ScoredRows& rows, const std::string& path,
                                           const std::string& format, const RecordOptions& records,
                                           std::span<const std::size_t> wanted);

/// `text`, or as much of its begin as `limit` bytes take, whole characters of UTF-8, and a sign that something follows.
std::string cut_text(std::string_view text, std::size_t limit);

}  // namespace glissade::apps
