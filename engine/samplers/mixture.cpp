#include "engine/samplers/mixture.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "engine/samplers/draw.h"
#include "engine/samplers/exact.h"
#include "engine/samplers/in_batch.h"
#include "engine/samplers/lsh.h"
#include "engine/samplers/lsh_label.h"
#include "engine/samplers/lsh_learned.h"
#include "engine/samplers/lsh_ranked.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

bool draws(SamplerKind kind) noexcept { return kind == SamplerKind::uniform || kind == SamplerKind::frequency; }

std::unique_ptr<Source> make_source(SamplerKind kind, const Config& config, const SamplerSources& sources) {
  switch (kind) {
    case SamplerKind::lsh: return std::make_unique<LshSource>(*sources.index);
    case SamplerKind::lsh_topk: return std::make_unique<LshRankedSource>(*sources.index, 1);
    case SamplerKind::lsh_threshold: return std::make_unique<LshRankedSource>(*sources.index, config.active_set.collisions);
    case SamplerKind::lsh_label: return std::make_unique<LshLabelSource>(*sources.index);
    case SamplerKind::lsh_learned: return std::make_unique<LshLearnedSource>(*sources.clusters);
    case SamplerKind::in_batch: return std::make_unique<InBatchSource>();
    case SamplerKind::exact: return std::make_unique<ExactSource>(*sources.output);
    case SamplerKind::uniform:
    case SamplerKind::frequency:
    case SamplerKind::full: break;
  }
  return nullptr;
}

/// What the rows found stand for if nothing else does: 1 / (probability of being found).
void weigh_retrieved(float correction, ActiveSet& out) {
  assert(out.inclusion.size() == out.ids.size() - out.labels);
  out.exact = out.labels;
  for (const float p : out.inclusion) out.log_weights.push_back(-correction * std::log(p));
}

}  // namespace

double share_of(const SamplerMix::Part& part, const Config& config) noexcept {
  if (part.share != SamplerMix::kUsual) return part.share;
  return draws(part.kind) ? 1.0 : config.active_set.retrieved_share;
}

MixtureSampler::MixtureSampler(const Config& config, std::uint32_t rows, const SamplerSources& sources)
    : rows_(rows),
      active_(config.active_set.size.of(rows)),
      correction_(config.active_set.correction == Correction::off ? 0.f : 1.f),
      frequency_power_(config.active_set.frequency_power) {
  double retrieved = 0;
  for (const SamplerMix::Part& part : config.active_set.sampler.parts) {
    const double share = share_of(part, config);
    if (part.kind == SamplerKind::frequency) frequency_share_ = share;
    auto source = make_source(part.kind, config, sources);
    if (!source) continue;
    retrieved += share;
    retrievals_.push_back({std::move(source), share});
  }
  fills_ = retrieved >= 1;
}

void MixtureSampler::count_labels(std::span<const std::uint32_t> counts) {
  for (const Retrieval& retrieval : retrievals_) retrieval.source->count_labels(counts);
  if (frequency_share_ == 0) return;
  if (counts.empty()) {
    frequencies_.reset();
  } else {
    frequencies_.emplace(counts, frequency_power_);
  }
}

const LabelIndex* MixtureSampler::index_of_labels() const noexcept {
  for (const Retrieval& retrieval : retrievals_) {
    if (const LabelIndex* index = retrieval.source->index_of_labels()) return index;
  }
  return nullptr;
}

void MixtureSampler::select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const {
  add_labels(group, seen, out);
  const std::size_t room = active_ - std::min(active_, out.ids.size());
  const auto places = [room](double share) { return static_cast<std::size_t>(std::llround(static_cast<double>(room) * share)); };
  std::uint64_t stream = 0;
  for (const Retrieval& retrieval : retrievals_) {
    const std::size_t left = active_ - std::min(active_, out.ids.size());
    const Source::Order order{std::min(left, places(retrieval.share)), hashing::derive(group.seed, ++stream),
                              correction_ > 0 && fills_};
    retrieval.source->add(group, order, seen, out);
  }
  const AliasTable* const frequencies = frequencies_ ? &*frequencies_ : nullptr;
  add_drawn({rows_, active_, frequencies != nullptr ? places(frequency_share_) : 0, frequencies, correction_}, group.seed, seen,
            out);
  if (correction_ > 0 && fills_ && out.exact == out.ids.size() && out.exact < rows_) weigh_retrieved(correction_, out);
}

}  // namespace glissade
