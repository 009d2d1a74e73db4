#pragma once

#include <string>

#include <glissade/config.h>

namespace glissade {

/// Where config.hash_tables.budget is not 0 and the sampler looks into hash tables: chooses k, tables, bucket_cap and
/// rehash_period for a network of `shape`, writes them into `config`, and says in one line what was chosen and why. Otherwise
/// changes nothing and returns an empty text. `config` must be valid. Pure; thread-safe.
///
/// Of all numbers of codes it takes the one whose tables, as many as the budget pays for, find a near row (at 60 degrees) most
/// probably: 1 - (1 - p^k)^L, Indyk & Motwani 1998. What looking up, counting and re-hashing costs was measured on one machine
/// (bench/kernels, tables), so the budget is met roughly elsewhere.
std::string tune_tables(Config& config, const Shape& shape);

}  // namespace glissade
