#include "engine/model/shared_proposals.h"

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "engine/communication/byte_message.h"
#include "engine/model/shared_co_labels.h"

namespace glissade {
namespace {

constexpr std::size_t kAtOnce = 16;

using Bytes = std::vector<std::byte>;

class SharedProposals {
 public:
  SharedProposals(Model::Impl& impl, const ShardGroup::Asked& asked, const std::vector<bool>& unknown)
      : impl_(impl),
        ranks_(impl.shards->ranks()),
        owners_(impl.owners()),
        asked_(asked),
        features_(asked.features),
        k_(features_.rows() == 0 ? 0 : asked.best.size() / features_.rows()),
        unknown_(unknown) {
    for (std::uint32_t home = 0; home <= owners_.ranks; ++home) homes_.push_back(features_.rows() * home / owners_.ranks);
    std::unique_ptr<CandidateSearch> search = impl.take_search();
    numbers_ = search->numbers_by_path();
    impl.give_back(std::move(search));
  }

  Result<void> run(ProposedCandidates& out) {
    if (auto done = tell(); !done) return done;
    if (auto done = hear(); !done) return done;
    if (auto done = measure(); !done) return done;
    if (auto done = tell_logits(); !done) return done;
    describe();
    if (auto done = fill_co_labels(); !done) return done;
    if (asked_.with_scores) score();
    return gather(out);
  }

 private:
  /// Samples of one home that a thread works on at once.
  struct Block {
    std::uint32_t home;
    std::size_t first, end;
  };

  std::vector<Block> blocks_of(std::uint32_t home) const {
    std::vector<Block> blocks;
    for (std::size_t first = homes_[home]; first < homes_[home + 1]; first += kAtOnce)
      blocks.push_back({home, first, std::min(homes_[home + 1], first + kAtOnce)});
    return blocks;
  }
  std::vector<Block> all_blocks() const {
    std::vector<Block> blocks;
    for (std::uint32_t home = 0; home < owners_.ranks; ++home) {
      const auto of_home = blocks_of(home);
      blocks.insert(blocks.end(), of_home.begin(), of_home.end());
    }
    return blocks;
  }

  /// use(search, block number, block) for each, in parallel.
  template <class Use>
  void for_each(const std::vector<Block>& blocks, const Use& use) {
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(std::size_t{0}, blocks.size(), [&](std::size_t b) {
        std::unique_ptr<CandidateSearch> search = impl_.take_search();
        use(*search, b, blocks[b]);
        impl_.give_back(std::move(search));
      });
    });
  }

  CandidateSearch::Sample sample(std::size_t row) const {
    const auto listed = asked_.best.subspan(row * k_, k_);
    const auto labels = listed.first(static_cast<std::size_t>(std::ranges::find(listed, Predictions::kNoLabel) - listed.begin()));
    const float log_sum = asked_.log_sums.empty() ? 0.f : asked_.log_sums[row];
    return {features_.row_ids(row), features_.row_values(row), asked_.hidden, row, labels, log_sum};
  }

  /// To each home, block by block, what this rank's rows have of its samples: the sizes of the blocks, then the blocks.
  Result<void> tell() {
    const std::vector<Block> blocks = all_blocks();
    std::vector<Bytes> told(blocks.size());
    for_each(blocks, [&](CandidateSearch& search, std::size_t b, const Block& block) {
      std::vector<ToldRows> of_sample;
      for (std::size_t row = block.first; row < block.end; ++row) {
        search.tell(sample(row), unknown_, of_sample);
        for (ToldRows& path : of_sample) ToldRows::for_each_array(path, [&](auto& array) { put_array(told[b], array); });
      }
    });
    std::vector<Bytes> out(owners_.ranks);
    for (std::uint32_t home = 0, b = 0; home < owners_.ranks; ++home) {
      std::vector<std::uint64_t> sizes;
      const std::size_t first = b;
      for (; b < blocks.size() && blocks[b].home == home; ++b) sizes.push_back(told[b].size());
      put_array(out[home], sizes);
      for (std::size_t i = first; i < b; ++i) out[home].insert(out[home].end(), told[i].begin(), told[i].end());
    }
    if (auto done = ranks_.all_to_all_unknown(out, told_); !done) return done;
    own_blocks_ = blocks_of(owners_.rank);
    places_of_blocks();
    return {};
  }

