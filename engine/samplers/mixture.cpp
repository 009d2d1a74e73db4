#include "engine/samplers/mixture.h"

#include <algorithm>
#include <cmath>

#include "engine/samplers/draw.h"
#include "engine/samplers/exact.h"
#include "engine/samplers/in_batch.h"
#include "engine/samplers/lsh.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

bool draws(SamplerKind kind) noexcept { return kind == SamplerKind::uniform || kind == SamplerKind::frequency; }

double share_of(const SamplerMix::Part& part, const Config& config) noexcept {
  if (part.share != SamplerMix::kUsual) return part.share;
  return draws(part.kind) ? 1.0 : config.retrieved_share;
}

std::unique_ptr<Source> make_source(SamplerKind kind, const SamplerSources& sources) {
  switch (kind) {
    case SamplerKind::lsh: return std::make_unique<LshSource>(*sources.index);
    case SamplerKind::in_batch: return std::make_unique<InBatchSource>();
    case SamplerKind::exact: return std::make_unique<ExactSource>(*sources.output);
    case SamplerKind::uniform:
    case SamplerKind::frequency:
    case SamplerKind::full: break;
  }
  return nullptr;
}

/// What the rows found stand for if nothing else does: 1 / (probability of being found).
void weigh_retrieved(ActiveSet& out) noexcept {
  out.exact = out.labels;
  for (const float p : out.inclusion) out.log_weights.push_back(-std::log(p));
}

}  // namespace

MixtureSampler::MixtureSampler(const Config& config, std::uint32_t rows, const SamplerSources& sources)
    : rows_(rows), active_(config.active), correction_(config.correction), frequency_power_(config.frequency_power) {
  for (const SamplerMix::Part& part : config.sampler.parts) {
    const auto most = static_cast<std::size_t>(std::llround(config.active * share_of(part, config)));
    if (part.kind == SamplerKind::frequency) by_frequency_ += most;
    if (auto source = make_source(part.kind, sources)) retrievals_.push_back({std::move(source), most});
  }
}

void MixtureSampler::count_labels(std::span<const std::uint32_t> counts) {
  for (const Retrieval& retrieval : retrievals_) retrieval.source->count_labels(counts);
  if (by_frequency_ == 0) return;
  if (counts.empty()) {
    frequencies_.reset();
  } else {
    frequencies_.emplace(counts, frequency_power_);
  }
}

void MixtureSampler::select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const noexcept {
  add_labels(group, seen, out);
  std::uint64_t stream = 0;
  for (const Retrieval& retrieval : retrievals_) {
    const std::size_t room = active_ - std::min(active_, out.ids.size());
    retrieval.source->add(group, std::min(room, retrieval.rows), hashing::derive(group.seed, ++stream), seen, out);
  }
  add_drawn({rows_, active_, frequencies_ ? by_frequency_ : 0, frequencies_ ? &*frequencies_ : nullptr, correction_}, group.seed,
            seen, out);
  if (correction_ && out.exact == out.ids.size() && out.exact < rows_) weigh_retrieved(out);
}

}  // namespace glissade
