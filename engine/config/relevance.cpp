#include <algorithm>
#include <array>

#include <glissade/options.h>

namespace glissade {
namespace {

/// A configuration and its data, and the questions that the rules below ask of them.
struct Situation {
  const Config& config;
  const DataFacts& data;

  bool text() const noexcept { return data.text; }
  bool rows() const noexcept { return !data.text; }
  bool skip_gram() const noexcept { return config.network.loss == LossKind::ns; }
  bool paths() const noexcept { return rows() && (config.sparse_rows.fan_in != 0 || config.candidates.neighbours != 0); }
  bool label_rows() const noexcept { return rows() && config.sparse_rows.fan_in != 0; }
  bool all_active() const noexcept {
    return data.shape.labels != 0 && config.active_set.size.of(data.shape.labels) >= data.shape.labels;
  }
  bool full() const noexcept { return config.active_set.sampler.has(SamplerKind::full); }
  /// Whether active sets are a choice at all.
  bool sampled() const noexcept { return !skip_gram() && !full() && !all_active(); }
  bool names_tables() const noexcept {
    return has({SamplerKind::lsh, SamplerKind::lsh_topk, SamplerKind::lsh_threshold, SamplerKind::lsh_label});
  }
  bool tables() const noexcept { return sampled() && names_tables(); }
  bool has(std::initializer_list<SamplerKind> kinds) const noexcept {
    return std::ranges::any_of(kinds, [&](SamplerKind kind) { return config.active_set.sampler.has(kind); });
  }
  bool tuned() const noexcept { return config.hash_tables.budget != 0 && names_tables() && !skip_gram(); }
  bool rehashes() const noexcept { return tables() && (data.samples == 0 || data.samples >= config.rehash.period); }
  bool optimizer(std::initializer_list<OptimizerKind> kinds) const noexcept {
    return std::ranges::find(kinds, config.optimizer.kind) != kinds.end();
  }
  /// Layers that sparse-layers names.
  std::size_t sparse_layers() const noexcept {
    const std::size_t input = data.shape.vector_width != 0 ? 2 : 1, hidden = config.network.hidden.size() - 1;
    switch (config.connections.layers) {
      case SparseLayers::input: return input;
      case SparseLayers::hidden: return hidden;
      case SparseLayers::output: return 1;
      case SparseLayers::all: break;
    }
    return input + hidden + 1;
  }
  bool open_share() const noexcept {
    return std::ranges::any_of(config.active_set.sampler.parts, [](const SamplerMix::Part& part) {
      return part.share == SamplerMix::kUsual && part.kind != SamplerKind::uniform && part.kind != SamplerKind::frequency;
    });
  }
};

using S = Situation;

enum class Use { none, search };

/// Where `idle` holds, the option has no effect, or only on a search by hash tables.
struct Rule {
  std::string_view option;
  Use use;
  bool (*idle)(const Situation&);
  std::string_view reason;
};

constexpr std::string_view kText = "running text is trained without it; it counts on rows with labels";
constexpr std::string_view kRows = "it counts only on running text";
constexpr std::string_view kSkipGram = "loss ns has a training of its own; it counts with loss softmax, decoupled or bce";
constexpr std::string_view kFull = "sampler full takes all labels; it counts with another sampler";
constexpr std::string_view kAllActive = "all labels are active anyway; it counts with active below the number of labels";
constexpr std::string_view kExact = "sampler exact takes all labels of a set itself; it counts where some are drawn";
constexpr std::string_view kPaths = "it counts only with sparse paths: fan-in or neighbours above 0";
constexpr std::string_view kLabelRows = "it counts only with sparse rows: fan-in above 0";
constexpr std::string_view kRowEpochs = "it counts only where sparse rows are trained: row-epochs above 0";
constexpr std::string_view kTwoEpochs = "sparse rows change between passes; it counts with row-epochs 2 and more";
constexpr std::string_view kDensity = "all connections are there; it counts with density below 1";
constexpr std::string_view kHiddenLayers =
    "sparse-layers hidden is about dense hidden layers, and there is none; it counts with hidden 512,512";
constexpr std::string_view kChanges = "it counts only with topology set, rigl or snfs";
constexpr std::string_view kTables =
    "it counts only with a sampler that looks into hash tables: lsh, lsh-topk, lsh-threshold, "
    "lsh-label";
constexpr std::string_view kTuned = "table-budget chooses it; it counts with table-budget 0";
constexpr std::string_view kNoRehash =
    "an epoch has less samples than rehash-period, and tables are made anew in each; it counts "
    "with a shorter period";

constexpr bool (*kIsText)(const S&) = [](const S& s) { return s.text(); };
constexpr bool (*kIsRows)(const S&) = [](const S& s) { return s.rows(); };
constexpr bool (*kIsSkipGram)(const S&) = [](const S& s) { return s.skip_gram(); };
constexpr bool (*kIsFull)(const S&) = [](const S& s) { return s.full(); };
constexpr bool (*kIsAllActive)(const S&) = [](const S& s) { return s.all_active(); };
constexpr bool (*kNoPaths)(const S&) = [](const S& s) { return !s.paths(); };
constexpr bool (*kNoLabelRows)(const S&) = [](const S& s) { return !s.label_rows(); };
constexpr bool (*kNoRowEpochs)(const S&) = [](const S& s) { return s.config.sparse_rows.epochs == 0; };
constexpr bool (*kNoSecondPass)(const S&) = [](const S& s) { return s.config.sparse_rows.epochs < 2; };
constexpr bool (*kIsDense)(const S&) = [](const S& s) { return s.config.connections.density == 1; };
constexpr bool (*kNoSparseLayer)(const S&) = [](const S& s) { return s.sparse_layers() == 0; };
constexpr bool (*kOneSparseLayer)(const S&) = [](const S& s) { return s.sparse_layers() <= 1; };
constexpr bool (*kEqualLayers)(const S&) = [](const S& s) {
  const Shape& shape = s.data.shape;
  const bool two =
      s.config.connections.layers == SparseLayers::all && s.config.network.hidden.size() == 1 && shape.vector_width == 0;
  return two && shape.features != 0 && shape.features == shape.labels;
};
constexpr bool (*kNoSparseLabels)(const S&) = [](const S& s) {
  return s.config.connections.layers == SparseLayers::input || s.config.connections.layers == SparseLayers::hidden;
};
constexpr bool (*kNoChanges)(const S&) = [](const S& s) {
  const Topology kind = s.config.connections.topology;
  return kind == Topology::fixed || kind == Topology::snip;
};
/// The exact best of a sample fill all places that its labels leave.
constexpr bool (*kNothingDrawn)(const S&) = [](const S& s) {
  if (s.config.active_set.scope != Scope::sample || s.config.active_set.sampler.parts.size() != 1) return false;
  const SamplerMix::Part& only = s.config.active_set.sampler.parts.front();
  const double share = only.share == SamplerMix::kUsual ? s.config.active_set.retrieved_share : only.share;
  return only.kind == SamplerKind::exact && share == 1;
};
constexpr bool (*kNoTables)(const S&) = [](const S& s) { return !s.tables(); };
constexpr bool (*kIsTuned)(const S&) = [](const S& s) { return s.tuned(); };
constexpr bool (*kNeverRehashes)(const S&) = [](const S& s) { return !s.rehashes(); };
constexpr bool (*kNoNgrams)(const S&) = [](const S& s) { return s.config.words.max_ngram == 0; };
constexpr bool (*kSimilar)(const S&) = [](const S& s) { return s.config.training.batches == BatchKind::similar; };

/// The one place that says when an option does nothing. Of an option's rules the first that holds gives the reason. An option
/// without a rule always counts. tests/engine/option_walk_test.cpp compares what is said here with what training does.
constexpr auto kRules = std::to_array<Rule>({
    {"label-weights", Use::none, kIsSkipGram, kSkipGram},
    {"active-units", Use::none, kIsSkipGram, kSkipGram},
    {"active-units", Use::none, [](const S& s) { return s.config.network.active_units >= s.config.network.hidden.back(); },
     "the last hidden layer has no more units"},
    {"weighting", Use::none, kIsText, kText},
    {"start", Use::none, kIsText, kText},
    {"start-length", Use::none, kIsText, kText},
    {"start-length", Use::none, [](const S& s) { return s.config.network.start != Start::centroids; },
     "it counts only with start centroids"},

    {"density", Use::none, kNoSparseLayer, kHiddenLayers},
    {"sparse-layers", Use::none, kIsDense, kDensity},
    {"density-rule", Use::none, kIsDense, kDensity},
    {"density-rule", Use::none, kOneSparseLayer, "it counts with more than one sparse layer"},
    {"density-rule", Use::none, kEqualLayers, "features and labels are as many, so the layers are of one size; it counts where sizes differ"},
    {"topology", Use::none, kIsDense, kDensity},
    {"topology", Use::none, kNoSparseLayer, kHiddenLayers},
    {"topology-period", Use::none, kIsDense, kDensity},
    {"topology-period", Use::none, kNoSparseLayer, kHiddenLayers},
    {"topology-period", Use::none, kNoChanges, kChanges},
    {"topology-share", Use::none, kIsDense, kDensity},
    {"topology-share", Use::none, kNoSparseLayer, kHiddenLayers},
    {"topology-share", Use::none, kNoChanges, kChanges},
    {"topology-block", Use::none, kIsDense, kDensity},
    {"topology-block", Use::none, kNoSparseLabels, "it is about label rows; it counts with sparse-layers output or all"},

    {"fan-in", Use::none, kIsText, kText},
    {"neighbours", Use::none, kIsText, kText},
    {"row-epochs", Use::none, kIsText, kText},
    {"row-epochs", Use::none, kNoLabelRows, kLabelRows},
    {"row-rate", Use::none, kIsText, kText},
    {"row-rate", Use::none, kNoLabelRows, kLabelRows},
    {"row-rate", Use::none, kNoRowEpochs, kRowEpochs},
    {"row-topology", Use::none, kIsText, kText},
    {"row-topology", Use::none, kNoLabelRows, kLabelRows},
    {"row-topology", Use::none, kNoSecondPass, kTwoEpochs},
    {"row-growth", Use::none, kIsText, kText},
    {"row-growth", Use::none, kNoLabelRows, kLabelRows},
    {"row-growth", Use::none, [](const S& s) { return s.config.sparse_rows.topology == RowTopology::fixed; },
     "it counts only with row-topology set, rigl or snfs"},
    {"row-growth", Use::none, kNoSecondPass, kTwoEpochs},
    {"co-labels", Use::none, kIsText, kText},
    {"co-labels", Use::none, kNoPaths, kPaths},
    {"list-budget", Use::none, kIsText, kText},
    {"list-budget", Use::none, kNoPaths, kPaths},
    {"sparse-weighting", Use::none, kIsText, kText},
    {"sparse-weighting", Use::none, kNoPaths, kPaths},
    {"weight-samples", Use::none, kIsText, kText},
    {"weight-samples", Use::none, kNoPaths, kPaths},
    {"exclude-input", Use::none, kIsText, kText},
    {"exclude-input", Use::none, kNoPaths, kPaths},
    {"sibling-rows", Use::none, kIsText, kText},
    {"sibling-rows", Use::none, kNoPaths, kPaths},
    {"name-match", Use::none, kIsText, kText},
    {"name-match", Use::none, kNoPaths, kPaths},
    {"name-match", Use::none, [](const S& s) { return !s.data.named; },
     "labels and features have no names; it counts with --label-names and --feature-names"},

    {"sampler", Use::none, kIsSkipGram, kSkipGram},
    {"sampler", Use::none, kIsAllActive, kAllActive},
    {"scope", Use::none, kIsSkipGram, kSkipGram},
    {"scope", Use::none, kIsFull, kFull},
    {"active", Use::none, kIsSkipGram, kSkipGram},
    {"active", Use::none, kIsFull, kFull},
    {"collisions", Use::none, kIsSkipGram, kSkipGram},
    {"collisions", Use::none, [](const S& s) { return !s.has({SamplerKind::lsh_threshold}); },
     "it counts only with sampler lsh-threshold"},
    {"collisions", Use::none, kIsAllActive, kAllActive},
    {"frequency-power", Use::none, [](const S& s) { return !s.skip_gram() && !s.has({SamplerKind::frequency}); },
     "it counts only with sampler frequency or loss ns"},
    {"frequency-power", Use::none, [](const S& s) { return !s.skip_gram() && s.all_active(); }, kAllActive},
    {"retrieved-share", Use::none, kIsSkipGram, kSkipGram},
    {"retrieved-share", Use::none, kIsFull, kFull},
    {"retrieved-share", Use::none, [](const S& s) { return !s.open_share(); },
     "it counts only with a sampler that retrieves and is named without a share, such as lsh or in-batch"},
    {"retrieved-share", Use::none, kIsAllActive, kAllActive},
    {"query-every", Use::none, kIsSkipGram, kSkipGram},
    {"query-every", Use::none, [](const S& s) { return s.config.active_set.scope == Scope::sample; }, "it counts only with scope shared"},
    {"query-every", Use::none,
     [](const S& s) {
       return !s.has({SamplerKind::lsh, SamplerKind::lsh_topk, SamplerKind::lsh_threshold, SamplerKind::lsh_learned,
                      SamplerKind::exact});
     },
     "it counts only with a sampler in which samples look for labels: lsh, lsh-topk, lsh-threshold, lsh-learned, exact"},
    {"query-every", Use::none, kIsAllActive, kAllActive},
    {"fused", Use::none, kIsSkipGram, kSkipGram},
    {"fused", Use::none, [](const S& s) { return s.config.active_set.scope == Scope::sample && !s.full(); },
     "it counts only with scope shared or sampler full"},
    {"correction", Use::none, kIsSkipGram, kSkipGram},
    {"correction", Use::none, kIsFull, kFull},
    {"correction", Use::none, kIsAllActive, kAllActive},
    {"correction", Use::none, kNothingDrawn, kExact},

    {"hash", Use::search, kNoTables, kTables},
    {"hash-transform", Use::search, kNoTables, kTables},
    {"probes", Use::none, kIsSkipGram, kSkipGram},
    {"probes", Use::none, [](const S& s) { return !s.has({SamplerKind::lsh_learned}); },
     "it counts only with sampler lsh-learned"},
    {"probes", Use::none, kIsAllActive, kAllActive},
    {"table-budget", Use::none, kIsSkipGram, kSkipGram},
    {"table-budget", Use::none, [](const S& s) { return !s.names_tables(); }, kTables},
    {"table-budget", Use::search, kIsAllActive, kAllActive},
    {"k", Use::none, kIsTuned, kTuned},
    {"k", Use::search, kNoTables, kTables},
    {"tables", Use::none, kIsTuned, kTuned},
    {"tables", Use::search, kNoTables, kTables},
    {"bucket-cap", Use::none, kIsTuned, kTuned},
    {"bucket-cap", Use::search, kNoTables, kTables},
    {"renew-hash", Use::none, kNoTables, kTables},
    {"rehash", Use::none, kNoTables, kTables},
    {"rehash", Use::none, kNeverRehashes, kNoRehash},
    {"rehash-period", Use::none, kNoTables, kTables},
    {"rehash-period", Use::none, kIsTuned, kTuned},
    {"rehash-growth", Use::none, kNoTables, kTables},
    {"rehash-growth", Use::none, [](const S& s) { return s.config.rehash.kind != RehashKind::decaying; },
     "it counts only with rehash decaying"},
    {"rehash-growth", Use::none, kNeverRehashes, kNoRehash},
    {"rehash-threshold", Use::none, kNoTables, kTables},
    {"rehash-threshold", Use::none, [](const S& s) { return s.config.rehash.kind != RehashKind::drift; },
     "it counts only with rehash drift"},
    {"rehash-threshold", Use::none, kNeverRehashes, kNoRehash},

    {"moments", Use::none, [](const S& s) { return !s.optimizer({OptimizerKind::adam, OptimizerKind::momentum}); },
     "it counts only with optimizer adam or momentum"},
    {"second-moment", Use::none, [](const S& s) { return !s.optimizer({OptimizerKind::adam}); },
     "it counts only with optimizer adam"},
    {"beta1", Use::none, [](const S& s) { return !s.optimizer({OptimizerKind::adam, OptimizerKind::momentum}); },
     "it counts only with optimizer adam or momentum"},
    {"beta2", Use::none, [](const S& s) { return !s.optimizer({OptimizerKind::adam}); }, "it counts only with optimizer adam"},
    {"epsilon", Use::none, [](const S& s) { return !s.optimizer({OptimizerKind::adam, OptimizerKind::adagrad}); },
     "it counts only with optimizer adam or adagrad"},
    {"weight-decay", Use::none, kIsSkipGram, kSkipGram},

    {"window", Use::none, kIsRows, kRows},
    {"negatives", Use::none, [](const S& s) { return !s.skip_gram(); }, "it counts only with loss ns"},
    {"min-count", Use::none, kIsRows, kRows},
    {"subsampling", Use::none, kIsRows, kRows},
    {"min-ngram", Use::none, kIsRows, kRows},
    {"min-ngram", Use::none, kNoNgrams, "it counts only with n-grams: max-ngram above 0"},
    {"max-ngram", Use::none, kIsRows, kRows},

    {"batch", Use::none, kIsSkipGram, kSkipGram},
    {"reference-batch", Use::none, kIsSkipGram, kSkipGram},
    {"reference-batch", Use::none,
     [](const S& s) { return s.config.training.step_samples() <= s.config.training.reference_batch; },
     "no step has more samples; it counts with a larger batch"},
    {"shuffle-block", Use::none, kIsText, kText},
    {"shuffle-block", Use::none,
     [](const S& s) { return s.data.samples != 0 && s.data.samples <= s.config.training.shuffle_block; },
     "the data have no more rows than a block; it counts with smaller blocks"},
    {"loader-threads", Use::none, kIsText, kText},
    {"loader-threads", Use::none, [](const S& s) { return s.config.training.shuffle_block == 0; },
     "it counts only where data are read block by block: shuffle-block above 0"},
    {"loader-threads", Use::none, kSimilar, "similar samples are all over the data; it counts with batches shuffled"},
    {"loader-threads", Use::none, [](const S& s) { return !s.data.paged; },
     "it counts only for data that are read from the binary cache"},
    {"batches", Use::none, kIsText, kText},
    {"feature-dropout", Use::none, kIsSkipGram, kSkipGram},
    {"hidden-dropout", Use::none, kIsSkipGram, kSkipGram},
});

/// Values that ask for nothing: they do what they say in every configuration.
struct Neutral {
  std::string_view option;
  std::string_view value;
};
constexpr auto kNeutral = std::to_array<Neutral>({
    {"weighting", "given"},   {"weighting", "automatic"}, {"label-weights", "equal"}, {"start", "random"},
    {"fan-in", "0"},          {"row-epochs", "0"},        {"row-topology", "static"}, {"neighbours", "0"},
    {"co-labels", "0"},       {"weight-samples", "0"},    {"exclude-input", "off"},   {"sibling-rows", "none"},
    {"query-every", "1"},     {"correction", "off"},      {"hash-transform", "none"}, {"table-budget", "0"},
    {"bucket-cap", "0"},      {"renew-hash", "off"},      {"weight-decay", "0"},      {"min-count", "1"},
    {"subsampling", "0"},     {"max-ngram", "0"},         {"shuffle-block", "0"},     {"batches", "shuffled"},
    {"feature-dropout", "0"}, {"hidden-dropout", "0"},    {"loader-threads", "1"},    {"name-match", "off"},
    {"reference-batch", "0"}, {"density", "1"},           {"active-units", "0"},      {"topology", "static"},
    {"topology-share", "0"},  {"topology-block", "1"},
});

bool is_neutral(const Option& option, const Config& config) {
  const std::string value = option.get(config);
  return std::ranges::any_of(kNeutral, [&](const Neutral& one) { return one.option == option.name && one.value == value; });
}

const Option* find_option(std::string_view name) noexcept {
  for (const Option& option : options()) {
    if (option.is_called(name)) return &option;
  }
  return nullptr;
}

}  // namespace

std::vector<IdleOption> idle_options(const Config& config, const DataFacts& data, std::span<const std::string_view> given) {
  const Situation situation{config, data};
  std::vector<IdleOption> idle;
  for (const std::string_view name : given) {
    const Option* const option = find_option(name);
    if (option == nullptr || is_neutral(*option, config)) continue;
    if (std::ranges::find(idle, option->name, &IdleOption::name) != idle.end()) continue;
    const auto* const rule =
        std::ranges::find_if(kRules, [&](const Rule& one) { return one.option == option->name && one.idle(situation); });
    if (rule != kRules.end()) idle.push_back({option->name, rule->use == Use::search, rule->reason});
  }
  return idle;
}

}  // namespace glissade
