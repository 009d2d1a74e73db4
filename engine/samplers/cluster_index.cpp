#include "engine/samplers/cluster_index.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/layers/row_logits.h"
#include "engine/samplers/ranked.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kRowsAtOnce = 64;
constexpr std::size_t kSamplePerCluster = 32;
constexpr std::size_t kRounds = 4;
constexpr std::size_t kCandidates = 4;    ///< rows whose logits are computed, for each one that is asked for
constexpr std::uint64_t kUsualEpoch = 8;  ///< samples per row, for who trains step by step
constexpr std::uint64_t kSampleStream = 51, kSketchStream = 52, kMeansStream = 53;

std::size_t padded_dimension(std::size_t width) noexcept { return ParameterRows::padded(width + 1); }

/// Vectors, as floats and, where products read bf16, rounded.
struct Vectors {
  std::vector<float> values;
  std::vector<std::uint16_t> halves;

  void resize(std::size_t count, std::size_t stride) {
    values.assign(count * stride, 0.f);
    halves.resize(count * stride);
  }
  const void* operand(dense::Element element) {
    if (element == dense::Element::f32) return values.data();
    simd::kernels().narrow_nearest(values.data(), halves.data(), values.size());
    return halves.data();
  }
};

}  // namespace

std::size_t ClusterIndex::clusters_for(std::size_t rows) noexcept {
  const auto root = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(rows))));
  return std::min(rows, (root + simd::kBlockDepth - 1) / simd::kBlockDepth * simd::kBlockDepth);
}

ClusterIndex::ClusterIndex(const Config& config, const ParameterRows& rows)
    : rows_(rows),
      count_(clusters_for(rows.rows())),
      probes_(std::min<std::size_t>(config.hash_tables.probes, count_)),
      seed_(config.run.seed),
      sketches_(rows.width() + 1, rows.storage(), hashing::derive(config.run.seed, kSketchStream)) {
  ParameterRows::Options options;
  options.storage = rows.storage() == Storage::fp32 ? Storage::fp32 : Storage::bf16;
  options.with_bias = options.trainable = false;
  means_.rows = ParameterRows(count_, rows.width() + 1, options);
  next_means_.rows = ParameterRows(count_, rows.width() + 1, options);
  restart(0, kUsualEpoch * rows.rows(), 1);
  bucket_of_.resize(rows.rows());
  codes_.resize(rows.rows() * simd::kSketchBytes);
  lengths_.resize(rows.rows());
}

std::size_t ClusterIndex::memory_bytes() const noexcept {
  const auto bytes = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return bytes(bucket_of_) + bytes(codes_) + bytes(lengths_) + bytes(buckets_.ids) + bytes(buckets_.codes) +
         bytes(buckets_.lengths) + means_.rows.memory_bytes() + next_means_.rows.memory_bytes() + means_.panels.memory_bytes() +
         next_means_.panels.memory_bytes();
}

std::uint64_t ClusterIndex::most_bytes(std::uint64_t rows, std::uint64_t width) noexcept {
  const std::uint64_t clusters = clusters_for(rows), dimension = padded_dimension(width);
  const std::uint64_t per_row = simd::kSketchBytes + 8;
  const std::uint64_t sample = std::min(rows, kSamplePerCluster * clusters);
  return per_row * (2 * rows + clusters * simd::kSketchRows) + clusters * dimension * 2 * 3 * 4 + sample * dimension * 6;
}

void ClusterIndex::restart(std::uint64_t epoch, std::uint64_t samples, std::uint64_t batch) {
  ready_ = running_ = false;
  epoch_ = epoch;
  passes_ = 0;
  epoch_samples_ = std::max<std::uint64_t>(1, samples);
  period_ = std::max(batch, samples / kFillingPart);
}

std::size_t ClusterIndex::advance(const Activations& hidden, std::uint64_t samples) {
  if (samples == 0) return 0;
  if (!running_) begin_pass(hidden);
  samples_ += samples;
  const std::size_t due = due_rows(samples_, period_, rows_.rows());
  const std::size_t first = hashed_;
  tbb::parallel_for(std::size_t{0}, (due - first + kRowsAtOnce - 1) / kRowsAtOnce, [&](std::size_t block) {
    hash_rows(first + block * kRowsAtOnce, std::min(due, first + (block + 1) * kRowsAtOnce));
  });
  hashed_ = due;
  if (hashed_ == rows_.rows()) finish_pass();
  return due - first;
}

