#pragma once

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/communication/shared_work.h"
#include "engine/sparse_rows/row_candidates.h"

namespace glissade {

/// Logits are this times the rows' products, which lie between 0 and about 1.
inline constexpr float kSharpness = 30;

/// The labels of a sample's loss: its own first, then the other candidates.
class SampleLabels {
 public:
  void put(std::span<const std::uint32_t> own, std::span<const std::uint32_t> candidates) {
    labels_.assign(own.begin(), own.end());
    for (const std::uint32_t label : candidates) {
      if (label != RowCandidates::kNone && std::ranges::find(own, label) == own.end()) labels_.push_back(label);
    }
    for (auto place = static_cast<std::uint32_t>(places_.size()); place < own.size(); ++place) places_.push_back(place);
    own_ = own.size();
  }

  std::span<const std::uint32_t> all() const noexcept { return labels_; }
  std::size_t own() const noexcept { return own_; }
  /// 0, 1 ..: where the sample's own labels stand.
  std::span<const std::uint32_t> own_places() const noexcept { return std::span(places_).first(own_); }

 private:
  std::vector<std::uint32_t> labels_, places_;
  std::size_t own_ = 0;
};

/// Fixed blocks of so many samples: sums over blocks do not depend on the threads.
inline constexpr std::size_t kSamplesOfBlock = 32;
constexpr std::size_t blocks_of(std::size_t samples) noexcept { return (samples + kSamplesOfBlock - 1) / kSamplesOfBlock; }

/// use(block, first, end) for each block of so many samples, those from first to end - 1, in parallel.
template <class Use>
void for_each_block(std::size_t samples, const Use& use) {
  tbb::parallel_for(std::size_t{0}, blocks_of(samples), [&](std::size_t block) {
    use(block, block * kSamplesOfBlock, std::min(samples, (block + 1) * kSamplesOfBlock));
  });
}

/// differentiate(place, worker, out) for each place, in parallel: what a fixed block of samples yields goes to one of `blocks`,
/// in order, for any number of threads. `blocks` and the threads' workers keep their memory from call to call. Ranks share the
/// blocks out: for_each_array(block, use) is that of SharedWork::exchange().
template <class Worker, class Out, class Differentiate, class ForEachArray>
void differentiate_in_blocks(std::span<const std::uint32_t> places, std::vector<Out>& blocks, SharedWork& work,
                             const Differentiate& differentiate, const ForEachArray& for_each_array) {
  blocks.resize(blocks_of(places.size()));
  const SharedWork::Part own = work.part(blocks.size());
  tbb::parallel_for(own.first, own.end, [&](std::size_t block) {
    static thread_local Worker worker;
    blocks[block].clear();
    for (const std::uint32_t place :
         places.subspan(block * kSamplesOfBlock, std::min(kSamplesOfBlock, places.size() - block * kSamplesOfBlock))) {
      differentiate(place, worker, blocks[block]);
    }
  });
  work.exchange(blocks, for_each_array);
}

}  // namespace glissade
