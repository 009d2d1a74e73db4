#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/views.h>

namespace glissade::datasets {

/// What some program answered to the rows of a data set: labels, best first.
struct Answers {
  /// Stands in the place of an answer that is no label of the data: a name that nothing has.
  static constexpr std::uint32_t kUnknown = 0xffffffffu;

  std::vector<std::uint64_t> offsets = {0};  ///< rows + 1 positions in `ids`
  std::vector<std::uint32_t> ids;
  std::uint64_t unknown = 0;  ///< entries of `ids` that are kUnknown

  SparseRows rows() const noexcept { return {offsets, ids, {}}; }
};

/// What answers are about.
struct AnsweredData {
  std::string path;                                 ///< of the data, for messages
  std::uint64_t rows = 0;                           ///< the file has a line for each
  std::uint32_t labels = 0;                         ///< ids are below; 0: any id
  const std::vector<std::string>* names = nullptr;  ///< one per label; null: labels are ids
  std::string names_source;                         ///< where these are from, for messages
  bool may_be_ids = false;                          ///< nobody said that pairs have names: numbers are ids
};

/// Reads answers, a line for each row, an empty one for none. Plain or packed (see Text). A line is
/// - "label:score label:score" or "label label", as `predict` and most tools write; a first line "rows labels" may precede them.
///   With names the pairs are "name:score" with tabs between them, as `predict --names` writes, which has \\t, \\n, \\r and
///   \\\\ for a tab, line ends and a backslash in a name;
/// - {"labels":[...],"scores":[...]} or {"labels":[...]}: ids are numbers, names are strings;
/// - {"answers":[{"label":3,"name":"x","probability":0.5}]}, as `predict --json` writes: where names are known and the label has
///   another one, the name counts; "score" or "logit" are as good;
/// - {"error":"why"} or "error: why": no answer;
/// - "__label__name score __label__name score" or without scores, as fastText writes.
/// Where labels have scores the largest is best, equal ones stay in their order; else the order is that of the line. Fails at the
/// first line that is none of these, on a label that is no label of the data or stands in a line twice, on a number of lines that
/// is not that of the rows, and if no answer at all has a name that is known. Where pairs may have ids or names, the first line
/// with an answer says which.
Result<Answers> read_answers(const std::string& path, const AnsweredData& data);

}  // namespace glissade::datasets
