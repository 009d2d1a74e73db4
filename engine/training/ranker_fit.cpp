#include "engine/training/ranker_fit.h"

#include <fmt/format.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/batches/batch.h"
#include "engine/communication/byte_message.h"
#include "engine/inference/candidate_pass.h"
#include "engine/losses/label_weights.h"
#include "engine/losses/loss.h"
#include "engine/model/answering.h"
#include "engine/model/shared_co_labels.h"
#include "engine/parameters/array.h"
#include "engine/parameters/finite.h"
#include "engine/ranking/co_labels.h"
#include "engine/ranking/kept_samples.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kKeptStream = 61;
constexpr std::size_t kBetweenEpochs = 10;  ///< of so many kept samples one is looked at after all epochs but the last
constexpr std::size_t kFilledAtOnce = 32;
constexpr double kGathered = 0.8;                       ///< of the time of weighing, about
constexpr std::int64_t kToldWeighed = 1, kToldNot = 2;  ///< what rank 0 tells in the end

/// What the paths say of one kept sample.
struct Example {
  std::vector<CandidateFeatures> features;
  std::vector<std::uint32_t> labels;
  std::vector<float> targets;
};

/// Kept samples, and how many labels each has.
struct KeptExamples {
  RankingExamples examples;
  std::vector<std::uint32_t> labels;
};

/// Those of all ranks, in their order. Collective.
void add_up(CalibrationExamples& answers, RowShards& shards) {
  std::vector<std::byte> mine;
  std::vector<std::vector<std::byte>> all;
  put_array(mine, answers.scores);
  put_array(mine, answers.shares);
  put_array(mine, std::vector<std::uint8_t>(answers.right.begin(), answers.right.end()));
  put_array(mine, std::vector<std::size_t>{answers.samples, answers.true_labels});
  shards.gather_unknown(mine, all);
  if (shards.error()) return;
  answers = {};
  for (const auto& bytes : all) {
    ByteMessage message(bytes);
    message.append_to(answers.scores);
    message.append_to(answers.shares);
    const auto right = message.array<std::uint8_t>();
    answers.right.insert(answers.right.end(), right.begin(), right.end());
    const auto counts = message.array<std::size_t>();
    answers.samples += counts[0];
    answers.true_labels += counts[1];
  }
}

/// What the scores of the ranker are worth, by the samples it is fitted on. `labels`: how many each of them has.
Calibration calibration_of(const Ranker& ranker, RankingExamples& examples, std::span<const std::uint32_t> labels,
                           RowShards* shards) {
  CalibrationExamples answers;
  RankPass pass;
  std::vector<float> scores;
  for (std::size_t sample = 0; sample < examples.ends.size(); ++sample) {
    const std::span<const CandidateFeatures> features = examples.features_of(sample);
    scores.resize(features.size());
    ranker.score(features, pass, scores.data());
    answers.add(scores, std::span(examples.targets).subspan(examples.begin_of(sample), features.size()), labels[sample]);
  }
  if (shards != nullptr) add_up(answers, *shards);
  return Calibration::fit(answers);
}

/// use(filler, sample) for each of so many samples from `first` on, in parallel.
template <class Use>
void for_each_filler(std::size_t labels, std::size_t first, std::size_t end, const Use& use) {
  using Range = tbb::blocked_range<std::size_t>;
  tbb::enumerable_thread_specific<CoLabelFeatures> fillers([labels] { return CoLabelFeatures(labels); });
  tbb::parallel_for(Range(first, end, kFilledAtOnce), [&](const Range& range) {
    CoLabelFeatures& filler = fillers.local();
    for (std::size_t sample = range.begin(); sample != range.end(); ++sample) use(filler, sample);
  });
}

/// The features of co-labels, by `linear`, of samples first to end - 1.
void fill_co_labels(const CoLabelRows& rows, const LinearRanker& linear, std::size_t labels, std::size_t first, std::size_t end,
                    RankingExamples& examples) {
  for_each_filler(labels, first, end, [&](CoLabelFeatures& filler, std::size_t sample) {
    filler.fill(rows, linear, examples.labels_of(sample), examples.features_of(sample));
  });
}

