#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <glissade/config.h>
#include <glissade/result.h>
#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// The data that a trainer goes over: found to be legal, and known by their content.
class CheckedData {
 public:
  /// An error unless `data` are legal for a model of that shape. Reads all of them, through the pager if there is one; the same
  /// data through the same pager only once: they stay as they are, and reading them once more for each epoch would take as long
  /// as training.
  std::optional<Error> check(const DatasetView& data, const Shape& shape, const RowPager* pager);
  /// What was checked is no longer known: the next check reads it again.
  void forget() noexcept { *this = {}; }
  /// Of the data that were checked last.
  std::uint64_t fingerprint() const noexcept { return fingerprint_; }

 private:
  const std::uint64_t* offsets_ = nullptr;  ///< where they lie
  const std::uint32_t* ids_ = nullptr;
  std::size_t rows_ = 0;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace glissade
