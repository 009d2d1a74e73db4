#include "engine/words/skip_gram.h"

#include <algorithm>

namespace glissade {
namespace {

/// Asks for a row, which the step after this one will read and write.
inline void prefetch(const float* row, std::size_t width) noexcept {
  constexpr std::size_t kLine = 64 / sizeof(float);
  for (std::size_t d = 0; d < width; d += kLine) __builtin_prefetch(row + d, 1);
}

}  // namespace

SkipGram::SkipGram(const Shared& shared, Network& network)
    : shared_(shared),
      output_(network.output),
      inputs_(network.input.rows, shared.text.bags, shared.config.words.window),
      kernels_(simd::kernels()),
      contexts_(2 * std::size_t{shared.config.words.window}),
      scores_(contexts_.size() * simd::kPairColumns),
      gradients_(scores_.size()) {}

SkipGram::Report SkipGram::train(std::size_t first, std::size_t last, std::uint64_t seed, float rate) {
  Report report;
  hashing::Random random(hashing::derive(seed, 1));
  const std::uint64_t skip_seed = hashing::derive(seed, 2);
  kept_.clear();
  for (std::size_t place = first; place < last; ++place) {
    const std::uint32_t word = shared_.text.tokens[place];
    if (word == TextView::kBreak) {
      train_line(kept_, random, rate, report);
      kept_.clear();
    } else if (shared_.subsampling.keeps(word, skip_seed, place)) {
      kept_.push_back(word);
    }
  }
  train_line(kept_, random, rate, report);
  return report;
}

void SkipGram::train_line(std::span<const std::uint32_t> words, hashing::Random& random, float rate, Report& report) {
  if (words.empty()) return;
  const std::size_t reach = shared_.config.words.window;
  std::size_t entered = 0;
  choose_targets(words[0], random, next_);
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (; entered < words.size() && entered <= i + reach; ++entered) inputs_.enter(entered, words[entered]);
    std::swap(now_, next_);
    if (i + 1 < words.size()) choose_targets(words[i + 1], random, next_);
    const std::size_t window = 1 + random.below(reach);
    std::size_t count = 0;
    for (std::size_t c = i > window ? i - window : 0; c <= i + window && c < words.size(); ++c) {
      if (c != i) contexts_[count++] = inputs_.vector(c);
    }
    if (count > 0) step({contexts_.data(), count}, now_, rate, report);
    if (i >= reach) inputs_.leave(i - reach, words[i - reach]);
  }
  for (std::size_t i = words.size() > reach ? words.size() - reach : 0; i < words.size(); ++i) inputs_.leave(i, words[i]);
}

void SkipGram::choose_targets(std::uint32_t centre, hashing::Random& random, Targets& targets) const {
  targets.ids.clear();
  targets.rows.clear();
  targets.ids.push_back(centre);
  // A word drawn twice, or the centre itself, is left out, as word2vec leaves the centre out.
  for (std::uint32_t i = 0; i < shared_.config.words.negatives; ++i) {
    const std::uint32_t word = shared_.negatives.draw(random);
    if (std::find(targets.ids.begin(), targets.ids.end(), word) == targets.ids.end()) targets.ids.push_back(word);
  }
  for (const std::uint32_t id : targets.ids) {
    targets.rows.push_back(output_.weights.data() + id * output_.stride());
    prefetch(targets.rows.back(), output_.width());
  }
}

/// Gradient ascent on log s(c . w) + sum over negatives of log s(- c . n) for each context c of the centre w, s the sigmoid. More
/// targets than the kernels take at once go in groups, one step each.
void SkipGram::step(std::span<float* const> contexts, const Targets& targets, float rate, Report& report) {
  const std::size_t width = output_.width(), m = contexts.size();
  for (std::size_t first = 0; first < targets.rows.size(); first += simd::kPairColumns) {
    const std::size_t n = std::min(simd::kPairColumns, targets.rows.size() - first);
    float* const* const rows = targets.rows.data() + first;
    float* const z = scores_.data();
    kernels_.pair_dots_f32(contexts.data(), m, rows, n, width, z);
    if (first == 0) {
      for (std::size_t i = 0; i < m; ++i) report.loss -= z[i * n];
      report.hits += static_cast<std::uint64_t>(std::max_element(z, z + n) == z);
    }
    report.loss += kernels_.sigmoid_f32(z, m * n);
    for (std::size_t p = 0; p < m * n; ++p) gradients_[p] = -rate * z[p];
    if (first == 0) {
      for (std::size_t i = 0; i < m; ++i) gradients_[i * n] += rate;
    }
    kernels_.pair_update_f32(contexts.data(), m, rows, n, width, gradients_.data());
  }
  report.pairs += m;
  ++report.centres;
}

}  // namespace glissade