/// The same where several ranks have the rows, and some examples each. Collective.
std::optional<Error> fill_co_labels_among(Model::Impl& impl, const LinearRanker& linear, RankingExamples& examples,
                                          RowShards& shards) {
  shards.tell(static_cast<double>(examples.ends.size()));
  shards.exchange();
  std::size_t most = 0;
  for (int rank = 0; rank < shards.size(); ++rank) most = std::max(most, static_cast<std::size_t>(shards.heard(rank, 0)));
  for (std::size_t next = 0; next < most && !shards.error(); next += kKeptAtOnce) {
    const std::size_t first = std::min(next, examples.ends.size()), end = std::min(examples.ends.size(), next + kKeptAtOnce);
    std::vector<std::vector<std::uint32_t>> speakers(end - first);
    for_each_filler(impl.shape.labels, first, end, [&](CoLabelFeatures& filler, std::size_t sample) {
      filler.speakers(linear, examples.labels_of(sample), examples.features_of(sample), speakers[sample - first]);
    });
    const std::vector<std::uint32_t> asked = each_once(speakers);
    const auto rows = co_labels_among(impl, asked);
    if (!rows) return rows.error();
    fill_co_labels(CoLabelRows(*rows, asked), linear, impl.shape.labels, first, end, examples);
  }
  return shards.error();
}

}  // namespace

bool is_kept_for_ranking(const Config& config, const DatasetView& data, std::span<const std::uint64_t> together,
                         std::size_t row) noexcept {
  const std::size_t samples = data.size() - data.added;
  if (row >= samples) return false;
  const double share = share_kept_for_ranking(static_cast<double>(samples));
  const std::uint64_t what = together.empty() ? row : together[row];
  return hashing::Random(hashing::derive(config.run.seed, kKeptStream, what)).unit() < share;
}

