#include <glissade/tuning.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "engine/config/hash_kind.h"
#include "engine/samplers/mixture.h"
#include "engine/samplers/sampler.h"
#include "hashing/family.h"

namespace glissade {
namespace {

// Microseconds on one core of a 2020s server.
constexpr double kPerBucket = 0.16;     ///< its bounds and its first ids come from memory
constexpr double kPerRow = 0.0033;      ///< met in a bucket and counted
constexpr double kPerSign = 2e-5;       ///< one addition of a sparse projection, for 16 samples at once
constexpr double kRehashPerRow = 0.05;  ///< of one table
constexpr double kPerProduct = 2.5e-5;  ///< a multiplication and an addition of the shared products, AVX2
constexpr double kRehashShare = 0.03;   ///< of the time of training
constexpr double kNear = 2.0 / 3.0;     ///< probability that a bit of two vectors at 60 degrees is the same
constexpr std::uint32_t kMostTables = 512;
constexpr std::uint32_t kLeastCap = 64;
constexpr double kChoice = 4;  ///< rows that tables should offer for each one that is taken

/// What tables of one number of codes cost a sample and find.
struct Offer {
  std::uint32_t k = 0;
  std::uint32_t tables = 0;
  double rows = 0;          ///< met by a sample
  double microseconds = 0;  ///< on one core
  double found = 0;         ///< probability that a near row is met
};

/// Rows that one sample has to contribute to its set.
double wanted_rows(const Config& config, const Shape& shape) noexcept {
  double share = 0;
  for (const SamplerMix::Part& part : config.active_set.sampler.parts) {
    if (uses_tables(part.kind)) share += share_of(part, config);
  }
  const double places = share * std::min(config.active_set.size.of(shape.labels), shape.labels);
  return config.active_set.scope == Scope::shared
             ? std::ceil(places * config.active_set.query_every / config.training.piece_samples())
             : places;
}

Offer offer_of(const Config& config, const Shape& shape, std::uint32_t k, std::uint32_t bits) noexcept {
  const double per_bucket = static_cast<double>(shape.labels) / std::exp2(bits);
  const double hashing = kPerSign * k * std::max(8.0, config.network.hidden.back() / 3.0);
  const double per_table = kPerBucket + kPerRow * per_bucket + hashing;
  Offer offer{k, 0, 0, 0, 0};
  offer.tables = std::clamp(static_cast<std::uint32_t>(config.hash_tables.budget / per_table), 1u, kMostTables);
  offer.rows = per_bucket * offer.tables;
  offer.microseconds = per_table * offer.tables;
  offer.found = -std::expm1(offer.tables * std::log1p(-std::pow(kNear, bits)));
  return offer;
}

/// First it must be affordable, then offer enough rows; among such, the one that finds most. Without any, the cheapest.
bool better(const Offer& a, const Offer& b, double budget, double rows) noexcept {
  const bool a_fits = a.microseconds <= budget, b_fits = b.microseconds <= budget;
  if (a_fits != b_fits) return a_fits;
  if (!a_fits) return a.microseconds < b.microseconds;
  const bool a_enough = a.rows >= rows, b_enough = b.rows >= rows;
  if (a_enough != b_enough) return a_enough;
  return a_enough ? a.found > b.found : a.rows > b.rows;
}

}  // namespace

std::string tune_tables(Config& config, const Shape& shape) {
  if (config.hash_tables.budget == 0 || !uses_tables(config.active_set.sampler) || config.network.loss == LossKind::ns) return {};
  hashing::FamilyParams one_code;
  one_code.kind = config::family_kind(config.hash_tables.family);
  one_code.k = 1;
  const std::uint32_t bits_per_code = hashing::table_bits(one_code);
  const double wanted = wanted_rows(config, shape);
  Offer best;
  for (std::uint32_t k = 1; k * bits_per_code <= hashing::kMaxTableBits; ++k) {
    const Offer offer = offer_of(config, shape, k, k * bits_per_code);
    if (best.k == 0 || better(offer, best, config.hash_tables.budget, kChoice * wanted)) best = offer;
  }
  const double mean_bucket = best.rows / best.tables;
  const double step_per_sample =
      3 * kPerProduct * config.network.hidden.back() * std::min(config.active_set.size.of(shape.labels), shape.labels);
  const double rehash = kRehashPerRow * best.tables * shape.labels;
  config.hash_tables.k = best.k;
  config.hash_tables.count = best.tables;
  config.hash_tables.bucket_cap = std::max(kLeastCap, static_cast<std::uint32_t>(std::min(1e9, std::ceil(8 * mean_bucket))));
  config.rehash.period =
      std::max<std::uint64_t>(config.training.batch, static_cast<std::uint64_t>(rehash / (kRehashShare * step_per_sample)));
  return fmt::format(
      "hash tables: {} of {} codes, buckets of at most {}, re-hash every {} samples; about {:.1f} us per sample of {:g} allowed, "
      "{:.0f} rows met for {:.0f} taken, a row at 60 degrees is met with probability {:.2f}, {:.0f} MiB",
      best.tables, best.k, config.hash_tables.bucket_cap, config.rehash.period, best.microseconds, config.hash_tables.budget,
      best.rows, wanted, best.found, 4.0 * best.tables * (shape.labels + std::exp2(best.k * bits_per_code)) / (1 << 20));
}

}  // namespace glissade
