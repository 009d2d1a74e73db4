#include "engine/relations/complementary.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_map>

namespace glissade {
namespace {

constexpr double kAccident = 1e-6;

/// The probability that two label occurrences, drawn from all of them, are the same label.
double chance_of_same_label(const DatasetView& data) {
  std::unordered_map<std::uint32_t, double> counts;  // headers may state billions of labels
  double all = 0;
  for (std::size_t row = 0; row < data.size(); ++row) {
    for (const std::uint32_t label : data.labels.row_ids(row)) ++counts[label];
    all += static_cast<double>(data.labels.row_ids(row).size());
  }
  double squares = 0;  // of whole numbers: the same in any order up to 2^53
  for (const auto& [label, count] : counts) squares += count * count;
  return all == 0 ? 0 : squares / (all * all);
}

}  // namespace

std::size_t grade_of(float likeness) noexcept {
  const auto grade = static_cast<std::size_t>((likeness - kLeastLikeness) * 10.f + 1e-4f);
  return std::min(grade, kGrades - 1);
}

double log_chance_of_so_few(double seen, double mean) noexcept {
  if (seen >= mean) return 0;
  return seen - mean - (seen > 0 ? seen * std::log(seen / mean) : 0);
}

std::array<bool, kGrades> complementary_grades(const DatasetView& data, std::span<const SimilarRows> similar) {
  const double same = chance_of_same_label(data);
  std::array<double, kGrades> expected{}, seen{};
  for (const SimilarRows& rows : similar) {
    const std::size_t grade = grade_of(rows.likeness);
    const auto pairs = static_cast<double>(data.labels.row_ids(rows.first).size() * data.labels.row_ids(rows.second).size());
    expected[grade] += -std::expm1(-pairs * same);
    seen[grade] += rows.share_labels ? 1 : 0;
  }
  std::array<bool, kGrades> complementary{};
  for (std::size_t grade = 0; grade < kGrades; ++grade)
    complementary[grade] = log_chance_of_so_few(seen[grade], expected[grade]) < std::log(kAccident);
  return complementary;
}

}  // namespace glissade
