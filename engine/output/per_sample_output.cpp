#include "engine/output/per_sample_output.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <atomic>

#include "engine/layers/row_logits.h"
#include "engine/progress/stopwatch.h"
#include "hashing/seeds.h"

namespace glissade {

PerSampleOutput::PerSampleOutput(const OutputParts& parts)
    : parts_(parts), loss_(parts.config.network.loss), groups_(parts.rows.rows()), scratch_(parts.rows.rows()) {}

void PerSampleOutput::place_samples(const SparseRows& labels) {
  const std::size_t samples = labels.rows();
  begins_.resize(samples + 1);
  begins_[0] = 0;
  const std::size_t active = parts_.config.active_set.size.of(static_cast<std::uint32_t>(parts_.rows.rows()));
  for (std::size_t i = 0; i < samples; ++i) {
    const std::size_t slots = std::max(active, labels.row_ids(i).size());
    begins_[i + 1] = begins_[i] + std::min(slots, parts_.rows.rows());
  }
  sizes_.resize(samples);
  reports_.resize(samples);
  ids_.resize(begins_.back());
  gradients_.resize(begins_.back());
}

OutputReport PerSampleOutput::step(const OutputStep& step) {
  const std::size_t samples = step.hidden.samples;
  place_samples(step.labels);
  for (Scratch& scratch : scratch_) scratch.sampling_seconds = 0;
  const float scale = 1.f / static_cast<float>(samples);
  const Stopwatch watch;
  constexpr std::size_t kGrain = 4;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, samples, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    Scratch& scratch = scratch_.local();
    for (std::size_t sample = range.begin(); sample != range.end(); ++sample) {
      reports_[sample] = run_sample(step, sample, scale, scratch);
    }
  });
  OutputReport report;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    report.loss += reports_[sample].loss;
    report.hits += reports_[sample].hit;
    report.active_rows += sizes_[sample];
  }
  report.probed = (samples + kProbeStride - 1) / kProbeStride;
  // Threads sample and score in turn: the wall time is split as their own time is.
  double sampling = 0;
  for (const Scratch& scratch : scratch_) sampling += scratch.sampling_seconds / static_cast<double>(scratch_.size());
  step.phases[Phase::sampling] += sampling;
  step.phases[Phase::scores] += watch.seconds() - sampling;
  update_rows(step, report);
  return report;
}

PerSampleOutput::SampleReport PerSampleOutput::run_sample(const OutputStep& step, std::size_t sample, float scale,
                                                          Scratch& scratch) {
  const simd::Kernels& kernels = simd::kernels();
  const ParameterRows& rows = parts_.rows;
  ActiveSet& set = scratch.set;
  const Stopwatch watch;
  SampleGroup group{step.labels, sample, 1, {step.codes.codes + sample, step.codes.stride, 1}, hashing::derive(step.seed, sample),
                    &step.hidden};
  parts_.sampler.select(group, scratch.seen, set);
  scratch.sampling_seconds += watch.seconds();

  std::uint32_t* ids = ids_.data() + begins_[sample];
  float* z = gradients_.data() + begins_[sample];
  const std::size_t size = set.ids.size();
  sizes_[sample] = static_cast<std::uint32_t>(size);
  std::ranges::copy(set.ids, ids);
  row_logits(rows, step.hidden, sample, {ids, size}, z);
  for (std::size_t j = 0; j < size; ++j) z[j] += rows.bias[ids[j]];

  scratch.positions.resize(set.labels);  // labels come first
  for (std::uint32_t j = 0; j < set.labels; ++j) scratch.positions[j] = j;
  SampleReport report;
  if (sample % kProbeStride == 0) report.hit = is_hit(z, size, scratch.positions);
  const LogitRow row{z, size, scratch.positions, set.labels, set.exact, set.log_weights, step.labels.row_values(sample)};
  loss_.weigh(row);
  const float weight = step.sample_weight(sample);
  const Loss::RowGradient gradient = loss_.gradient(row, weight * scale);
  report.loss = weight * gradient.loss;
  kernels.scale_f32(gradient.factor, z, size);

  float* hidden_gradient = step.hidden_gradient + sample * step.hidden.stride;
  if (rows.storage() == Storage::fp32) {
    kernels.bag_f32(rows.weights.data(), rows.stride(), ids, z, size, rows.width(), hidden_gradient);
  } else {
    kernels.bag_bf16(rows.high.data(), rows.stride(), ids, z, size, rows.width(), hidden_gradient);
  }
  return report;
}

void PerSampleOutput::update_rows(const OutputStep& step, OutputReport& report) {
  const PhaseWatch watch(step.phases, Phase::output_update);
  const simd::Kernels& kernels = simd::kernels();
  ParameterRows& rows = parts_.rows;
  groups_.build(step.hidden.samples, [&](std::size_t sample) {
    const std::size_t begin = begins_[sample];
    return RowGroups::Entries{std::span(ids_).subspan(begin, sizes_[sample]),
                              std::span<const float>(gradients_).subspan(begin, sizes_[sample])};
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