std::size_t ClusterIndex::due_rows(std::uint64_t samples, std::uint64_t period, std::size_t rows) noexcept {
  const double share = std::min(1.0, static_cast<double>(samples) / static_cast<double>(period));
  return static_cast<std::size_t>(share * static_cast<double>(rows));
}

void ClusterIndex::begin_pass(const Activations& hidden) {
  std::vector<std::uint32_t> sample(std::min(rows_.rows(), kSamplePerCluster * count_));
  hashing::Random random(hashing::derive(seed_, kSampleStream, epoch_ << 8 | passes_));
  if (sample.size() == rows_.rows()) {
    std::iota(sample.begin(), sample.end(), 0u);
  } else {
    for (std::uint32_t& id : sample) id = static_cast<std::uint32_t>(random.below(rows_.rows()));
  }
  next_means_.frame.measure(rows_, sample, hidden);
  find_means(sample);
  running_ = true;
  hashed_ = 0;
  samples_ = 0;
}

/// Lloyd's algorithm on a sample of the rows, from the first of them.
void ClusterIndex::find_means(std::span<const std::uint32_t> sample) {
  const std::size_t stride = padded_dimension(rows_.width());
  const dense::Element element = dense::element_for(rows_.storage());
  Vectors vectors;
  vectors.resize(sample.size(), stride);
  tbb::parallel_for(std::size_t{0}, sample.size(),
                    [&](std::size_t i) { next_means_.frame.row(rows_, sample[i], vectors.values.data() + i * stride); });
  const void* const operand = vectors.operand(element);
  const std::size_t element_bytes = element == dense::Element::f32 ? 4 : 2;
  std::vector<std::uint32_t> clusters(sample.size());
  for (std::size_t c = 0; c < count_; ++c) next_means_.rows.write(c, vectors.values.data() + c * stride);
  pack_means();
  for (std::size_t round = 0; round < kRounds; ++round) {
    tbb::parallel_for(std::size_t{0}, (sample.size() + kRowsAtOnce - 1) / kRowsAtOnce, [&](std::size_t block) {
      static thread_local std::vector<float> scores;
      const std::size_t begin = block * kRowsAtOnce, count = std::min(kRowsAtOnce, sample.size() - begin);
      const std::size_t columns = next_means_.panels.padded_rows();
      scores.resize(kRowsAtOnce * columns);
      next_means_.panels.multiply_as_columns(static_cast<const char*>(operand) + begin * stride * element_bytes, stride, count,
                                             next_means_.start.data(), scores.data(), columns);
      float best;
      for (std::size_t i = 0; i < count; ++i)
        simd::kernels().topk_f32(scores.data() + i * columns, count_, 1, &clusters[begin + i], &best);
    });
    move_means(vectors.values, clusters, hashing::derive(seed_, kMeansStream, round));
    pack_means();
  }
}

