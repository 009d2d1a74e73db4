#include "engine/model/table_state.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "engine/samplers/ranked.h"

namespace glissade {
namespace {

using model_file::Reader;
using model_file::SectionKind;

/// The numbers of a LabelIndex, as they lie in the file.
struct IndexNumbers {
  std::uint32_t state = 0;
  float longest = 0;
  std::uint64_t family_seed = 0;
  std::uint64_t round = 0;
  hashing::RehashSchedule::Place schedule{};
  hashing::RehashJob::Place job{};
  std::uint64_t job_samples = 0;
  double job_period = 1;
};
static_assert(sizeof(IndexNumbers) == 88);

/// The numbers of a ClusterIndex.
struct ClusterNumbers {
  std::uint64_t epoch, hashed, ready, running, passes, samples, period, epoch_samples;
  float bias_mean, next_bias_mean;
  std::uint64_t drawn_by;  ///< what its codes are signs of: kDrawnBy, another number if the projections are drawn in another way
};
static_assert(sizeof(ClusterNumbers) == 80);
constexpr std::uint64_t kDrawnBy = 1;
/// Files from before `drawn_by`. Their projections are not those of today, so their table is left out: it is learned anew, as at
/// the begin of an epoch.
constexpr std::size_t kClusterBytesBefore = 72;

template <class T>
std::optional<std::vector<T>> vector_of(const Reader& file, SectionKind kind, std::uint32_t index) {
  const auto bytes = file.bytes(kind, index);
  if (bytes.size() % sizeof(T) != 0) return std::nullopt;
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// False unless the section has exactly values.size() elements.
template <class T>
bool fill(const Reader& file, SectionKind kind, std::uint32_t index, std::span<T> values) {
  const auto bytes = file.bytes(kind, index);
  if (bytes.size() != values.size_bytes()) return false;
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return true;
}

template <class T>
bool read_numbers(const Reader& file, SectionKind kind, T& numbers) {
  return fill(file, kind, 0, std::span(&numbers, 1));
}

/// The weights of cluster means, which have neither bias nor optimiser.
template <class Rows, class Visit>
void visit_weights(Rows& rows, const Visit& visit) {
  if (rows.storage() == Storage::fp32) {
    visit(std::span(rows.weights.data(), rows.weights.size()));
  } else {
    visit(std::span(rows.high.data(), rows.high.size()));
  }
}

bool bounded(std::span<const std::uint32_t> values, std::size_t bound) {
  return std::ranges::all_of(values, [bound](std::uint32_t value) { return value < bound; });
}

/// Whether the first size[c] places from begin[c] on, of all buckets together, are the rows, each once. The places behind are
/// never read.
bool has_each_row_once(std::span<const std::uint32_t> ids, std::span<const std::uint32_t> begin,
                       std::span<const std::uint32_t> size, std::size_t rows) {
  std::vector<bool> seen(rows);
  for (std::size_t c = 0; c < size.size(); ++c) {
    for (const std::uint32_t id : ids.subspan(begin[c], size[c])) {
      if (id >= rows || seen[id]) return false;
      seen[id] = true;
    }
  }
  return true;
}

}  // namespace

void TableState::save(LabelIndex& index, StateSections& out) {
  if (index.state_ == LabelIndex::State::empty) return;
  const hashing::Tables& tables = index.tables_;
  const IndexNumbers numbers{static_cast<std::uint32_t>(index.state_),
                             index.longest_.value_or(0.f),
                             index.family_->params().seed,
                             tables.round(),
                             index.schedule_.place(),
                             index.job_.place(),
                             index.job_samples_,
                             index.job_period_};
  out.keep(SectionKind::table_numbers, 0, std::vector{numbers});
  for (std::uint32_t table = 0; table < tables.tables(); ++table) {
    out.add(SectionKind::table_offsets, table, tables.offsets(table));
    out.add(SectionKind::table_ids, table, tables.ids(table));
  }
  out.add(SectionKind::drift, 0, std::span<const float>(index.drift_.movements()));
  out.add(SectionKind::drift, 1, std::span<const float>(index.drift_.lengths()));
  out.add(SectionKind::rehash_rows, 0, index.job_.moved());
  out.keep(SectionKind::rehash_codes, 0, index.job_.pending_codes());
}

bool TableState::load(const Reader& file, LabelIndex& index) {
  IndexNumbers numbers;
  if (!file.has(SectionKind::table_numbers)) return true;
  if (!read_numbers(file, SectionKind::table_numbers, numbers)) return false;
  const bool sane = (numbers.state == 1 || numbers.state == 2) && std::isfinite(numbers.job_period) && numbers.job_period > 0 &&
                    std::isfinite(numbers.schedule.period) && numbers.schedule.period >= 1;
  if (!sane) return false;
  for (std::uint32_t table = 0; table < index.tables_.tables(); ++table) {
    const auto offsets = vector_of<std::uint32_t>(file, SectionKind::table_offsets, table);
    const auto ids = vector_of<std::uint32_t>(file, SectionKind::table_ids, table);
    if (!offsets || !ids || offsets->empty() || !index.tables_.restore(table, *offsets, *ids, numbers.round)) return false;
  }
  auto moved = vector_of<std::uint32_t>(file, SectionKind::rehash_rows, 0);
  const auto codes = vector_of<std::uint32_t>(file, SectionKind::rehash_codes, 0);
  if (!moved || !codes || !index.job_.restore(index.tables_, std::move(*moved), numbers.job, *codes)) return false;
  if (!fill(file, SectionKind::drift, 0, index.drift_.movements()) || !fill(file, SectionKind::drift, 1, index.drift_.lengths()))
    return false;
  hashing::FamilyParams params = index.family_->params();
  params.seed = numbers.family_seed;
  index.family_ = hashing::Family::make(params);
  if (index.longest_) index.longest_ = numbers.longest;
  index.schedule_.put(numbers.schedule);
  index.job_samples_ = numbers.job_samples;
  index.job_period_ = numbers.job_period;
  index.state_ = static_cast<LabelIndex::State>(numbers.state);
  return true;
}

void TableState::save(const ClusterIndex& clusters, StateSections& out) {
  const auto& [means, next] = std::tie(clusters.means_, clusters.next_means_);
  const ClusterNumbers numbers{clusters.epoch_,        clusters.hashed_,      clusters.ready_,  clusters.running_,
                               clusters.passes_,       clusters.samples_,     clusters.period_, clusters.epoch_samples_,
                               means.frame.bias_mean_, next.frame.bias_mean_, kDrawnBy};
  out.keep(SectionKind::cluster_numbers, 0, std::vector{numbers});
  const auto add_means = [&out](const ClusterIndex::Means& of, std::uint32_t at) {
    visit_weights(of.rows, [&](auto values) { out.add(SectionKind::cluster_means, at, values); });
    out.add(SectionKind::cluster_frame, 2 * at, std::span<const float>(of.frame.row_mean_));
    out.add(SectionKind::cluster_frame, 2 * at + 1, std::span<const float>(of.frame.hidden_mean_));
  };
  if (clusters.ready_) {
    add_means(means, 0);
    out.add(SectionKind::cluster_rows, 0, std::span<const std::uint32_t>(clusters.buckets_.ids));
    out.add(SectionKind::cluster_rows, 1, std::span<const std::uint32_t>(clusters.buckets_.size));
    out.add(SectionKind::cluster_codes, 0, std::span<const std::uint8_t>(clusters.buckets_.codes));
    out.add(SectionKind::cluster_lengths, 0, std::span<const float>(clusters.buckets_.lengths));
  }
  if (!clusters.running_) return;
  add_means(next, 1);  // of the rows, those that the pass has come to
  out.add(SectionKind::cluster_rows, 2, std::span(clusters.bucket_of_).first(clusters.hashed_));
  out.add(SectionKind::cluster_codes, 1, std::span(clusters.codes_).first(clusters.hashed_ * simd::kSketchBytes));
  out.add(SectionKind::cluster_lengths, 1, std::span(clusters.lengths_).first(clusters.hashed_));
}

bool TableState::load(const Reader& file, ClusterIndex& clusters) {
  ClusterNumbers numbers;
  if (!file.has(SectionKind::cluster_numbers)) return true;
  if (file.bytes(SectionKind::cluster_numbers).size() == kClusterBytesBefore) return true;
  if (!read_numbers(file, SectionKind::cluster_numbers, numbers) || numbers.drawn_by != kDrawnBy) return false;
  const std::size_t rows = clusters.rows_.rows();
  if (numbers.period == 0 || numbers.epoch_samples == 0) return false;
  // advance() goes on from what these samples have paid for.
  if (numbers.running != 0 && numbers.hashed != ClusterIndex::due_rows(numbers.samples, numbers.period, rows)) return false;
  const std::size_t width = clusters.rows_.width();
  const auto read_means = [&](std::uint32_t at, float bias_mean) {
    ClusterIndex::Means& to = clusters.next_means_;
    bool ok = true;
    visit_weights(to.rows, [&](auto values) { ok = fill(file, SectionKind::cluster_means, at, values); });
    to.frame.row_mean_.resize(width);
    to.frame.hidden_mean_.resize(width);
    to.frame.bias_mean_ = bias_mean;
    ok = ok && fill(file, SectionKind::cluster_frame, 2 * at, std::span(to.frame.row_mean_)) &&
         fill(file, SectionKind::cluster_frame, 2 * at + 1, std::span(to.frame.hidden_mean_));
    if (ok) clusters.pack_means();
    return ok;
  };
  if (numbers.ready != 0) {
    if (!read_means(0, numbers.bias_mean)) return false;
    std::swap(clusters.means_, clusters.next_means_);
    if (!load_buckets(file, clusters)) return false;
  }
  if (numbers.running != 0) {
    if (!read_means(1, numbers.next_bias_mean)) return false;
    const std::size_t hashed = numbers.hashed;
    const bool ok = fill(file, SectionKind::cluster_rows, 2, std::span(clusters.bucket_of_).first(hashed)) &&
                    fill(file, SectionKind::cluster_codes, 1, std::span(clusters.codes_).first(hashed * simd::kSketchBytes)) &&
                    fill(file, SectionKind::cluster_lengths, 1, std::span(clusters.lengths_).first(hashed)) &&
                    bounded(std::span(clusters.bucket_of_).first(hashed), clusters.count_);
    if (!ok) return false;
  }
  clusters.epoch_ = numbers.epoch;
  clusters.hashed_ = numbers.hashed;
  clusters.ready_ = numbers.ready != 0;
  clusters.running_ = numbers.running != 0;
  clusters.passes_ = numbers.passes;
  clusters.samples_ = numbers.samples;
  clusters.period_ = numbers.period;
  clusters.epoch_samples_ = numbers.epoch_samples;
  return true;
}

/// Where buckets begin follows from their sizes.
bool TableState::load_buckets(const Reader& file, ClusterIndex& clusters) {
  ClusterIndex::Buckets& buckets = clusters.buckets_;
  buckets.size.resize(clusters.count_);
  if (!fill(file, SectionKind::cluster_rows, 1, std::span(buckets.size))) return false;
  const std::uint64_t held = std::accumulate(buckets.size.begin(), buckets.size.end(), std::uint64_t{0});
  if (held != clusters.rows_.rows()) return false;
  clusters.place_buckets();
  const bool filled = fill(file, SectionKind::cluster_rows, 0, std::span(buckets.ids)) &&
                      fill(file, SectionKind::cluster_codes, 0, std::span(buckets.codes)) &&
                      fill(file, SectionKind::cluster_lengths, 0, std::span(buckets.lengths));
  return filled && has_each_row_once(buckets.ids, buckets.begin, buckets.size, clusters.rows_.rows());
}

}  // namespace glissade
