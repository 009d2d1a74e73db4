#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// Which features are words of labels' names, where features have names, too: a label's name then says something about it, as a
/// text of its own would. CSR: label l has the features ids[offsets[l]] .. ids[offsets[l + 1] - 1], ascending, each once.
struct NameFeatures {
  std::vector<std::uint64_t> offsets;  ///< [labels + 1]
  std::vector<std::uint32_t> ids;
  std::vector<float> values = {};  ///< of each id, as samples have them; empty: of each the mean over the samples

  std::size_t labels() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }
  std::span<const std::uint32_t> of(std::size_t label) const noexcept {
    return std::span(ids).subspan(offsets[label], offsets[label + 1] - offsets[label]);
  }
  /// Labels that have any.
  std::size_t named() const noexcept;
};

/// The words of a name are the name as a whole, its pieces between white space, and of these the runs of letters and digits
/// ("light-haired (a)": light-haired, (a), light, haired, a), and, where features are runs of words, two to four of these with a
/// space between them ("light haired"). A word is the feature of exactly that name, else one whose name
/// differs in upper and lower case alone (Latin, Greek and Cyrillic letters in UTF-8). O(bytes of all names); about 100 bytes
/// per feature meanwhile. Throws std::bad_alloc.
NameFeatures name_features(std::span<const std::string> label_names, std::span<const std::string> feature_names);

/// How much of the labels' names stands in their samples: means over pairs of a sample and one of its labels, of the share of the
/// name's features that the sample has, each weighed by ln(samples / samples that have it).
struct NameEvidence {
  double own = 0;           ///< over pairs that belong together
  double chance = 0;        ///< over as many that do not: each sample with labels of another
  std::uint64_t pairs = 0;  ///< that were looked at

  /// Whether names speak of their labels: samples have their words far more often than other samples do, and more than once in a
  /// while. Names of people, or addresses, do not.
  bool tells() const noexcept { return own >= kLeast && own >= kTimes * chance; }
  static constexpr double kLeast = 0.05, kTimes = 2;
};

/// Looks at up to 20,000 samples, spread evenly, and counts features over all of them. Labels without features are passed over.
/// Rows are released to `pager` (if any) as they have been looked at.
NameEvidence name_evidence(const NameFeatures& names, const DatasetView& data, const RowPager* pager = nullptr);

/// Each label's name as a training row of that label: the rows that DatasetView::added speaks of.
struct NameRows {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids;
  std::vector<float> values;
  std::vector<std::uint32_t> labels;  ///< one for each row

  std::size_t rows() const noexcept { return labels.size(); }
};

/// A row for each label whose name has a feature, values on the scale of `data`: those of `names`, or a feature's mean value over
/// the samples that have it, and where all samples have about the same length, rows have it, too. So values are 1 where all are,
/// and weights where the samples have weights. One pass over the data, 12 bytes per feature meanwhile. Throws std::bad_alloc.
NameRows name_rows(const NameFeatures& names, const DatasetView& data, const RowPager* pager = nullptr);

}  // namespace glissade
