#include "engine/output/per_sample_output.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "engine/layers/compact_rows.h"
#include "engine/layers/row_logits.h"
#include "engine/progress/stopwatch.h"
#include "hashing/seeds.h"

namespace glissade {

PerSampleOutput::PerSampleOutput(const OutputParts& parts)
    : parts_(parts),
      loss_(parts.config.network.loss),
      sets_(own_sets(parts)),
      groups_(parts.rows.rows()),
      scratch_(sets_.universe()) {
  if (parts.shards != nullptr) shard_sums_.emplace(*parts.shards, parts.config.network.loss);
}

void PerSampleOutput::place_samples(const SparseRows& labels) {
  const std::size_t samples = labels.rows();
  begins_.resize(samples + 1);
  begins_[0] = 0;
  const std::size_t active = parts_.config.active_set.size.of(static_cast<std::uint32_t>(parts_.all_labels()));
  for (std::size_t i = 0; i < samples; ++i) {
    const std::size_t slots = std::max(active, labels.row_ids(i).size());
    begins_[i + 1] = begins_[i] + std::min(slots, parts_.rows.rows());
  }
  chosen_.resize(samples);
  reports_.assign(samples, {});
  ids_.resize(begins_.back());
  gradients_.resize(begins_.back());
  log_weights_.resize(begins_.back());
}

/// In parallel, with a scratch of the thread.
template <class Run>
void PerSampleOutput::for_each_sample(const Run& run) {
  constexpr std::size_t kGrain = 4;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, chosen_.size(), kGrain),
                    [&](const tbb::blocked_range<std::size_t>& range) {
                      Scratch& scratch = scratch_.local();
                      for (std::size_t sample = range.begin(); sample != range.end(); ++sample) run(sample, scratch);
                    });
}

OutputReport PerSampleOutput::step(const OutputStep& step) {
  const std::size_t samples = step.hidden.samples;
  place_samples(step.labels);
  sets_.begin(step.labels);
  for (Scratch& scratch : scratch_) scratch.sampling_seconds = 0;
  const Stopwatch watch;
  double communication = 0;
  if (shard_sums_ && loss_.needs_normaliser()) {
    sums_.begin(step.labels);
    for_each_sample([&](std::size_t sample, Scratch& scratch) {
      choose(step, sample, scratch);
      sums_.add(loss_, sample, logit_row(step, sample, scratch));
    });
    const PhaseWatch waiting(step.phases, Phase::communication);
    const Stopwatch sums;
    shard_sums_->add_up(sums_, step.labels);
    communication = sums.seconds();
    for_each_sample([&](std::size_t sample, Scratch& scratch) { differentiate(step, sample, scratch); });
  } else {
    for_each_sample([&](std::size_t sample, Scratch& scratch) {
      choose(step, sample, scratch);
      differentiate(step, sample, scratch);
    });
  }
  OutputReport report;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    report.loss += reports_[sample].loss;
    report.hits += reports_[sample].hit;
    report.active_rows += chosen_[sample].size;
  }
  report.probed = (samples + kProbeStride - 1) / kProbeStride;
  // Threads sample and score in turn: the wall time is split as their own time is.
  double sampling = 0;
  for (const Scratch& scratch : scratch_) sampling += scratch.sampling_seconds / static_cast<double>(scratch_.size());
  step.phases[Phase::sampling] += sampling;
  step.phases[Phase::scores] += watch.seconds() - sampling - communication;
  // The hidden gradient is whole, and travels while rows are updated.
  if (shard_sums_) parts_.shards->begin_sum({step.hidden_gradient, samples * step.hidden.stride});
  update_rows(step, report);
  if (!shard_sums_) return report;
  report.hits = 0;  // a sample's best row may be another rank's
  for (std::size_t sample = 0; sample < samples; sample += kProbeStride)
    shard_sums_->tell_best(reports_[sample].best, reports_[sample].hit);
  return report;
}