namespace {

Error not_finite_of(std::uint32_t row) {
  return runtime_error(fmt::format(
      "weighing the paths: what they say of row {} is not a finite number; scale the values of the features down", row));
}

Error no_memory_to_weigh() {
  return runtime_error("out of memory in a matrix product while the paths are weighed; use a smaller batch");
}

std::optional<Error> forward(Model::Impl& impl, const BatchInputs& inputs, std::vector<Activations>& hidden) {
  if (!impl.shards) return impl.network.forward(inputs, {}, hidden) ? std::nullopt : std::optional(no_memory_to_weigh());
  const auto ok = impl.shards->forward(inputs, hidden);
  if (!ok) return ok.error();
  return *ok ? std::nullopt : std::optional(no_memory_to_weigh());
}

/// Rank 0 deals samples out, and keeps every n-th of n ranks itself; the others have receive_examples().
Result<void> deal_examples(ShardGroup& group, const std::vector<std::vector<std::byte>>& dealt) {
  return group.together(ShardGroup::Kind::examples, [&] {
    std::vector<std::vector<std::byte>> nothing;
    return group.ranks().all_to_all_unknown(dealt, nothing);
  });
}

void put_example(const Example& example, float weight, std::uint32_t labels, std::vector<std::byte>& bytes) {
  put_array(bytes, example.features);
  put_array(bytes, example.labels);
  put_array(bytes, example.targets);
  put_array(bytes, std::vector<float>{weight});
  put_array(bytes, std::vector<std::uint32_t>{labels});
}

Result<void> receive_examples(ShardGroup& group, KeptExamples& kept) {
  std::vector<std::vector<std::byte>> nothing(static_cast<std::size_t>(group.ranks().size())), in;
  if (auto got = group.ranks().all_to_all_unknown(nothing, in); !got) return got;
  ByteMessage message(in[0]);
  while (!message.is_at_end()) {
    const auto features = message.array<CandidateFeatures>();
    const auto labels = message.array<std::uint32_t>();
    const auto targets = message.array<float>();
    kept.examples.add(features, labels, targets, message.array<float>()[0]);
    kept.labels.push_back(message.array<std::uint32_t>()[0]);
  }
  return {};
}

/// What the paths say of the candidates of `kept` samples. `samples`: how many the model's label counts are of. Where several
/// ranks have the rows, each has some of the examples.
std::optional<Error> gather_examples(Model::Impl& impl, const DatasetView& data, std::span<const std::uint32_t> kept,
                                     const std::vector<bool>& unknown, std::uint64_t samples, WorkMonitor& monitor,
                                     KeptExamples& out) {
  const std::size_t ranks = impl.owners().ranks;
  const std::vector<float> weights = label_weights(impl.config, impl.label_counts, samples);
  Batch batch;
  std::vector<Activations> hidden;
  std::vector<Example> made;
  for (std::size_t first = 0; first < kept.size() && !monitor.stopped(); first += kKeptAtOnce) {
    const std::span<const std::uint32_t> rows = kept.subspan(first, std::min(kKeptAtOnce, kept.size() - first));
    batch.gather(data, rows, {}, &impl.transform);
    if (auto error = forward(impl, batch.inputs(), hidden)) return error;
    Predictions best;
    best.k = HiddenBest::kPerSample;
    best.labels.assign(rows.size() * best.k, Predictions::kNoLabel);
    best.scores.assign(rows.size() * best.k, -std::numeric_limits<float>::infinity());
    made.resize(rows.size());
    const auto keep = [&](std::size_t sample, const CandidateSearch& found) {
      monitor.advance();
      const auto labels = batch.labels().row_ids(sample);
      Example& example = made[sample];
      example.features = found.features();
      example.labels = found.labels();
      example.targets.clear();
      for (const std::uint32_t label : found.labels()) {
        const bool wanted = std::ranges::find(labels, label) != labels.end();
        example.targets.push_back(wanted ? (weights.empty() ? 1.f : weights[label]) : 0.f);
      }
    };
    if (impl.shards) {
      SearchSums sums;
      const SearchTarget target{best, 0, impl.config.network.loss, false, nullptr, nullptr, &sums};
      if (auto found = impl.shards->search(hidden.back(), target); !found) return found.error();
      const HiddenBest by_hidden{
          hidden.back(), best,
          is_softmax(impl.config.network.loss) ? std::span<const float>(sums.log_sums) : std::span<const float>()};
      if (auto done = find_candidates_among(impl, by_hidden, batch.features(), unknown, false, keep); !done) return done.error();
    } else {
      search_exact(impl.network.output, hidden.back(), {best, 0, impl.config.network.loss, true});
      find_candidates(impl, {hidden.back(), best}, batch.features(), unknown, keep);
    }
    std::vector<std::vector<std::byte>> dealt(ranks);
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (first_not_finite(std::span<const float>(made[i].features.data()->data(), made[i].features.size() * kCandidateFeatures)))
        return not_finite_of(rows[i]);
      const auto labels = static_cast<std::uint32_t>(batch.labels().row_ids(i).size());
      if (const std::size_t whose = (first + i) % ranks; whose != 0) {
        put_example(made[i], data.weight(rows[i]), labels, dealt[whose]);
        continue;
      }
      out.examples.add(made[i].features, made[i].labels, made[i].targets, data.weight(rows[i]));
      out.labels.push_back(labels);
    }
    out.examples.expect(kept.size() / ranks + 1);
    if (impl.shards) {
      if (auto done = deal_examples(*impl.shards, dealt); !done) return done.error();
    }
    give_back_free_memory();  // blocks of samples leave holes where threads have heaps of their own
  }
  return std::nullopt;
}

}  // namespace

