#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "datasets/format.h"

namespace glissade::datasets {

/// What a row can get wrong; messages are made by describe().
enum class Problem {
  none,
  bad_label,
  negative_label,
  label_not_whole,
  label_missing,
  label_too_large,
  bad_feature,
  negative_feature,
  feature_too_large,
  feature_zero,
  bad_value,
  value_not_finite,
  value_too_large,
  sum_too_large,
  lone_return,
};

/// Ids at or above these are refused. XMC: the header's D and L.
struct IdLimits {
  Format format = Format::xmc;
  IdBase id_base = IdBase::detect;
  std::uint64_t features = 0;
  std::uint64_t labels = 0;
};

/// A run of whole lines, each ending in a newline, and where its rows go. Arrays are filled from the given positions on.
struct RowChunk {
  const char* begin = nullptr;
  const char* end = nullptr;
  // Counted before parsing: room for rows, features and labels. What is used of it is known afterwards, and is moved together.
  std::size_t lines = 0;
  std::size_t colons = 0;
  std::size_t commas = 0;
  std::uint64_t first_row = 0;  ///< also the number of the first line, counted from 0
  std::uint64_t first_feature = 0;
  std::uint64_t first_label = 0;  ///< room is for commas + lines labels
  // Found by parsing.
  std::size_t rows = 0;      ///< lines that are no comments
  std::size_t features = 0;  ///< fewer than colons where ids occurred twice, or comments or qid hold colons
  std::size_t labels = 0;
  std::uint32_t largest_label = 0;
  std::uint32_t largest_feature = 0;
  bool has_feature_zero = false;
  ReadChanges changes;
  // The first problem: its line within the chunk, the offending token, the id of a feature.
  Problem problem = Problem::none;
  std::size_t problem_line = 0;
  std::string_view problem_token;
  std::uint32_t problem_id = 0;
};

struct RowArrays {
  std::uint64_t* feature_ends = nullptr;  ///< per row, in place of offsets: end of its features among all features
  std::uint64_t* label_ends = nullptr;    ///< per row: end of its labels within its chunk
  std::uint32_t* feature_ids = nullptr;
  float* feature_values = nullptr;
  std::uint32_t* label_ids = nullptr;
};

/// Fills lines, colons and commas.
void count_rows(RowChunk& chunk) noexcept;

/// Parses the chunk's rows into `arrays`, ids of a row in ascending order and each once; stops at the first problem. Allocates
/// nothing.
void parse_rows(RowChunk& chunk, const IdLimits& limits, const RowArrays& arrays) noexcept;

/// Whether `line` holds a comment and nothing else: no sample.
bool is_comment(std::string_view line) noexcept;

/// "what, the value; the remedy" for the chunk's problem.
std::string describe(const RowChunk& chunk, const IdLimits& limits);

}  // namespace glissade::datasets