/// The sample's set and its logits, with the weights of drawn rows where the loss wants them there.
void PerSampleOutput::choose(const OutputStep& step, std::size_t sample, Scratch& scratch) {
  const ParameterRows& rows = parts_.rows;
  ActiveSet& set = scratch.set;
  const Stopwatch watch;
  const SampleGroup group{
      step.labels, sample, 1, {step.codes.codes + sample, step.codes.stride, 1}, hashing::derive(step.seed, sample),
      &step.hidden};
  const bool counts_all = sets_.select(group, scratch.seen, set);
  scratch.sampling_seconds += watch.seconds();

  std::uint32_t* ids = ids_.data() + begins_[sample];
  float* z = gradients_.data() + begins_[sample];
  const std::size_t size = set.ids.size();
  chosen_[sample] = {static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(set.labels),
                     static_cast<std::uint32_t>(set.exact), !set.log_weights.empty(), counts_all};
  std::ranges::copy(set.ids, ids);
  std::ranges::copy(set.log_weights, log_weights_.data() + begins_[sample]);
  row_logits(rows, step.hidden, sample, {ids, size}, z);
  for (std::size_t j = 0; j < size; ++j) z[j] += rows.bias[ids[j]];
  const LogitRow row = logit_row(step, sample, scratch);
  SampleReport& report = reports_[sample];
  if (sample % kProbeStride == 0) {
    report.hit = is_hit(z, size, row.positions);
    report.best = size == 0 ? -std::numeric_limits<float>::infinity() : *std::max_element(z, z + size);
  }
  loss_.weigh(row);
}

/// Valid until the scratch serves another sample.
LogitRow PerSampleOutput::logit_row(const OutputStep& step, std::size_t sample, Scratch& scratch) {
  const SampleSet& set = chosen_[sample];
  scratch.positions.resize(set.labels);  // labels come first
  std::iota(scratch.positions.begin(), scratch.positions.end(), 0u);
  const std::span<const float> weights = set.weighted
                                             ? std::span<const float>(log_weights_).subspan(begins_[sample], set.size - set.exact)
                                             : std::span<const float>();
  return {gradients_.data() + begins_[sample],  set.size,  scratch.positions,
          step.labels.row_ids(sample).size(),   set.exact, weights,
          sets_.own_labels().row_values(sample)};
}

/// The sample's loss, and the gradients by its logits and its hidden vector.
void PerSampleOutput::differentiate(const OutputStep& step, std::size_t sample, Scratch& scratch) {
  const simd::Kernels& kernels = simd::kernels();
  const ParameterRows& rows = parts_.rows;
  const LogitRow row = logit_row(step, sample, scratch);
  const float weight = step.sample_weight(sample), scale = weight / static_cast<float>(step.hidden.samples);
  const Loss::RowGradient gradient =
      !shard_sums_ ? loss_.gradient(row, scale) : loss_.gradient(row, scale, sums_.of(sample), chosen_[sample].counts_all);
  reports_[sample].loss = weight * gradient.loss;
  kernels.scale_f32(gradient.factor, row.z, row.size);

  const std::uint32_t* const ids = ids_.data() + begins_[sample];
  float* hidden_gradient = step.hidden_gradient + sample * step.hidden.stride;
  if (rows.is_compact()) {
    compact_bag(rows, {ids, row.size}, row.z, hidden_gradient);
  } else if (rows.storage() == Storage::fp32) {
    kernels.bag_f32(rows.weights.data(), rows.stride(), ids, row.z, row.size, rows.width(), hidden_gradient);
  } else {
    kernels.bag_bf16(rows.high.data(), rows.stride(), ids, row.z, row.size, rows.width(), hidden_gradient);
  }
}

void PerSampleOutput::update_rows(const OutputStep& step, OutputReport& report) {
  const PhaseWatch watch(step.phases, Phase::output_update);
  const simd::Kernels& kernels = simd::kernels();
  ParameterRows& rows = parts_.rows;
  groups_.build(step.hidden.samples, [&](std::size_t sample) {
    const std::size_t begin = begins_[sample];
    return RowGroups::Entries{std::span(ids_).subspan(begin, chosen_[sample].size),
                              std::span<const float>(gradients_).subspan(begin, chosen_[sample].size)};
  });
  report.rows_touched = groups_.used_rows();
  tbb::parallel_for(std::size_t{0}, RowGroups::kPartitions, [&](std::size_t partition) {
    static thread_local std::vector<float> sum;
    sum.resize(rows.width());
    groups_.for_each(partition, [&](std::uint32_t row, std::uint32_t next, auto users, auto weights) {
      step.optimizer.prefetch(rows, next);
      kernels.bag_f32(step.hidden.values.data(), step.hidden.stride, users.data(), weights.data(), users.size(), rows.width(),
                      sum.data());
      float bias_gradient = 0;
      for (const float weight : weights) bias_gradient += weight;
      const float change = step.optimizer.update(rows, row, sum.data(), bias_gradient);
      if (parts_.drift != nullptr) parts_.drift->add(row, change);
    });
  });
}

}  // namespace glissade
