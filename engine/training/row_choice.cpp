#include "engine/training/row_choice.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace glissade {
namespace {

bool lies_before(const RowChoice::Row& a, const RowChoice::Row& b) noexcept {
  return std::tie(a.block, a.row) < std::tie(b.block, b.row);
}

/// A gradient that is not a number must arrive, so that every rank meets it.
bool weighs_more(const RowChoice::Row& a, const RowChoice::Row& b) noexcept {
  const bool a_is_number = !std::isnan(a.l1), b_is_number = !std::isnan(b.l1);
  if (a_is_number != b_is_number) return b_is_number;
  if (a_is_number && a.l1 != b.l1) return a.l1 > b.l1;
  return lies_before(a, b);
}

}  // namespace

RowChoice::RowChoice(const std::vector<ParameterRows*>& blocks) {
  for (const ParameterRows* block : blocks) {
    rows_.push_back(block->rows());
    place_of_.emplace_back(block->rows());
  }
}

std::span<const RowChoice::Row> RowChoice::heaviest(std::vector<Row>& rows, std::size_t count) {
  if (count >= rows.size()) return rows;
  std::nth_element(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count), rows.end(), weighs_more);
  return std::span(rows).first(count);
}

void RowChoice::add(std::span<const Row> rows) {
  for (const Row& one : rows) {
    if (one.block >= rows_.size() || one.row >= rows_[one.block]) continue;
    std::uint32_t& place = place_of_[one.block][one.row];
    if (place == 0) {
      proposed_.push_back({one.block, one.row, 0.f, 0});
      place = static_cast<std::uint32_t>(proposed_.size());
    }
    Row& sum = proposed_[place - 1];
    sum.l1 += one.l1;
    sum.steps = std::max(sum.steps, one.steps);  // most rows are touched by all ranks in the same steps, or by one
  }
}

std::vector<RowChoice::Row> RowChoice::choose(std::size_t count) {
  for (const Row& one : proposed_) place_of_[one.block][one.row] = 0;
  const auto best = heaviest(proposed_, count);
  std::vector<Row> chosen(best.begin(), best.end());
  std::ranges::sort(chosen, lies_before);
  proposed_.clear();
  return chosen;
}

std::vector<RowChoice::Row> RowChoice::all_rows() const {
  std::vector<Row> all;
  for (std::size_t block = 0; block < rows_.size(); ++block) {
    for (std::size_t row = 0; row < rows_[block]; ++row)
      all.push_back({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(row), 0.f, 0});
  }
  return all;
}

}  // namespace glissade
