#include "hashing/hash_rows.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <vector>

#include "hashing/parallel.h"

namespace glissade::hashing {
namespace {

constexpr std::size_t kChunk = 64 * kLanes;  // rows a worker takes at once: some 0.1 ms of work

struct Scratch {
  std::vector<float> block;
  std::vector<std::uint32_t> codes;
};

}  // namespace

void hash_rows(const VectorSource& source, const Family& family, const std::uint32_t* ids, std::size_t count,
               std::span<std::uint32_t* const> columns) {
  assert(columns.size() == family.params().tables);
  const std::size_t workers = worker_count((count + kChunk - 1) / kChunk);
  std::vector<Scratch> scratch(workers);
  for (Scratch& s : scratch) {
    s.block.resize(std::size_t{family.params().dimension} * kLanes);
    s.codes.resize(columns.size() * kLanes);
  }
  for_chunks(count, kChunk, workers, [&](std::size_t worker, std::size_t begin, std::size_t end) {
    Scratch& s = scratch[worker];
    for (std::size_t first = begin; first < end; first += kLanes) {
      const std::size_t lanes = std::min(kLanes, end - first);
      std::uint32_t block_ids[kLanes];
      if (ids != nullptr)
        std::copy_n(ids + first, lanes, block_ids);
      else
        std::iota(block_ids, block_ids + lanes, static_cast<std::uint32_t>(first));
      source.load({block_ids, lanes}, s.block.data());
      family.codes(s.block.data(), s.codes.data());
      for (std::size_t t = 0; t < columns.size(); ++t) std::copy_n(s.codes.data() + t * kLanes, lanes, columns[t] + first);
    }
  });
}

}  // namespace glissade::hashing
