#include "engine/training/shared_step.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace glissade {
namespace {

/// What stands before the counts of rows in what a rank says of its parts.
enum ReportField : std::size_t { kLossBits, kProbed, kHits, kActiveRows, kFailed, kStop, kReportFields };

}  // namespace

SharedStep::Share SharedStep::share_of(int rank, std::size_t parts) const noexcept {
  const auto r = static_cast<std::size_t>(rank), ranks = static_cast<std::size_t>(ranks_.size());
  const std::size_t first = parts * r / ranks;
  return {first, parts * (r + 1) / ranks - first};
}

Result<void> SharedStep::exchange(OutputReport& report, GradientStore& store) {
  const auto ranks = static_cast<std::size_t>(ranks_.size()), self = static_cast<std::size_t>(ranks_.rank());
  std::vector<std::uint64_t> own = {std::bit_cast<std::uint64_t>(report.loss),
                                    report.probed,
                                    report.hits,
                                    report.active_rows,
                                    report.ok ? 0u : 1u,
                                    wishes_to_stop_ ? 1u : 0u};
  std::ranges::copy(store.counts(), std::back_inserter(own));
  const std::size_t fields = own.size();
  headers_.resize(ranks * fields);
  const std::vector<std::size_t> header_bytes(ranks, fields * sizeof(std::uint64_t));
  if (auto sent = ranks_.all_gather_v(std::as_bytes(std::span(own)), header_bytes, std::as_writable_bytes(std::span(headers_)));
      !sent)
    return sent;
  const auto header_of = [&](std::size_t rank) {
    return std::span<const std::uint64_t>(headers_).subspan(rank * fields, fields);
  };
  const auto counts_of = [&](std::size_t rank) { return header_of(rank).subspan(kReportFields); };

  OutputReport whole;
  stop_is_agreed_ = false;
  std::vector<std::size_t> bytes(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const auto header = header_of(rank);
    whole.loss += std::bit_cast<double>(header[kLossBits]);
    whole.probed += header[kProbed];
    whole.hits += header[kHits];
    whole.active_rows += header[kActiveRows];
    whole.ok &= header[kFailed] == 0;
    stop_is_agreed_ |= header[kStop] != 0;
    bytes[rank] = store.packed_bytes(counts_of(rank), Wire::fp32);
  }
  report = whole;
  gradients_.resize(std::reduce(bytes.begin(), bytes.end()));
  const std::size_t begin = std::reduce(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(self));
  store.pack(Wire::fp32, gradients_.data() + begin);
  if (auto sent = ranks_.all_gather_v(std::span(gradients_).subspan(begin, bytes[self]), bytes, gradients_); !sent) return sent;
  const std::byte* in = gradients_.data();
  for (std::size_t rank = 0; rank < ranks; in += bytes[rank], ++rank) {
    if (auto added = store.add_packed(counts_of(rank), Wire::fp32, in); !added) return added;
  }
  return {};
}

Result<void> SharedStep::share_activations(Activations& hidden, std::size_t samples, std::size_t width, int owner) {
  if (ranks_.rank() != owner) hidden.resize(samples, width, hidden.rounded);
  const std::span<float> values(hidden.values.data(), samples * hidden.stride);
  return ranks_.broadcast(std::as_writable_bytes(values), owner);
}

}  // namespace glissade