namespace {

/// Weighs the paths by the samples `kept`; proposals pass over `unknown`. `samples`: as gather_examples() has them; `before`: as
/// Ranker::fit() has it.
std::optional<Error> weigh(Model::Impl& impl, const DatasetView& data, std::span<const std::uint32_t> kept,
                           const std::vector<bool>& unknown, std::uint64_t samples, WorkMonitor& monitor,
                           const Ranker& before = {}) {
  KeptExamples own;
  give_back_free_memory();
  monitor.begin(Activity::weighing, kept.size(), {0, kGathered});
  if (auto error = gather_examples(impl, data, kept, unknown, samples, monitor, own)) return error;
  give_back_free_memory();  // what the searches took, before the fits take theirs
  if (kept.empty() || monitor.stopped()) return std::nullopt;
  std::optional<Error> error;
  const auto fit = [&]() -> Result<void> {
    const auto fitted = fit_rankers_to(impl, own.examples, own.labels, monitor, before);
    if (!fitted) error = fitted.error();
    return {};
  };
  const auto done = impl.shards ? impl.shards->together(ShardGroup::Kind::fit, fit) : fit();
  return error || done ? error : std::optional(done.error());
}

/// The others' part of it, until rank 0 is done.
std::optional<Error> help_to_weigh(Model::Impl& impl, const std::vector<bool>& unknown) {
  KeptExamples own;
  for (;;) {
    const auto request = impl.shards->next();
    if (!request) return request.error();
    if (request->kind == ShardGroup::Kind::told) {
      if (request->a == kToldWeighed) return std::nullopt;
      return runtime_error("rank 0 could not weigh the paths; its message says why");
    }
    Result<void> done;
    if (request->kind == ShardGroup::Kind::examples) {
      done = receive_examples(*impl.shards, own);
    } else if (request->kind == ShardGroup::Kind::fit) {
      const auto fitted = fit_rankers_to(impl, own.examples, own.labels, WorkMonitor::silent());
      if (!fitted) done = fitted.error();
    } else {
      done = answer_request(impl, *request, unknown);
    }
    if (!done) return done.error();
  }
}

}  // namespace

std::optional<Error> fit_rankers(Model::Impl& impl, const DatasetView& data, std::span<const std::uint64_t> together,
                                 bool last_epoch, WorkMonitor& monitor) {
  std::vector<std::uint32_t> kept;
  const RowOwners owners = impl.owners();
  std::vector<bool> unknown(owners.count(data.size()));  // of the samples that are neighbours here
  for (std::uint32_t row = 0; row < data.size(); ++row) {
    if (!is_kept_for_ranking(impl.config, data, together, row)) continue;
    kept.push_back(row);
    if (owners.has(row)) unknown[owners.place(row)] = true;
  }
  if (!last_epoch) {
    std::size_t place = 0;
    std::erase_if(kept, [&](std::uint32_t) { return place++ % kBetweenEpochs != 0; });
  }
  if (impl.shards && !impl.shards->leads()) return help_to_weigh(impl, unknown);
  auto error = weigh(impl, data, kept, unknown, data.size() - data.added, monitor);
  if (!impl.shards) return error;
  // The others wait for this, whatever became of it; an error of the communication they know already.
  if (auto told = impl.shards->tell({error ? kToldNot : kToldWeighed, 0}); !told && !error) return told.error();
  return error;
}

std::optional<Error> refit_rankers(Model::Impl& impl, const DatasetView& rows, const Ranker& before, WorkMonitor& monitor) {
  std::vector<std::uint32_t> all(rows.size());
  std::iota(all.begin(), all.end(), 0u);
  return weigh(impl, rows, all, {}, impl.training_samples, monitor, before);
}

Result<bool> fit_rankers_to(Model::Impl& impl, RankingExamples& examples, std::span<const std::uint32_t> labels,
                            WorkMonitor& monitor, const Ranker& before) {
  std::optional<RowShards> among;
  if (impl.shards) among.emplace(impl.shards->ranks());
  RowShards* const shards = among ? &*among : nullptr;
  monitor.begin(Activity::weighing, LinearRanker::work(examples), {kGathered, 1});
  LinearRanker linear = LinearRanker::fit(examples, monitor, shards);
  if (monitor.stopped()) return false;
  if (!impl.paths.co_labels.empty() && shards != nullptr) {
    if (auto error = fill_co_labels_among(impl, linear, examples, *shards)) return *error;
  } else if (!impl.paths.co_labels.empty()) {
    fill_co_labels(CoLabelRows(impl.paths.co_labels), linear, impl.shape.labels, 0, examples.ends.size(), examples);
  }
  Ranker ranker = Ranker::fit(examples, linear, impl.config.run.seed, monitor, before, shards);
  if (monitor.stopped()) return false;
  Calibration calibration = calibration_of(ranker, examples, labels, shards);
  if (shards != nullptr && shards->error()) return *shards->error();
  impl.paths.calibration = std::move(calibration);
  impl.paths.linear = std::move(linear);
  impl.paths.ranker = std::move(ranker);
  return true;
}

}  // namespace glissade