  /// Where in what each rank has told each of this home's blocks begins.
  void places_of_blocks() {
    begins_.assign(owners_.ranks, {});
    for (std::uint32_t rank = 0; rank < owners_.ranks; ++rank) {
      ByteMessage message(told_[rank]);
      const auto sizes = message.array<std::uint64_t>();
      std::uint64_t at = sizeof(std::uint64_t) * (1 + sizes.size());
      for (const std::uint64_t size : sizes) {
        begins_[rank].push_back(at);
        at += size;
      }
    }
  }

  /// use(sample's number in the batch, what all ranks have told of it) for each of a block of this home.
  template <class Use>
  void for_each_told(std::size_t b, const Use& use) const {
    std::vector<ByteMessage> messages;
    for (std::uint32_t rank = 0; rank < owners_.ranks; ++rank)
      messages.emplace_back(std::span<const std::byte>(told_[rank]).subspan(begins_[rank][b]));
    std::vector<ToldRows> told(numbers_.size());
    for (std::size_t row = own_blocks_[b].first; row < own_blocks_[b].end; ++row) {
      for (ToldRows& path : told) path.clear();
      for (ByteMessage& message : messages) {
        for (ToldRows& path : told) ToldRows::for_each_array(path, [&](auto& array) { message.append_to(array); });
      }
      use(row, std::span<const ToldRows>(told));
    }
  }

  /// The candidates of this home's samples; then all ranks have those of all.
  Result<void> hear() {
    std::vector<std::vector<std::uint32_t>> counts(own_blocks_.size()), labels(own_blocks_.size());
    for_each(own_blocks_, [&](CandidateSearch& search, std::size_t b, const Block&) {
      for_each_told(b, [&](std::size_t row, std::span<const ToldRows> told) {
        search.hear(sample(row), told);
        counts[b].push_back(static_cast<std::uint32_t>(search.labels().size()));
        labels[b].insert(labels[b].end(), search.labels().begin(), search.labels().end());
      });
    });
    std::vector<std::uint32_t> own_counts, own_labels;
    for (std::size_t b = 0; b < counts.size(); ++b) {
      own_counts.insert(own_counts.end(), counts[b].begin(), counts[b].end());
      own_labels.insert(own_labels.end(), labels[b].begin(), labels[b].end());
    }
    Bytes mine;
    put_array(mine, own_counts);
    put_array(mine, own_labels);
    std::vector<Bytes> all;
    if (auto done = ranks_.all_gather_unknown(mine, all); !done) return done;
    std::vector<std::uint32_t> all_counts;
    for (const Bytes& bytes : all) {
      ByteMessage message(bytes);
      message.append_to(all_counts);
      message.append_to(candidates_);
    }
    ends_.assign(1, 0);
    for (const std::uint32_t count : all_counts) ends_.push_back(ends_.back() + count);
    return {};
  }

  std::span<const std::uint32_t> candidates_of(std::size_t row) const noexcept {
    return std::span(candidates_).subspan(ends_[row], ends_[row + 1] - ends_[row]);
  }

