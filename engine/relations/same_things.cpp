#include "engine/relations/same_things.h"

#include <oneapi/tbb/parallel_sort.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <numeric>

#include "engine/relations/own_labels.h"

namespace glissade {
namespace {

constexpr std::uint64_t kLeastRows = 3;
constexpr double kMostly = 0.5;
constexpr std::size_t kMostPairs = 4096;  ///< of a label and a lacked feature, of one row

/// A label and a feature, and in how many rows the one is had while the other is lacked.
struct Meeting {
  std::uint32_t label, feature;
  std::uint64_t rows;
};

/// What rows with siblings have and lack.
struct Deal {
  std::vector<std::uint64_t> pairs;            ///< label << 32 | lacked feature, one for each row
  std::vector<std::uint64_t> labels, lacking;  ///< rows by label, rows by lacked feature
  std::uint64_t occurrences = 0;               ///< of labels
};

class DealReader {
 public:
  explicit DealReader(const DatasetView& data) : data_(data) {
    deal_.labels.resize(data.label_count);
    deal_.lacking.resize(data.feature_count);
  }

  void add_group(std::span<const std::uint32_t> rows) {
    all_.clear();
    for (const std::uint32_t row : rows) {
      const auto ids = data_.features.row_ids(row);
      all_.insert(all_.end(), ids.begin(), ids.end());
    }
    std::ranges::sort(all_);
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    for (const std::uint32_t row : rows) add_row(row);
  }
  Deal take() { return std::move(deal_); }

 private:
  void add_row(std::uint32_t row) {
    const auto ids = data_.features.row_ids(row);
    own_.assign(ids.begin(), ids.end());
    std::ranges::sort(own_);
    lacked_.clear();
    std::ranges::set_difference(all_, own_, std::back_inserter(lacked_));
    const auto labels = data_.labels.row_ids(row);
    if (labels.size() * lacked_.size() > kMostPairs) return;
    for (const std::uint32_t feature : lacked_) ++deal_.lacking[feature];
    for (const std::uint32_t label : labels) {
      ++deal_.labels[label];
      for (const std::uint32_t feature : lacked_) deal_.pairs.push_back(std::uint64_t{label} << 32 | feature);
    }
    deal_.occurrences += labels.size();
  }

  const DatasetView& data_;
  Deal deal_;
  std::vector<std::uint32_t> all_, own_, lacked_;
};

Deal read_deal(const DatasetView& data, std::span<const std::uint64_t> groups) {
  std::vector<std::uint32_t> rows(data.size());
  std::iota(rows.begin(), rows.end(), 0u);
  std::ranges::stable_sort(rows, {}, [&](std::uint32_t row) { return groups[row]; });
  DealReader reader(data);
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && groups[rows[end]] == groups[rows[begin]]) ++end;
    if (end - begin > 1) reader.add_group(std::span(rows).subspan(begin, end - begin));
  }
  return reader.take();
}

/// Of the rows that have the label or lack the feature, those that do both.
double agreement(const Deal& deal, const Meeting& meeting) {
  return static_cast<double>(meeting.rows) /
         static_cast<double>(deal.labels[meeting.label] + deal.lacking[meeting.feature] - meeting.rows);
}

/// Those that agree more often than not.
std::vector<Meeting> agreeing(Deal& deal) {
  tbb::parallel_sort(deal.pairs);
  std::vector<Meeting> found;
  for (std::size_t begin = 0, end = 0; begin < deal.pairs.size(); begin = end) {
    while (end < deal.pairs.size() && deal.pairs[end] == deal.pairs[begin]) ++end;
    const Meeting meeting{static_cast<std::uint32_t>(deal.pairs[begin] >> 32), static_cast<std::uint32_t>(deal.pairs[begin]),
                          end - begin};
    if (meeting.rows >= kLeastRows && agreement(deal, meeting) > kMostly) found.push_back(meeting);
  }
  return found;
}

/// Of a label or feature: its best agreement, and whether two have it.
struct Best {
  double agreement = 0;
  bool tied = false;

  void see(double other) noexcept {
    tied = other == agreement || (tied && other < agreement);
    agreement = std::max(agreement, other);
  }
  bool is(double other) const noexcept { return other == agreement && !tied; }
};

/// Drops those that some row has as both.
void drop_met(const DatasetView& data, std::vector<std::uint32_t>& feature_labels) {
  for (std::size_t row = 0; row < data.size(); ++row) {
    const auto labels = data.labels.row_ids(row);
    for (const std::uint32_t feature : data.features.row_ids(row)) {
      std::uint32_t& label = feature_labels[feature];
      if (label != OwnLabels::kNone && std::ranges::find(labels, label) != labels.end()) label = OwnLabels::kNone;
    }
  }
}

}  // namespace

std::vector<std::uint32_t> find_same_things(const DatasetView& data, std::span<const std::uint64_t> groups) {
  Deal deal = read_deal(data, groups);
  const std::vector<Meeting> found = agreeing(deal);
  std::vector<Best> of_label(data.label_count), of_feature(data.feature_count);
  for (const Meeting& meeting : found) {
    of_label[meeting.label].see(agreement(deal, meeting));
    of_feature[meeting.feature].see(agreement(deal, meeting));
  }
  std::vector<std::uint32_t> feature_labels(data.feature_count, OwnLabels::kNone);
  for (const Meeting& meeting : found) {
    const double both = agreement(deal, meeting);
    if (of_label[meeting.label].is(both) && of_feature[meeting.feature].is(both)) feature_labels[meeting.feature] = meeting.label;
  }
  drop_met(data, feature_labels);
  double explained = 0;
  for (const std::uint32_t label : feature_labels) {
    if (label != OwnLabels::kNone) explained += static_cast<double>(deal.labels[label]);
  }
  if (explained <= kMostly * static_cast<double>(deal.occurrences)) feature_labels.clear();
  return feature_labels;
}

}  // namespace glissade
