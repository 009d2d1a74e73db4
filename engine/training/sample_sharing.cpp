#include "engine/training/sample_sharing.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <numeric>

namespace glissade {
namespace {

/// What stands before the counts of rows in what a rank says of its parts.
enum ReportField : std::size_t { kLossBits, kProbed, kHits, kActiveRows, kFailed, kStop, kReportFields };

constexpr std::size_t kRowsTakenAtOnce = 64;
/// Of what is added up: so long that its messages cost more time than their number, and no more of them.
constexpr std::size_t kPieceFloats = std::size_t{1} << 19, kMostPieces = 64;

}  // namespace

void SampleSharing::prepare(const std::vector<ParameterRows*>& blocks) {
  if (sharing_.communicate == Communicate::sparse) return;
  waiting_ = std::make_unique<GradientStore>(blocks);
  sums_ = std::make_unique<GradientStore>(blocks);
  choice_ = std::make_unique<RowChoice>(blocks);
}

SampleSharing::Share SampleSharing::own_share(std::size_t parts) const noexcept {
  const std::size_t first = parts * rank() / size();
  return {first, parts * (rank() + 1) / size() - first};
}

std::span<const std::uint64_t> SampleSharing::counts_of(std::size_t rank) const noexcept {
  return std::span(headers_).subspan(rank * fields_ + kReportFields, fields_ - kReportFields);
}

Result<void> SampleSharing::exchange(OutputReport& report, GradientStore& store, bool all_travel) {
  if (auto told = exchange_reports(report, store); !told) return told;
  if (!report.ok) return {};
  return sums_ ? reduce_rows(store, all_travel || stop_.is_agreed) : gather_rows(store);
}

Result<void> SampleSharing::exchange_reports(OutputReport& report, const GradientStore& store) {
  std::vector<std::uint64_t> own = {std::bit_cast<std::uint64_t>(report.loss),
                                    report.probed,
                                    report.hits,
                                    report.active_rows,
                                    report.ok ? 0u : 1u,
                                    stop_.own ? 1u : 0u};
  std::ranges::copy(store.counts(), std::back_inserter(own));
  fields_ = own.size();
  headers_.resize(size() * fields_);
  const std::vector<std::size_t> bytes(size(), fields_ * sizeof(std::uint64_t));
  if (auto sent = ranks_.all_gather_v(std::as_bytes(std::span(own)), bytes, std::as_writable_bytes(std::span(headers_))); !sent)
    return sent;
  OutputReport whole;
  stop_.is_agreed = false;
  for (std::size_t rank = 0; rank < size(); ++rank) {
    const std::uint64_t* const header = headers_.data() + rank * fields_;
    whole.loss += std::bit_cast<double>(header[kLossBits]);
    whole.probed += header[kProbed];
    whole.hits += header[kHits];
    whole.active_rows += header[kActiveRows];
    whole.ok &= header[kFailed] == 0;
    stop_.is_agreed |= header[kStop] != 0;
  }
  report = whole;
  return {};
}

/// From each rank to each other one, added up in the order of the ranks. Bytes sent: those of this rank's rows, size() - 1 times.
Result<void> SampleSharing::gather_rows(GradientStore& store) {
  std::vector<std::size_t> bytes(size());
  for (std::size_t rank = 0; rank < size(); ++rank) bytes[rank] = store.packed_bytes(counts_of(rank), sharing_.wire);
  gradients_.resize(std::reduce(bytes.begin(), bytes.end()));
  const std::size_t begin = std::reduce(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(rank()));
  store.pack(sharing_.wire, gradients_.data() + begin);
  if (auto sent = ranks_.all_gather_v(std::span(gradients_).subspan(begin, bytes[rank()]), bytes, gradients_); !sent) return sent;
  const std::byte* in = gradients_.data();
  for (std::size_t rank = 0; rank < size(); in += bytes[rank], ++rank) {
    if (auto added = store.add_packed(counts_of(rank), sharing_.wire, in); !added) return added;
  }
  return {};
}

/// Each rank proposes its heaviest rows, twice as many as may travel, waiting ones among them. Of these the heaviest by the sum
/// over the ranks go into one buffer, which is added up on the way (the lazy all-reduce of GradientFlow: one message instead of
/// one per block). What is not chosen goes on waiting, and further steps add to it. Bytes sent: 16 a proposed row to each other
/// rank, and 2 (size - 1) / size of the buffer.
Result<void> SampleSharing::reduce_rows(GradientStore& store, bool all_travel) {
  std::uint64_t most = 0;
  for (std::size_t rank = 0; rank < size(); ++rank) {
    const auto counts = counts_of(rank);
    most = std::max(most, std::reduce(counts.begin(), counts.end()));
  }
  all_travel |= sharing_.communicate == Communicate::dense || sharing_.share >= 1;
  const auto wanted = static_cast<std::size_t>(std::ceil(sharing_.share * static_cast<double>(most)));
  store.pour_into(*waiting_);
  auto waiting = waiting_->weights();
  const auto own = all_travel ? std::span<const RowChoice::Row>(waiting) : RowChoice::heaviest(waiting, 2 * wanted);
  const auto counts = ranks_.all_gather(own.size());
  if (!counts) return counts.error();
  std::vector<std::size_t> bytes(counts->begin(), counts->end());
  for (std::size_t& one : bytes) one *= sizeof(RowChoice::Row);
  proposals_.resize(std::reduce(counts->begin(), counts->end()));
  if (auto sent = ranks_.all_gather_v(std::as_bytes(own), bytes, std::as_writable_bytes(std::span(proposals_))); !sent)
    return sent;
  std::size_t begin = 0;
  for (const std::uint64_t count : *counts) {
    choice_->add(std::span(proposals_).subspan(begin, count));
    begin += count;
  }
  const auto touched = choice_->choose(all_travel ? proposals_.size() : wanted);
  const auto travelling = sharing_.communicate == Communicate::dense ? choice_->all_rows() : touched;
  return sum_up(travelling, touched);
}

/// Piece after piece: while one travels the next is made ready, and the one before put where it belongs. A sum is the same in any
/// pieces (in bf16 but for roundings, as a rank does not round what it adds itself).
Result<void> SampleSharing::sum_up(std::span<const RowChoice::Row> travelling, std::span<const RowChoice::Row> touched) {
  std::vector<std::size_t> places(travelling.size() + 1);
  for (std::size_t i = 0; i < travelling.size(); ++i)
    places[i + 1] = places[i] + waiting_->rows_of(travelling[i].block).width() + 1;
  pool_.resize(places.back());
  const auto for_rows = [](std::size_t begin, std::size_t end, const auto& body) {
    tbb::parallel_for(std::size_t{0}, (end - begin + kRowsTakenAtOnce - 1) / kRowsTakenAtOnce, [&](std::size_t chunk) {
      const std::size_t first = begin + chunk * kRowsTakenAtOnce;
      for (std::size_t i = first; i < std::min(end, first + kRowsTakenAtOnce); ++i) body(i);
    });
  };
  const std::size_t least = std::max(kPieceFloats, places.back() / kMostPieces);
  std::vector<Piece> pieces;
  for (std::size_t begin = 0, end = 0; begin < travelling.size(); begin = end) {
    while (end < travelling.size() && places[end] - places[begin] < least) ++end;
    for_rows(begin, end,
             [&](std::size_t i) { waiting_->take(travelling[i].block, travelling[i].row, pool_.data() + places[i]); });
    pieces.push_back(
        {end, ranks_.start_all_reduce(std::span(pool_).subspan(places[begin], places[end] - places[begin]), sharing_.wire)});
    for (Piece& under_way : pieces) under_way.sum.advance();
  }
  waiting_->end_of_takes();
  // Both lists are in the same order, and the touched rows are among those that travel.
  std::vector<std::size_t> place_of(touched.size());
  std::size_t put = 0, at = 0;
  for (Piece& piece : pieces) {
    if (auto sent = piece.sum.wait(); !sent) return sent;
    for (Piece& under_way : pieces) under_way.sum.advance();
    const std::size_t first = put;
    for (; put < touched.size(); ++put, ++at) {
      while (at < piece.end && (travelling[at].block != touched[put].block || travelling[at].row != touched[put].row)) ++at;
      if (at == piece.end) break;
      place_of[put] = places[at];
    }
    for_rows(first, put, [&](std::size_t i) { sums_->put(touched[i], pool_.data() + place_of[i]); });
  }
  return {};
}

Result<void> SampleSharing::share_activations(Activations& hidden, std::size_t samples, std::size_t width, int owner) {
  if (ranks_.rank() != owner) hidden.resize(samples, width, hidden.rounded);
  const std::span<float> values(hidden.values.data(), samples * hidden.stride);
  return ranks_.broadcast(std::as_writable_bytes(values), owner);
}

}  // namespace glissade