/// Each mean to the middle of its vectors; one without any to a vector drawn at random.
void ClusterIndex::move_means(const std::vector<float>& vectors, std::span<const std::uint32_t> clusters, std::uint64_t seed) {
  const std::size_t stride = padded_dimension(rows_.width());
  std::vector<std::uint32_t> begin(count_ + 1), order(clusters.size());
  for (const std::uint32_t c : clusters) ++begin[c + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<std::uint32_t> place(begin.begin(), begin.end() - 1);
  for (std::size_t i = 0; i < clusters.size(); ++i) order[place[clusters[i]]++] = static_cast<std::uint32_t>(i);
  tbb::parallel_for(std::size_t{0}, count_, [&](std::size_t c) {
    std::vector<float> mean(stride, 0.f);
    const std::size_t members = begin[c + 1] - begin[c];
    for (std::size_t i = begin[c]; i < begin[c + 1]; ++i)
      simd::kernels().axpy_f32(1.f / static_cast<float>(members), vectors.data() + order[i] * stride, mean.data(), stride);
    const std::size_t drawn = hashing::Random(hashing::derive(seed, c)).below(clusters.size());
    next_means_.rows.write(c, members != 0 ? mean.data() : vectors.data() + drawn * stride);
  });
}

void ClusterIndex::pack_means() {
  std::vector<std::uint32_t> ids(count_);
  std::iota(ids.begin(), ids.end(), 0u);
  next_means_.panels.take(next_means_.rows, ids, dense::element_for(rows_.storage()));
  next_means_.start.assign(next_means_.panels.padded_rows(), 0.f);
  std::vector<float> mean(rows_.width() + 1);
  for (std::size_t c = 0; c < count_; ++c) {
    next_means_.rows.read_forward(c, mean.data());
    next_means_.start[c] = -0.5f * simd::kernels().sum_squares_f32(mean.data(), mean.size());
  }
}

void ClusterIndex::hash_rows(std::size_t begin, std::size_t end) {
  struct Scratch {
    Vectors vectors;
    std::vector<float> scores, projections, mean;
  };
  static thread_local Scratch scratch;
  const std::size_t count = end - begin, stride = padded_dimension(rows_.width()), dimension = rows_.width() + 1;
  const std::size_t columns = next_means_.panels.padded_rows();
  const dense::Element element = dense::element_for(rows_.storage());
  scratch.vectors.resize(count, stride);
  scratch.scores.resize(count * columns);
  scratch.projections.resize(count * Sketches::kBits);
  scratch.mean.resize(dimension);
  float* const vectors = scratch.vectors.values.data();
  for (std::size_t i = 0; i < count; ++i)
    next_means_.frame.row(rows_, static_cast<std::uint32_t>(begin + i), vectors + i * stride);
  next_means_.panels.multiply_as_columns(scratch.vectors.operand(element), stride, count, next_means_.start.data(),
                                         scratch.scores.data(), columns);
  for (std::size_t i = 0; i < count; ++i) {
    float best;
    std::uint32_t& bucket = bucket_of_[begin + i];
    bucket = 0;  // where weights are not numbers there is no nearest mean
    simd::kernels().topk_f32(scratch.scores.data() + i * columns, count_, 1, &bucket, &best);
    next_means_.rows.read_forward(bucket, scratch.mean.data());
    simd::kernels().axpy_f32(-1.f, scratch.mean.data(), vectors + i * stride, dimension);
    lengths_[begin + i] = sketches_.length_scale() * std::sqrt(simd::kernels().sum_squares_f32(vectors + i * stride, dimension));
  }
  sketches_.project(scratch.vectors.operand(element), stride, count, scratch.projections.data());
  for (std::size_t i = 0; i < count; ++i)
    Sketches::signs(scratch.projections.data() + i * Sketches::kBits, codes_.data() + (begin + i) * simd::kSketchBytes);
}

/// Sorts the rows into their buckets, in order of their ids.
void ClusterIndex::finish_pass() {
  buckets_.size.assign(count_, 0);
  for (const std::uint32_t bucket : bucket_of_) ++buckets_.size[bucket];
  place_buckets();
  std::vector<std::uint32_t> place(buckets_.begin.begin(), buckets_.begin.end() - 1);
  for (std::size_t row = 0; row < bucket_of_.size(); ++row) {
    const std::size_t at = place[bucket_of_[row]]++;
    buckets_.ids[at] = static_cast<std::uint32_t>(row);
    buckets_.lengths[at] = lengths_[row];
    std::uint8_t* const block = buckets_.codes.data() + at / simd::kSketchRows * simd::kSketchRows * simd::kSketchBytes;
    for (std::size_t byte = 0; byte < simd::kSketchBytes; ++byte)
      block[byte * simd::kSketchRows + at % simd::kSketchRows] = codes_[row * simd::kSketchBytes + byte];
  }
  std::swap(means_, next_means_);
  ready_ = true;
  running_ = false;
  ++passes_;
  period_ = std::max<std::uint64_t>(1, epoch_samples_ / kPasses);
}

/// Room for buckets of these sizes, empty.
void ClusterIndex::place_buckets() {
  buckets_.begin.assign(count_ + 1, 0);
  buckets_.largest = 0;
  for (std::size_t c = 0; c < count_; ++c) {
    const std::size_t room = (buckets_.size[c] + simd::kSketchRows - 1) / simd::kSketchRows * simd::kSketchRows;
    buckets_.begin[c + 1] = buckets_.begin[c] + static_cast<std::uint32_t>(room);
    buckets_.largest = std::max(buckets_.largest, room);
  }
  const std::size_t places = buckets_.begin[count_];
  buckets_.ids.assign(places, RankedRows::kNoRow);
  buckets_.codes.assign(places * simd::kSketchBytes, 0);
  buckets_.lengths.assign(places, 0.f);
}

void ClusterIndex::rank(const Activations& hidden, const SomeRows& which, std::size_t depth, std::uint32_t* ids) const {
  const std::size_t count = which.count;
  std::fill_n(ids, count * depth, RankedRows::kNoRow);
  if (!ready_) return;
  struct Scratch {
    Vectors vectors;
    std::vector<float> scores, projections, start;
  };
  static thread_local Scratch scratch;
  const std::size_t stride = padded_dimension(rows_.width()), columns = means_.panels.padded_rows();
  scratch.vectors.resize(count, stride);
  scratch.scores.resize(count * columns);
  scratch.start.assign(columns, 0.f);
  scratch.projections.resize(count * Sketches::kBits);
  for (std::size_t i = 0; i < count; ++i) means_.frame.query(hidden.row(which.at(i)), scratch.vectors.values.data() + i * stride);
  const void* const operand = scratch.vectors.operand(dense::element_for(rows_.storage()));
  means_.panels.multiply_as_columns(operand, stride, count, scratch.start.data(), scratch.scores.data(), columns);
  sketches_.project(operand, stride, count, scratch.projections.data());
  for (std::size_t i = 0; i < count; ++i)
    search({hidden, which.at(i), scratch.scores.data() + i * columns, scratch.projections.data() + i * Sketches::kBits}, depth,
           ids + i * depth);
}

/// The buckets of the largest scores, in them the rows of the largest estimates, and of these those of the largest logits:
/// sketches are coarse, and as old as the last pass.
void ClusterIndex::search(const Query& query, std::size_t depth, std::uint32_t* ids) const {
  struct Scratch {
    std::vector<std::uint32_t> buckets, best, candidates;
    std::vector<float> scores, values, estimates;
    std::vector<std::uint32_t> places;
    std::vector<std::uint16_t> sums;
  };
  static thread_local Scratch scratch;
  const simd::Kernels& kernels = simd::kernels();
  scratch.buckets.resize(probes_);
  scratch.scores.resize(probes_);
  const std::size_t most = kCandidates * depth;
  scratch.best.resize(most);
  scratch.values.resize(most);
  scratch.candidates.resize(most);
  scratch.estimates.resize(probes_ * buckets_.largest);
  scratch.places.resize(probes_ * buckets_.largest);
  scratch.sums.resize(buckets_.largest);
  Sketches::Lookup lookup;
  Sketches::prepare(query.projections, lookup);
  const std::size_t probed = kernels.topk_f32(query.scores, count_, probes_, scratch.buckets.data(), scratch.scores.data());
  std::size_t met = 0;
  for (std::size_t probe = 0; probe < probed; ++probe) {
    const std::uint32_t bucket = scratch.buckets[probe];
    const std::size_t begin = buckets_.begin[bucket], size = buckets_.size[bucket];
    kernels.sketch_sums(buckets_.codes.data() + begin * simd::kSketchBytes,
                        (buckets_.begin[bucket + 1] - begin) / simd::kSketchRows, simd::kSketchBytes, lookup.tables,
                        scratch.sums.data());
    const float score = scratch.scores[probe];
    const float* const lengths = buckets_.lengths.data() + begin;
    float* const estimates = scratch.estimates.data() + met;
    std::uint32_t* const places = scratch.places.data() + met;
    for (std::size_t i = 0; i < size; ++i) {
      estimates[i] = score + lengths[i] * (lookup.unit * static_cast<float>(scratch.sums[i]) + lookup.shift);
      places[i] = static_cast<std::uint32_t>(begin + i);
    }
    met += size;
  }
  const std::size_t candidates =
      kernels.topk_f32(scratch.estimates.data(), met, most, scratch.best.data(), scratch.values.data());
  for (std::size_t i = 0; i < candidates; ++i) scratch.candidates[i] = buckets_.ids[scratch.places[scratch.best[i]]];
  float* const logits = scratch.estimates.data();
  row_logits(rows_, query.hidden, query.sample, {scratch.candidates.data(), candidates}, logits);
  for (std::size_t i = 0; i < candidates; ++i) logits[i] += rows_.bias[scratch.candidates[i]];
  const std::size_t found = kernels.topk_f32(logits, candidates, depth, scratch.best.data(), scratch.values.data());
  for (std::size_t i = 0; i < found; ++i) ids[i] = scratch.candidates[scratch.best[i]];
}

}  // namespace glissade
