#include "engine/inference/excluded.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "engine/batches/batch.h"

namespace glissade {
namespace {

constexpr std::size_t kMostAnswers = std::size_t{1} << 21;  ///< in the longer lists of some rows
constexpr std::size_t kMostRows = 4096;

/// Some rows, and the longest list of excluded labels among them.
struct Piece {
  std::size_t count = 0, longest = 0;
};

Piece piece_from(const SparseRows& excluded, std::size_t first, std::uint32_t k) noexcept {
  Piece piece;
  while (piece.count < kMostRows && first + piece.count < excluded.rows()) {
    const std::size_t longest = std::max(piece.longest, excluded.row_ids(first + piece.count).size());
    if (piece.count > 0 && (piece.count + 1) * (k + longest) > kMostAnswers) break;
    piece.longest = longest;
    ++piece.count;
  }
  return piece;
}

/// The first out.k answers of row `from` that are not in `excluded` become row `to`.
void take_others(const Predictions& all, std::size_t from, std::span<const std::uint32_t> excluded, Predictions& out,
                 std::size_t to) {
  static thread_local std::vector<std::uint32_t> sorted;
  sorted.assign(excluded.begin(), excluded.end());
  std::ranges::sort(sorted);
  std::size_t at = to * out.k;
  const std::size_t end = at + out.k;
  for (std::size_t i = from * all.k; i < (from + 1) * all.k && at < end; ++i) {
    if (all.labels[i] == Predictions::kNoLabel) break;
    if (std::ranges::binary_search(sorted, all.labels[i])) continue;
    out.labels[at] = all.labels[i];
    out.scores[at++] = all.scores[i];
  }
}

}  // namespace

Result<void> check_excluded(const SparseRows& excluded, std::size_t rows) {
  if (excluded.rows() == 0) return {};
  if (excluded.rows() != rows)
    return usage_error(
        fmt::format("there are {} rows of excluded labels and {} samples; give one for each, or none", excluded.rows(), rows));
  const auto& offsets = excluded.offsets;
  if (!std::ranges::is_sorted(offsets) || offsets.back() > excluded.ids.size())
    return usage_error(
        "the offsets of the excluded labels do not ascend within their ids; give rows as SparseRows describes them");
  return {};
}

Result<Predictions> predict_others(const InputRows& inputs, const PredictOptions& options, const AnswerSpace& space,
                                   const AnswerRows& answer) {
  Predictions out;
  out.k = options.k;
  out.labels.assign(inputs.rows() * options.k, Predictions::kNoLabel);
  out.scores.assign(inputs.rows() * options.k, -std::numeric_limits<float>::infinity());
  for (std::size_t first = 0; first < inputs.rows();) {
    const Piece piece = piece_from(options.excluded, first, options.k);
    PredictOptions wider = options;
    wider.excluded = {};
    wider.search = space.search;
    wider.k = static_cast<std::uint32_t>(
        std::max<std::size_t>(options.k, std::min<std::size_t>(space.labels, options.k + piece.longest)));
    wider.first_row = options.first_row + first;
    const auto all = answer(inputs.piece(first, piece.count), wider);
    if (!all) return all.error();
    for (std::size_t row = 0; row < piece.count; ++row)
      take_others(*all, row, options.excluded.row_ids(first + row), out, first + row);
    out.candidates += all->candidates;
    out.fallbacks += all->fallbacks;
    first += piece.count;
  }
  return out;
}

}  // namespace glissade
