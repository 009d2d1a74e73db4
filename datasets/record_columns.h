#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <glissade/result.h>

#include "datasets/records/record_files.h"

namespace glissade::datasets {

/// What a column of records seems to hold.
enum class ColumnGuess {
  empty,
  ids,  ///< one word, nearly all different: numbers of records, keys
  numbers,
  categories,  ///< short texts that repeat
  list,        ///< several short texts that repeat: an array, or one text with separators
  text,
};

/// What was seen of a column.
struct ColumnFacts {
  std::string name;
  std::uint64_t filled = 0;           ///< records with a text
  std::uint64_t texts = 0;            ///< more than filled where there are arrays
  std::uint64_t different = 0;        ///< texts; of a list its parts. Counted up to kMostDifferent
  std::uint64_t numbers = 0;          ///< texts that are finite numbers
  double words = 0;                   ///< of a text, on average, between white space
  std::uint64_t longest = 0;          ///< bytes
  std::string separator;              ///< of a list in one text: ";", "|" or ","
  std::vector<std::string> examples;  ///< different ones, the first that come, at most 3
  ColumnGuess guess = ColumnGuess::empty;

  static constexpr std::size_t kMostDifferent = 1'000'000;
};

struct RecordFacts {
  std::uint64_t records = 0;   ///< looked at
  bool all = true;             ///< or only the first
  std::uint64_t problems = 0;  ///< records that could not be taken
  std::string first_problem;
  std::uint64_t replaced = 0;  ///< texts that are not UTF-8
  std::vector<ColumnFacts> columns;
};

/// Looks at the first `most` records of a file that was opened with all of its columns, in their order.
RecordFacts describe_columns(const RecordFiles& file, std::size_t most = 200'000);

/// How to train on such columns: those that hold labels (by name and by what they hold), texts, categories, numbers; by name. At
/// most one of labels; "" if none looks like it.
struct ColumnRoles {
  std::string labels, separator;
  std::vector<std::string> texts, categories, numbers;
};
ColumnRoles roles_of(const std::vector<ColumnFacts>& columns);

}  // namespace glissade::datasets
