#include "engine/learning/recent_examples.h"

#include <algorithm>
#include <utility>

namespace glissade {

void RecentExamples::add(Example example) {
  if (most_ == 0) return;
  if (all_.size() < most_) {
    all_.push_back(std::move(example));
    return;
  }
  all_[next_] = std::move(example);
  next_ = (next_ + 1) % most_;
}

RankingExamples RecentExamples::examples() const {
  RankingExamples examples;
  for (const Example& one : all_) examples.add(one.features, one.labels, one.targets);
  return examples;
}

std::vector<std::uint32_t> RecentExamples::wanted() const {
  std::vector<std::uint32_t> all;
  for (const Example& one : all_) all.push_back(one.wanted);
  return all;
}

RecentExamples::Example example_of(const CandidateSearch& found, std::span<const std::uint32_t> labels) {
  RecentExamples::Example example{found.features(), found.labels(), {}, static_cast<std::uint32_t>(labels.size())};
  for (const std::uint32_t label : found.labels())
    example.targets.push_back(std::ranges::find(labels, label) != labels.end() ? 1.f : 0.f);
  return example;
}

}  // namespace glissade
