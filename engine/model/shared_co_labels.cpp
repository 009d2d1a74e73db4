#include "engine/model/shared_co_labels.h"

#include <algorithm>
#include <utility>

#include "engine/communication/byte_message.h"

namespace glissade {
namespace {

/// Of `labels` those that are this rank's: how many entries each has, and these.
struct OwnRows {
  std::vector<std::uint32_t> lengths, ids;
  std::vector<std::uint16_t> values;

  void append_to(std::vector<std::byte>& bytes) const {
    put_array(bytes, lengths);
    put_array(bytes, ids);
    put_array(bytes, values);
  }
};

OwnRows own_rows(const Model::Impl& impl, std::span<const std::uint32_t> labels) {
  const RowOwners owners = impl.owners();
  const CoLabelRows rows(impl.paths.co_labels);
  OwnRows own;
  for (const std::uint32_t label : labels) {
    if (!owners.has(label)) continue;
    const SparseRowView row = rows.of(owners.place(label));
    own.lengths.push_back(static_cast<std::uint32_t>(row.ids.size()));
    own.ids.insert(own.ids.end(), row.ids.begin(), row.ids.end());
    own.values.insert(own.values.end(), row.values.begin(), row.values.end());
  }
  return own;
}

/// What one rank has sent, as rank 0 goes through it.
struct Sent {
  OwnRows rows;
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

std::vector<std::uint32_t> each_once(std::vector<std::uint32_t> labels) {
  std::ranges::sort(labels);
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

Result<SparseMatrix> ask_for_co_labels(Model::Impl& impl, std::span<const std::uint32_t> labels) {
  std::vector<std::vector<std::byte>> out(impl.owners().ranks), in;
  if (auto asked = impl.shards->exchange_labels(labels, out, in); !asked) return asked.error();
  std::vector<Sent> sent(in.size());
  sent[0].rows = own_rows(impl, labels);
  for (std::size_t rank = 1; rank < in.size(); ++rank) {
    ByteMessage message(in[rank]);
    message.append_to(sent[rank].rows.lengths);
    message.append_to(sent[rank].rows.ids);
    message.append_to(sent[rank].rows.values);
  }
  return together(impl.owners(), labels, sent);
}

Result<void> help_with_co_labels(Model::Impl& impl, const ShardGroup::Request& request) {
  return impl.shards->help_exchange_labels(request, [&](std::span<const std::uint32_t> labels, std::vector<std::byte>& bytes) {
    own_rows(impl, labels).append_to(bytes);
  });
}

}  // namespace glissade
