#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glissade {

/// The order of an epoch: a permutation of 0 .. samples - 1 that is a function of the seed. Fisher & Yates.
void shuffle(std::vector<std::uint32_t>& order, std::size_t samples, std::uint64_t seed);

/// The order of an epoch that reads a file a piece at a time: blocks of `block` samples in random order, and the samples of
/// kBlocksPerWindow blocks that follow each other shuffled. A block of 0, or one that is as large as the whole, is shuffle().
void shuffle_in_blocks(std::vector<std::uint32_t>& order, std::size_t samples, std::size_t block, std::uint64_t seed);

/// Lets the parts of each step take their samples from blocks of their own, as far as it goes, so that a rank which goes through
/// some parts reads the blocks of these. Within each window of an order of shuffle_in_blocks(), of which rows may have been left
/// out, the rows change places: those of its blocks, one block after another, go to the positions of the first part, of the
/// second, and so on. Steps have `step` samples, parts `part`.
void deal_to_parts(std::vector<std::uint32_t>& order, std::size_t block, std::size_t step, std::size_t part, std::uint64_t seed);

/// Brings samples with equal codes together, codes[sample] < 2^bits, in groups of `group` that are then shuffled: a batch is made
/// of several groups. Samples of one code keep their order in `order`; where a code's samples do not fill a group, the next
/// code's join it. A function of its arguments.
void group_by_code(std::vector<std::uint32_t>& order, const std::vector<std::uint32_t>& codes, std::uint32_t bits,
                   std::size_t group, std::uint64_t seed);

}  // namespace glissade
