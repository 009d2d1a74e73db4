#include "engine/samplers/label_codes.h"

#include <algorithm>

#include "hashing/group_codes.h"

namespace glissade {

void LabelCodes::gather(const SparseRows& labels) {
  labels_ = labels;
  const RowOwners owners = shards_.owners();
  const std::size_t tables = index_.tables().tables();
  // The batch's labels, each once, in an order that all ranks know: by rank, and there as they come in the batch.
  std::vector<std::vector<std::uint32_t>> of_rank(owners.ranks);
  constexpr std::uint32_t kUnseen = 0xffffffffu;
  for (const std::uint32_t label : labels.ids) place_of_[label] = kUnseen;
  for (const std::uint32_t label : labels.ids) {
    if (place_of_[label] != kUnseen) continue;
    std::vector<std::uint32_t>& its = of_rank[owners.owner(label)];
    place_of_[label] = static_cast<std::uint32_t>(its.size());
    its.push_back(label);
  }
  std::vector<std::size_t> words;
  count_ = 0;
  for (const std::vector<std::uint32_t>& its : of_rank) {
    for (const std::uint32_t label : its) place_of_[label] += static_cast<std::uint32_t>(count_);
    count_ += its.size();
    words.push_back(its.size() * tables);
  }

  std::vector<std::uint32_t> own = std::move(of_rank[owners.rank]), own_codes(hashing::padded(own.size()) * tables);
  const std::size_t own_count = own.size(), own_stride = hashing::padded(own_count);
  for (std::uint32_t& label : own) label = owners.place(label);
  if (own_count > 0) index_.row_codes(own, own_codes.data(), own_stride);
  std::vector<std::uint32_t> mine(own_count * tables), all(count_ * tables, 0);  // label by label
  for (std::size_t i = 0; i < own_count; ++i) {
    for (std::size_t table = 0; table < tables; ++table) mine[i * tables + table] = own_codes[table * own_stride + i];
  }
  shards_.gather(mine, words, all);

  stride_ = hashing::padded(count_);
  codes_.assign(stride_ * tables, 0);
  for (std::size_t i = 0; i < count_; ++i) {
    for (std::size_t table = 0; table < tables; ++table) codes_[table * stride_ + i] = all[i * tables + table];
  }
}

hashing::GroupCodes LabelCodes::of(std::size_t first, std::size_t count, std::vector<std::uint32_t>& scratch) const {
  if (first == 0 && count == labels_.rows()) return {codes_.data(), stride_, count_};
  const std::size_t begin = labels_.offsets[first], labels = labels_.offsets[first + count] - begin;
  const std::size_t stride = hashing::padded(labels), tables = index_.tables().tables();
  scratch.resize(stride * tables);
  for (std::size_t i = 0; i < labels; ++i) {
    const std::size_t place = place_of_[labels_.ids[begin + i]];
    for (std::size_t table = 0; table < tables; ++table) scratch[table * stride + i] = codes_[table * stride_ + place];
  }
  return {scratch.data(), stride, labels};
}

}  // namespace glissade
