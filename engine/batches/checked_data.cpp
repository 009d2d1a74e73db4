#include "engine/batches/checked_data.h"

#include <algorithm>

#include "engine/batches/batch.h"
#include "engine/batches/checked_vectors.h"
#include "engine/batches/fingerprint.h"

namespace glissade {
namespace {

constexpr std::size_t kRowsAtOnce = 65536;
static_assert(kRowsAtOnce % Fingerprint::kRows == 0);

}  // namespace

std::optional<Error> CheckedData::check(const DatasetView& data, const Shape& shape, const RowPager* pager) {
  const std::uint64_t* const offsets = data.features.offsets.data();
  const std::uint32_t* const ids = data.features.ids.data();
  if (pager != nullptr && offsets_ == offsets && ids_ == ids && rows_ == data.size()) return std::nullopt;
  forget();
  if (auto fit = check_vectors(data.vectors, data.size(), shape.vector_width); !fit) return fit.error();
  if (auto fit = check_weights(data.weights, data.size()); !fit) return fit.error();
  Fingerprint hash;
  const bool in_pieces = pager != nullptr && data.features.rows() == data.labels.rows();
  const std::size_t most = in_pieces ? kRowsAtOnce : std::max<std::size_t>(1, data.size());
  for (std::size_t begin = 0; begin < std::max<std::size_t>(1, data.size()); begin += most) {
    const std::size_t count = std::min(most, data.size() - begin);
    DatasetView piece = data;
    if (in_pieces) piece.added = 0;
    if (in_pieces && data.size() != 0) {
      piece.features.offsets = data.features.offsets.subspan(begin, count + 1);
      piece.labels.offsets = data.labels.offsets.subspan(begin, count + 1);
    }
    if (!check_view(piece, shape.features, shape.labels)) {
      // A row's number in a message is that in the whole.
      const auto valid = check_view(data, shape.features, shape.labels);
      return valid ? runtime_error("the rows changed while they were read; leave the data alone while they are trained on")
                   : valid.error();
    }
    hash.add(data, begin, begin + count);
    if (pager != nullptr) pager->release(begin, begin + count);
  }
  offsets_ = offsets;
  ids_ = ids;
  rows_ = data.size();
  fingerprint_ = hash.value(data.added);
  return std::nullopt;
}

}  // namespace glissade
