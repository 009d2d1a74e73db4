#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <glissade/config.h>

#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "hashing/family.h"
#include "hashing/query.h"
#include "hashing/rehash_job.h"
#include "hashing/schedule.h"
#include "hashing/tables.h"

namespace glissade {

/// The hash tables over an output layer's rows (weights and bias), and what keeps them in step with training.
/// A re-hash is a job that goes on in small slices until the next one is due, so training never waits for it, and so is the
/// filling of the tables at the begin of an epoch; build() hashes every row at once. Reads (codes, tables) are safe from many
/// threads; all else needs exclusive access.
class LabelIndex {
 public:
  LabelIndex(const Config& config, const ParameterRows& rows);

  /// Hashes every row; drops a re-hash that is under way.
  void build();
  /// Hashes every row if no table was ever filled, or begun to be.
  void ensure_begun() {
    if (state_ == State::empty) build();
  }
  /// Whether every table has every row: only then do a search's answers not depend on how far training got.
  bool full() const noexcept { return state_ == State::full; }

  /// Empties the tables and sets the schedule to where it stands after `epochs` passes over `samples` samples in batches of
  /// `batch`: so a run that was resumed there goes on exactly as one that never stopped. advance() fills them over the first
  /// 1 / kFillingPart of the samples, or the first batch; until then samplers find less, and more is drawn. With `renew-hash` the
  /// hash functions are new ones, a function of (seed, epochs).
  void restart(std::uint64_t epochs, std::uint64_t samples, std::uint64_t batch);
  static constexpr std::uint64_t kFillingPart = 32;

  /// Counts `samples` trained samples and does the share of the re-hash under way that they stand for in its period; finishes it
  /// and begins the next one if the schedule says so. Returns the rows hashed now.
  std::size_t advance(std::uint64_t samples);

  /// Addresses of the activations' rows in every table, codes[table * stride + i] of row first + i * every;
  /// stride >= hashing::padded(count). In parallel.
  void codes(const Activations& hidden, const SomeRows& which, std::uint32_t* codes, std::size_t stride) const;

  /// Addresses of the rows ids[0], ids[1], ... themselves, codes[table * stride + i]. In parallel.
  void row_codes(std::span<const std::uint32_t> ids, std::uint32_t* codes, std::size_t stride) const;

  const hashing::Tables& tables() const noexcept { return tables_; }
  hashing::Drift& drift() noexcept { return drift_; }
  std::size_t memory_bytes() const noexcept {
    return tables_.memory_bytes() + job_.memory_bytes() + 2 * sizeof(float) * rows_.rows();
  }

 private:
  friend class TableState;  // writes all of it down and puts it back
  float measure_rows();
  void begin_rehash();
  void begin_job(std::vector<std::uint32_t> rows, double period);
  /// Starts the row's drift again; returns its length.
  float mark_hashed(std::uint32_t row) noexcept;

  const ParameterRows& rows_;
  std::unique_ptr<hashing::Family> family_;
  hashing::Tables tables_;
  hashing::RehashSchedule schedule_;
  hashing::Drift drift_;
  hashing::RehashJob job_;
  std::uint64_t job_samples_ = 0;  ///< since the job began
  double job_period_ = 1;          ///< the job ends within so many samples
  bool renews_;                    ///< its hash functions, by restart()
  std::uint64_t family_seed_;
  std::optional<float> longest_;  ///< with the transform: length of the longest row at the last build()
  enum class State { empty, filling, full } state_ = State::empty;
};

/// What the config says about hashing, for vectors of `width` weights and a bias.
hashing::FamilyParams family_params(const Config& config, std::size_t width) noexcept;

}  // namespace glissade
