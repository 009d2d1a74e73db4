#include "engine/model/shared_co_labels.h"

#include <algorithm>
#include <utility>

#include "engine/communication/byte_message.h"

namespace glissade {
namespace {

/// Some rows: how many entries each has, and these.
struct CoLabelEntries {
  std::vector<std::uint32_t> lengths, ids;
  std::vector<std::uint16_t> values;

  template <class Use>
  static void for_each_array(CoLabelEntries& rows, const Use& use) {
    use(rows.lengths);
    use(rows.ids);
    use(rows.values);
  }
};

CoLabelEntries rows_at(const SparseMatrix& matrix, std::span<const std::uint32_t> places) {
  const CoLabelRows rows(matrix);
  CoLabelEntries some;
  for (const std::uint32_t place : places) {
    const SparseRowView row = rows.of(place);
    some.lengths.push_back(static_cast<std::uint32_t>(row.ids.size()));
    some.ids.insert(some.ids.end(), row.ids.begin(), row.ids.end());
    some.values.insert(some.values.end(), row.values.begin(), row.values.end());
  }
  return some;
}

/// What one rank has sent, as another goes through it.
struct Sent {
  CoLabelEntries rows;
  std::size_t row = 0, entry = 0;
};

/// The rows of all ranks, in the order of `labels`.
SparseMatrix together(const RowOwners& owners, std::span<const std::uint32_t> labels, std::vector<Sent>& sent) {
  std::vector<std::uint32_t> lengths;
  for (const std::uint32_t label : labels) {
    Sent& from = sent[owners.owner(label)];
    lengths.push_back(from.rows.lengths[from.row++]);
  }
  SparseMatrix all = matrix_of(lengths);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Sent& from = sent[owners.owner(labels[i])];
    std::copy_n(from.rows.ids.begin() + static_cast<std::ptrdiff_t>(from.entry), lengths[i], all.ids.data() + all.offsets[i]);
    std::copy_n(from.rows.values.begin() + static_cast<std::ptrdiff_t>(from.entry), lengths[i],
                all.values.data() + all.offsets[i]);
    from.entry += lengths[i];
  }
  return all;
}

}  // namespace

std::vector<std::uint32_t> each_once(const std::vector<std::vector<std::uint32_t>>& labels) {
  std::vector<std::uint32_t> all;
  for (const auto& some : labels) all.insert(all.end(), some.begin(), some.end());
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Result<SparseMatrix> co_labels_among(Model::Impl& impl, std::span<const std::uint32_t> labels) {
  const RowOwners owners = impl.owners();
  std::vector<std::vector<std::uint32_t>> wanted(owners.ranks);
  for (const std::uint32_t label : labels) wanted[owners.owner(label)].push_back(owners.place(label));
  std::vector<std::vector<std::byte>> out(owners.ranks), in;
  for (std::uint32_t rank = 0; rank < owners.ranks; ++rank) put_array(out[rank], wanted[rank]);
  if (auto asked = impl.shards->ranks().all_to_all_unknown(out, in); !asked) return asked.error();
  for (std::uint32_t rank = 0; rank < owners.ranks; ++rank) {
    CoLabelEntries own = rows_at(impl.paths.co_labels, ByteMessage(in[rank]).array<std::uint32_t>());
    out[rank].clear();
    CoLabelEntries::for_each_array(own, [&](auto& array) { put_array(out[rank], array); });
  }
  if (auto answered = impl.shards->ranks().all_to_all_unknown(out, in); !answered) return answered.error();
  std::vector<Sent> sent(owners.ranks);
  for (std::uint32_t rank = 0; rank < owners.ranks; ++rank) {
    ByteMessage message(in[rank]);
    CoLabelEntries::for_each_array(sent[rank].rows, [&](auto& array) { message.append_to(array); });
  }
  return together(owners, labels, sent);
}

}  // namespace glissade
