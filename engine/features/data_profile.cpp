#include <glissade/data_profile.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace glissade {
namespace {

constexpr std::size_t kRowsLookedAt = 20'000;
constexpr double kUnitTolerance = 1e-3;  ///< of a row's length; files have some digits only
constexpr double kNearlyAll = 0.99;      ///< part of the rows that must be so

/// Counts of what the values of some rows are, without outsized features.
class ValueLook {
 public:
  ValueLook(std::size_t features, std::span<const OutsizedFeature> outsized) : outsized_(features) {
    for (const OutsizedFeature& one : outsized) outsized_[one.feature] = true;
  }

  void look(std::span<const std::uint32_t> ids, std::span<const float> values) {
    double square = 0;
    std::size_t others = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const float value = values.empty() ? 1.f : values[i];
      negative_ |= value < 0;
      if (outsized_[ids[i]]) continue;
      ++others;
      square += double{value} * value;
      ones_ &= value == 1.f;
      whole_ &= value >= 0 && value == std::floor(value);
    }
    if (others == 0) return;
    ++rows_;
    unit_rows_ += std::abs(std::sqrt(square) - 1) <= kUnitTolerance ? 1 : 0;
  }

  bool negative() const noexcept { return negative_; }
  ValueKind kind() const noexcept {
    if (ones_) return ValueKind::binary;
    if (whole_) return ValueKind::counts;
    return static_cast<double>(unit_rows_) >= kNearlyAll * static_cast<double>(rows_) ? ValueKind::normalised : ValueKind::real;
  }

 private:
  std::vector<bool> outsized_;
  std::size_t rows_ = 0, unit_rows_ = 0;
  bool negative_ = false, ones_ = true, whole_ = true;
};

}  // namespace

DataProfile profile(const DatasetView& data, const RowPager* pager) {
  DataProfile out;
  out.rows = data.size();
  out.outsized = find_outsized_features(data, pager);
  ValueLook look(data.feature_count, out.outsized);
  const std::size_t step = std::max<std::size_t>(1, data.size() / kRowsLookedAt);
  for (std::size_t row = 0; row < data.size(); row += step) {
    look.look(data.features.row_ids(row), data.features.row_values(row));
    ++out.rows_looked_at;
  }
  out.values = look.kind();
  out.negative = look.negative();
  if (pager != nullptr) pager->release(0, data.size());
  return out;
}

}  // namespace glissade
