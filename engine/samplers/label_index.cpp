#include "engine/samplers/label_index.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/config/hash_kind.h"
#include "hashing/group_codes.h"
#include "hashing/hash_rows.h"
#include "hashing/lift.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kFamilyStream = 0x66616d696c79;
constexpr std::uint64_t kTableStream = 0x7461626c65;

/// Output rows as vectors to hash: the weights that the forward pass reads, the bias as one more dimension, and what the
/// transform adds.
class RowSource final : public hashing::VectorSource {
 public:
  RowSource(const ParameterRows& rows, std::optional<float> longest) : rows_(rows), longest_(longest) {}
  std::uint32_t count() const noexcept override { return static_cast<std::uint32_t>(rows_.rows()); }
  void load(std::span<const std::uint32_t> ids, float* block) const override {
    static thread_local std::vector<float> values;
    values.resize(hashing::kLanes * rows_.stride());
    for (std::size_t lane = 0; lane < ids.size(); ++lane) rows_.read_forward(ids[lane], values.data() + lane * rows_.stride());
    hashing::transpose_block(values.data(), rows_.stride(), ids.size(), rows_.width(), block);
    float* bias = block + rows_.width() * hashing::kLanes;
    for (std::size_t lane = 0; lane < hashing::kLanes; ++lane) bias[lane] = lane < ids.size() ? rows_.bias[ids[lane]] : 0.f;
    if (longest_) hashing::lift(block, rows_.width() + 1, ids.size(), *longest_);
  }

 private:
  const ParameterRows& rows_;
  std::optional<float> longest_;
};

hashing::ScheduleParams schedule_params(const Config& config) noexcept {
  hashing::ScheduleParams params;
  switch (config.rehash.kind) {
    case RehashKind::fixed: params.kind = hashing::ScheduleParams::Kind::fixed; break;
    case RehashKind::decaying: params.kind = hashing::ScheduleParams::Kind::decaying; break;
    case RehashKind::drift: params.kind = hashing::ScheduleParams::Kind::drift; break;
  }
  params.period = config.rehash.period;
  params.growth = config.rehash.growth;
  params.threshold = config.rehash.threshold;
  return params;
}

}  // namespace

hashing::FamilyParams family_params(const Config& config, std::size_t width) noexcept {
  hashing::FamilyParams params;
  params.kind = config::family_kind(config.hash_tables.family);
  const std::size_t lifted = config.hash_tables.transform == HashTransform::simple ? hashing::kLiftCoordinates : 0;
  params.dimension = static_cast<std::uint32_t>(width + 1 + lifted);
  params.k = config.hash_tables.k;
  params.tables = config.hash_tables.count;
  params.seed = hashing::derive(config.run.seed, kFamilyStream);
  return params;
}

LabelIndex::LabelIndex(const Config& config, const ParameterRows& rows)
    : rows_(rows),
      family_(hashing::Family::make(family_params(config, rows.width()))),
      tables_(config.hash_tables.count, hashing::table_bits(family_params(config, rows.width())),
              static_cast<std::uint32_t>(rows.rows()), config.hash_tables.bucket_cap,
              hashing::derive(config.run.seed, kTableStream)),
      schedule_(schedule_params(config)),
      drift_(rows.rows()),
      renews_(config.rehash.renew),
      family_seed_(family_->params().seed) {
  if (config.hash_tables.transform == HashTransform::simple) longest_ = 0.f;
}

float LabelIndex::mark_hashed(std::uint32_t row) noexcept {
  static thread_local std::vector<float> values;
  values.resize(rows_.width());
  rows_.read_forward(row, values.data());
  double square = static_cast<double>(rows_.bias[row]) * rows_.bias[row];
  for (const float value : values) square += static_cast<double>(value) * value;
  const auto length = static_cast<float>(std::sqrt(square));
  drift_.hashed(row, length);
  return length;
}

/// Length of the longest row; every row's drift starts again.
float LabelIndex::measure_rows() {
  using Range = tbb::blocked_range<std::uint32_t>;
  return tbb::parallel_reduce(
      Range(0, static_cast<std::uint32_t>(rows_.rows()), 512), 0.f,
      [&](const Range& range, float most) {
        for (std::uint32_t row = range.begin(); row != range.end(); ++row) most = std::max(most, mark_hashed(row));
        return most;
      },
      [](float a, float b) { return std::max(a, b); });
}

void LabelIndex::build() {
  state_ = State::full;
  job_.drop();
  const float longest = measure_rows();
  if (longest_) longest_ = longest;
  tables_.build(RowSource(rows_, longest_), *family_);
}

void LabelIndex::restart(std::uint64_t epochs, std::uint64_t samples, std::uint64_t batch) {
  schedule_ = hashing::RehashSchedule(schedule_.params());
  for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) {
    for (std::uint64_t first = 0; first < samples; first += batch) schedule_.advance(std::min(batch, samples - first));
  }
  if (renews_) {
    hashing::FamilyParams params = family_->params();
    params.seed = hashing::derive(family_seed_, epochs);
    family_ = hashing::Family::make(params);
  }
  state_ = State::filling;
  if (longest_) longest_ = measure_rows();
  tables_.clear();
  std::vector<std::uint32_t> all(rows_.rows());
  std::iota(all.begin(), all.end(), 0u);
  begin_job(std::move(all), static_cast<double>(std::max(batch, samples / kFillingPart)));
}

std::size_t LabelIndex::advance(std::uint64_t samples) {
  const bool due = schedule_.advance(samples);
  job_samples_ += samples;
  const double share = due ? 1.0 : static_cast<double>(job_samples_) / job_period_;
  const std::span<const std::uint32_t> hashed = job_.advance(share, tables_, RowSource(rows_, longest_), *family_);
  tbb::parallel_for(std::size_t{0}, hashed.size(), [&](std::size_t i) { mark_hashed(hashed[i]); });
  const std::size_t count = hashed.size();
  if (state_ == State::filling && job_.done()) state_ = State::full;
  if (due) begin_rehash();
  return count;
}

void LabelIndex::begin_rehash() {
  std::vector<std::uint32_t> moved;
  if (schedule_.moved_rows_only()) {
    drift_.moved(schedule_.params().threshold, moved);
  } else {
    moved.resize(rows_.rows());
    std::iota(moved.begin(), moved.end(), 0u);
  }
  begin_job(std::move(moved), schedule_.remaining());
}

void LabelIndex::begin_job(std::vector<std::uint32_t> rows, double period) {
  job_.start(tables_, std::move(rows));
  job_samples_ = 0;
  job_period_ = period;
}

void LabelIndex::codes(const Activations& hidden, const SomeRows& which, std::uint32_t* codes, std::size_t stride) const {
  constexpr std::size_t kBlock = 4 * hashing::kLanes;
  tbb::parallel_for(std::size_t{0}, (which.count + kBlock - 1) / kBlock, [&](std::size_t block) {
    const std::size_t begin = block * kBlock;
    const std::size_t samples = std::min(kBlock, which.count - begin);
    hashing::group_codes(*family_, hidden.row(which.at(begin)), which.every * hidden.stride, rows_.width(), samples,
                         codes + begin, stride);
  });
}

void LabelIndex::row_codes(std::span<const std::uint32_t> ids, std::uint32_t* codes, std::size_t stride) const {
  static thread_local std::vector<std::uint32_t*> columns;
  columns.clear();
  for (std::size_t table = 0; table < tables_.tables(); ++table) columns.push_back(codes + table * stride);
  hashing::hash_rows(RowSource(rows_, longest_), *family_, ids.data(), ids.size(), columns);
}

}  // namespace glissade