  /// To each home what this rank knows of its samples' candidates that are labels of this rank's.
  Result<void> measure() {
    const std::vector<Block> blocks = all_blocks();
    std::vector<std::vector<float>> found(blocks.size());
    for_each(blocks, [&](CandidateSearch& search, std::size_t b, const Block& block) {
      std::vector<std::uint32_t> places;
      for (std::size_t row = block.first; row < block.end; ++row) {
        places.clear();
        for (const std::uint32_t label : candidates_of(row)) {
          if (owners_.has(label)) places.push_back(owners_.place(label));
        }
        search.measure(sample(row), places, found[b]);
      }
    });
    std::vector<Bytes> out(owners_.ranks);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const auto bytes = std::as_bytes(std::span(found[b]));
      out[blocks[b].home].insert(out[blocks[b].home].end(), bytes.begin(), bytes.end());
    }
    return ranks_.all_to_all_unknown(out, measured_);
  }

  /// Likewise the logits of these, one for each.
  Result<void> tell_logits() {
    std::vector<float> own;
    const SparseRows candidates{ends_, candidates_, {}};
    tbb::this_task_arena::isolate([&] { own = impl_.shards->own_logits(asked_.hidden, candidates); });
    std::vector<Bytes> out(owners_.ranks);
    const float* next = own.data();
    for (std::uint32_t home = 0; home < owners_.ranks; ++home) {
      std::size_t count = 0;
      for (std::uint64_t i = ends_[homes_[home]]; i < ends_[homes_[home + 1]]; ++i) count += owners_.has(candidates_[i]) ? 1 : 0;
      const auto bytes = std::as_bytes(std::span(next, count));
      out[home].assign(bytes.begin(), bytes.end());
      next += count;
    }
    std::vector<Bytes> in;
    if (auto done = ranks_.all_to_all_unknown(out, in); !done) return done;
    std::vector<const std::byte*> from;
    for (const Bytes& bytes : in) from.push_back(bytes.data());
    const std::uint64_t first = ends_[homes_[owners_.rank]];
    logits_.resize(ends_[homes_[owners_.rank + 1]] - first);
    for (std::size_t i = 0; i < logits_.size(); ++i) {
      const std::byte*& at = from[owners_.owner(candidates_[first + i])];
      std::memcpy(&logits_[i], at, sizeof(float));
      at += sizeof(float);
    }
    return {};
  }
  std::span<const float> logits_of(std::size_t row) const noexcept {
    return std::span(logits_).subspan(ends_[row] - ends_[homes_[owners_.rank]], ends_[row + 1] - ends_[row]);
  }

  /// The numbers of a sample's candidates, one candidate after another, from where each rank's begin; moves these on.
  void collect(std::span<const std::uint32_t> labels, std::vector<const std::byte*>& from, std::vector<float>& out) const {
    const std::size_t stride = std::accumulate(numbers_.begin(), numbers_.end(), std::size_t{0});
    out.resize(labels.size() * stride);
    std::size_t first = 0;
    for (const std::size_t numbers : numbers_) {
      if (numbers != 0) {
        for (std::uint32_t rank = 0; rank < owners_.ranks; ++rank)
          place_numbers(labels, rank, {first, numbers, stride}, from[rank], out);
      }
      first += numbers;
    }
  }

  /// Where the numbers of a path stand among those of a candidate.
  struct Columns {
    std::size_t first, count, stride;
  };
  void place_numbers(std::span<const std::uint32_t> labels, std::uint32_t rank, const Columns& columns, const std::byte*& from,
                     std::vector<float>& out) const {
    for (std::size_t c = 0; c < labels.size(); ++c) {
      if (owners_.owner(labels[c]) != rank) continue;
      std::memcpy(out.data() + c * columns.stride + columns.first, from, columns.count * sizeof(float));
      from += columns.count * sizeof(float);
    }
  }

  /// Where in what each rank has measured each of this home's blocks begins.
  std::vector<std::vector<const std::byte*>> begins_of_measured() const {
    const std::size_t stride = std::accumulate(numbers_.begin(), numbers_.end(), std::size_t{0});
    std::vector<const std::byte*> at;
    for (const Bytes& bytes : measured_) at.push_back(bytes.data());
    std::vector<std::vector<const std::byte*>> begins;
    for (const Block& block : own_blocks_) {
      begins.push_back(at);
      for (std::uint64_t i = ends_[block.first]; i < ends_[block.end]; ++i)
        at[owners_.owner(candidates_[i])] += stride * sizeof(float);
    }
    return begins;
  }

  void describe() {
    described_.resize(own_blocks_.size());
    auto begins = begins_of_measured();
    for_each(own_blocks_, [&](CandidateSearch& search, std::size_t b, const Block&) {
      std::vector<float> measured;
      for_each_told(b, [&](std::size_t row, std::span<const ToldRows> told) {
        search.hear(sample(row), told);
        collect(search.labels(), begins[b], measured);
        search.describe(sample(row), measured);
        search.describe_by_hidden(sample(row), logits_of(row));
        described_[b].add(search.labels(), search.features());
      });
    });
  }

  /// What co-labels say, whose rows other ranks have, too.
  Result<void> fill_co_labels() {
    if (impl_.paths.co_labels.empty()) return {};
    std::vector<std::vector<std::uint32_t>> speakers(own_blocks_.size());
    for_each_described([&](CandidateSearch& search, std::size_t b, std::size_t) { search.speakers(speakers[b]); });
    const std::vector<std::uint32_t> asked = each_once(speakers);
    const auto rows = co_labels_among(impl_, asked);
    if (!rows) return rows.error();
    const CoLabelRows co_labels(*rows, asked);
    for_each_described([&](CandidateSearch& search, std::size_t b, std::size_t i) {
      search.fill_co_labels(co_labels);
      std::ranges::copy(search.features(),
                        described_[b].features.begin() + static_cast<std::ptrdiff_t>(described_[b].offsets[i]));
    });
    return {};
  }

  /// use(search, block, number in the block) for each sample of this home, with its candidates.
  template <class Use>
  void for_each_described(const Use& use) {
    for_each(own_blocks_, [&](CandidateSearch& search, std::size_t b, const Block& block) {
      for (std::size_t i = 0; i < described_[b].samples(); ++i) {
        search.take(sample(block.first + i), described_[b].labels_of(i), described_[b].features_of(i), {});
        use(search, b, i);
      }
    });
  }

  void score() {
    for_each(own_blocks_, [&](CandidateSearch&, std::size_t b, const Block&) {
      static thread_local RankPass pass;
      ProposedCandidates& block = described_[b];
      block.scores.resize(block.features.size());
      for (std::size_t i = 0; i < block.samples(); ++i)
        impl_.paths.score(block.features_of(i), pass, block.scores.data() + block.offsets[i]);
    });
  }

  /// To rank 0, whose are the first samples.
  Result<void> gather(ProposedCandidates& out) {
    std::vector<Bytes> to(owners_.ranks), from;
    if (owners_.rank != 0) {
      for (ProposedCandidates& block : described_)
        ProposedCandidates::for_each_array(block, [&](auto& array) { put_array(to[0], array); });
    }
    if (auto done = ranks_.all_to_all_unknown(to, from); !done) return done;
    out.clear();
    if (owners_.rank != 0) return {};
    for (const ProposedCandidates& block : described_) out.add(block);
    for (std::uint32_t rank = 1; rank < owners_.ranks; ++rank) {
      ByteMessage message(from[rank]);
      for (std::size_t b = blocks_of(rank).size(); b > 0; --b) {
        ProposedCandidates block;
        ProposedCandidates::for_each_array(block, [&](auto& array) {
          array.clear();
          message.append_to(array);
        });
        out.add(block);
      }
    }
    return {};
  }

  Model::Impl& impl_;
  Communicator& ranks_;
  RowOwners owners_;
  const ShardGroup::Asked& asked_;
  const SparseRows& features_;
  std::size_t k_;
  const std::vector<bool>& unknown_;
  std::vector<std::size_t> homes_;                  ///< of each rank its first sample, and the end
  std::vector<std::size_t> numbers_;                ///< by path, of what measure() has of a candidate
  std::vector<Bytes> told_, measured_;              ///< by each rank
  std::vector<Block> own_blocks_;                   ///< of this home
  std::vector<std::vector<std::uint64_t>> begins_;  ///< by rank, of each of own_blocks_
  std::vector<std::uint32_t> candidates_;           ///< of all samples
  std::vector<std::uint64_t> ends_;                 ///< of each sample's, from 0 on
  std::vector<float> logits_;                       ///< of this home's candidates
  std::vector<ProposedCandidates> described_;       ///< of own_blocks_
};

}  // namespace

Result<void> propose_among(Model::Impl& impl, const ShardGroup::Asked& asked, const std::vector<bool>& unknown,
                           ProposedCandidates& out) {
  return SharedProposals(impl, asked, unknown).run(out);
}

}  // namespace glissade
