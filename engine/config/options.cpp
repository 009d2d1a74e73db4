#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include <glissade/options.h>

#include "engine/config/names.h"
#include "engine/config/sampler_mix.h"
#include "engine/config/text.h"

namespace glissade {
namespace {

using config::choices;
using config::NumberStatus;
using config::quoted;

/// A string literal as a template argument: the setter of an option is a plain function that still knows its name and range.
template <std::size_t N>
struct Literal {
  char text[N]{};
  constexpr Literal(const char (&literal)[N]) { std::copy_n(literal, N, text); }
  constexpr std::string_view view() const noexcept { return {text, N - 1}; }
};

template <auto Group, auto Member>
using MemberType = std::remove_cvref_t<decltype(std::declval<Config&>().*Group.*Member)>;

Error option_error(std::string_view name, std::string_view value, std::string_view problem, std::string_view range) {
  std::string message = "option '";
  message.append(name).append("': ").append(quoted(value)).append(" is ").append(problem).append("; allowed: ").append(range);
  return usage_error(std::move(message));
}

/// A whole number, only below 0.
bool is_negative(std::string_view text) noexcept {
  return text.size() > 1 && text[0] == '-' && text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

template <class T>
Result<T> read_number(std::string_view name, std::string_view range, config::Bounds<T> bounds, std::string_view text) {
  T value{};
  const NumberStatus status = config::parse_number(text, value);
  if (std::is_unsigned_v<T> && is_negative(text)) return option_error(name, text, "out of range", range);
  if (status == NumberStatus::malformed) {
    return option_error(name, text, std::is_integral_v<T> ? "not a whole number" : "not a finite number", range);
  }
  if (status == NumberStatus::too_large || value < bounds.low || value > bounds.high) {
    return option_error(name, text, "out of range", range);
  }
  return value;
}

/// What an option is about, apart from its field.
struct About {
  std::string_view group;
  std::string_view unit;
  std::string_view effect;
  bool stored = true;
  std::string_view former = {};
};

/// A number between the bounds that `Range` shows, ends included.
template <Literal Name, auto Group, auto Member, Literal Range>
constexpr Option number(const About& about) {
  using T = MemberType<Group, Member>;
  const auto set = [](Config& config, std::string_view text) -> Result<void> {
    const auto bounds = config::parse_bounds<T>(Range.view());
    const Result<T> value = read_number<T>(Name.view(), Range.view(), *bounds, text);
    if (!value) return value.error();
    config.*Group.*Member = *value;
    return {};
  };
  const auto get = [](const Config& config) { return config::number_text(config.*Group.*Member); };
  return {Name.view(), about.group, about.unit, Range.view(), about.effect, set, get, about.stored};
}

/// One of the names of an enumeration, or on | off.
template <Literal Name, auto Group, auto Member>
constexpr Option choice(const About& about) {
  using E = MemberType<Group, Member>;
  const auto set = [](Config& config, std::string_view text) -> Result<void> {
    if (config::parse_name(text, config.*Group.*Member)) return {};
    return option_error(Name.view(), text, "unknown", choices<E>());
  };
  const auto get = [](const Config& config) { return std::string(config::name_of(config.*Group.*Member)); };
  return {Name.view(), about.group, about.unit, choices<E>(), about.effect, set, get, about.stored, about.former};
}

constexpr std::string_view kHiddenRange = "1 .. 65536 per layer, 1 to 16 layers separated by commas";

Result<void> set_hidden(Config& config, std::string_view text) {
  constexpr config::Bounds<std::uint32_t> kWidth{1, 65536};
  constexpr std::size_t kMostLayers = 16;
  std::vector<std::uint32_t> widths;
  for (std::string_view rest = text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const auto width = read_number("hidden", kHiddenRange, kWidth, config::trimmed(rest.substr(0, comma)));
    if (!width) return width.error();
    widths.push_back(*width);
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  if (widths.size() > kMostLayers) return option_error("hidden", text, "too many layers", kHiddenRange);
  config.network.hidden = std::move(widths);
  return {};
}

std::string get_hidden(const Config& config) {
  std::string out;
  for (const std::uint32_t width : config.network.hidden) {
    if (!out.empty()) out += ',';
    out += config::number_text(width);
  }
  return out;
}

Result<void> set_sampler(Config& config, std::string_view text) {
  auto mix = config::sampler_mix(text);
  if (!mix) return mix.error();
  config.active_set.sampler = std::move(*mix);
  return {};
}

std::string get_sampler(const Config& config) { return config::mix_text(config.active_set.sampler); }

constexpr std::string_view kActiveRange = "1 .. 16777216, or a part of all labels such as 0.5%";

Result<void> set_active(Config& config, std::string_view text) {
  if (!text.ends_with('%')) {
    const auto rows = read_number("active", kActiveRange, config::Bounds<std::uint32_t>{1, 16777216}, text);
    if (!rows) return rows.error();
    config.active_set.size = *rows;
    return {};
  }
  double percent = 0;
  if (config::parse_number(text.substr(0, text.size() - 1), percent) != NumberStatus::ok) {
    return option_error("active", text, "not a finite number before the %", kActiveRange);
  }
  if (percent <= 0 || percent > 100) return option_error("active", text, "out of range", kActiveRange);
  config.active_set.size = ActiveCount::of_percent(percent);
  return {};
}

std::string get_active(const Config& config) {
  if (config.active_set.size.is_percent()) return config::number_text(config.active_set.size.percent()) + '%';
  return config::number_text(config.active_set.size.of(0));
}

constexpr std::string_view kPropensityRange = "A,B: 0 .. 10 and 1e-06 .. 1000";

Result<void> set_propensity(Config& config, std::string_view text) {
  const std::size_t comma = std::min(text.find(','), text.size());
  Propensity constants;
  const auto read = [](std::string_view part, double& value) {
    return config::parse_number(config::trimmed(part), value) == NumberStatus::ok;
  };
  if (comma == text.size() || !read(text.substr(0, comma), constants.a) || !read(text.substr(comma + 1), constants.b))
    return option_error("propensity", text, "not two finite numbers", kPropensityRange);
  const auto within = [](double value, double low, double high) { return value >= low && value <= high; };
  if (!within(constants.a, 0, 10) || !within(constants.b, 1e-6, 1000))
    return option_error("propensity", text, "out of range", kPropensityRange);
  config.network.propensity = constants;
  return {};
}

std::string get_propensity(const Config& config) {
  return config::number_text(config.network.propensity.a) + ',' + config::number_text(config.network.propensity.b);
}

constexpr std::string_view kNetwork = "network";
constexpr std::string_view kConnections = "connections";
constexpr std::string_view kSparseRows = "sparse rows";
constexpr std::string_view kCandidates = "candidates";
constexpr std::string_view kActiveSet = "active set";
constexpr std::string_view kHashTables = "hash tables";
constexpr std::string_view kRehash = "re-hashing";
constexpr std::string_view kOptimizer = "optimiser";
constexpr std::string_view kSchedule = "schedule";
constexpr std::string_view kWords = "words";
constexpr std::string_view kTraining = "training";
constexpr std::string_view kRun = "run";

constexpr auto kOptions = std::to_array<Option>({
    {"hidden", kNetwork, "units", kHiddenRange,
     "Widths of the hidden layers. The first sums the weight rows of a sample's features; further ones are dense.", set_hidden,
     get_hidden, true},
    choice<"precision", &Config::network, &Config::Network::storage>(
        {kNetwork, "",
         "Storage of the weights: floats (fp32), two 16-bit halves of which the forward pass reads only the upper one "
         "(bf16-mixed), or 16 bits alone, rounded stochastically (bf16). The optimiser's state has a type of its own, --moments.",
         true, "storage"}),
    choice<"loss", &Config::network, &Config::Network::loss>(
        {kNetwork, "",
         "softmax: cross-entropy, the labels of a sample share a target of 1. decoupled: each label against the labels that the "
         "sample does not have. bce: an independent sigmoid per label. ns: skip-gram with negative sampling, for running text."}),
    choice<"weighting", &Config::network, &Config::Network::weighting>(
        {kNetwork, "",
         "Weighting of feature values, kept in the model, which takes raw values. unit: rows of length 1. tf-idf: 1 + ln of "
         "counts, "
         "times idf, length 1. bm25: counts level off, sooner in short rows, times idf, length 1. scaled: outsized columns "
         "brought to the others. automatic: by the data (train's default)."}),
    choice<"label-weights", &Config::network, &Config::Network::label_weights>(
        {kNetwork, "",
         "Weight of a label in the loss: all equal, or the inverse of its propensity. The latter makes rare labels count more: "
         "better PSP@k, worse P@k."}),
    {"propensity", kNetwork, "", kPropensityRange,
     "Constants A and B of labels' propensities, which PSP@k and label-weights propensity are made from. Others report with "
     "0.6,2.6 on Amazon's data and with 0.5,0.4 on Wikipedia's.",
     set_propensity, get_propensity, true},
    choice<"activation", &Config::network, &Config::Network::activation>(
        {kNetwork, "", "Output of a hidden unit: its sum where positive, else 0 (relu), or the sum as it is (linear)."}),

    number<"active-units", &Config::network, &Config::Network::active_units, "0 .. 65536">(
        {kNetwork, "units",
         "Units of the last hidden layer that a sample activates: those that put out most, the others put out 0 (k winners take "
         "all). All are computed. 0 = all."}),

    choice<"start", &Config::network, &Config::Network::start>(
        {kNetwork, "",
         "Output rows before training: random, or the mean hidden vector of the label's samples "
         "(centroids), which costs a forward pass."}),
    number<"start-length", &Config::network, &Config::Network::start_length, "1e-06 .. 1000000">(
        {kNetwork, "", "Start centroids: length of the rows. Longer rows make a sharper softmax at the beginning."}),

    number<"density", &Config::connections, &Config::Connections::density, "0 .. 1">(
        {kConnections, "",
         "Part of the connections that the rows of sparse-layers have, at least one a row; other weights stay 0. Rows of "
         "features and labels that have at most half of them take memory and bytes for these alone, with topology static, set or "
         "rigl; labels' products go by them where they are few enough to be faster. 1 = all connections."}),
    choice<"sparse-layers", &Config::connections, &Config::Connections::layers>(
        {kConnections, "",
         "Layers of the hidden path that density is about: the rows of features and vectors (input), of the dense hidden layers "
         "(hidden), of labels (output), or all of these."}),
    choice<"density-rule", &Config::connections, &Config::Connections::rule>(
        {kConnections, "",
         "The same density in each of these layers (uniform), or one that falls with a layer's size, of the same number of "
         "connections in all (erdos-renyi)."}),
    choice<"topology", &Config::connections, &Config::Connections::topology>(
        {kConnections, "",
         "Connections while training: fixed ones (static); weights near 0 give way to connections by chance (set), of the "
         "largest "
         "gradient (rigl) or of the largest mean gradient (snfs); or those of the largest weight x gradient of a row's first "
         "update, for good (snip). Changes end after three quarters of the training."}),
    number<"topology-period", &Config::connections, &Config::Connections::period, "1 .. 1000000000">(
        {kConnections, "updates", "Updates of a row from one change of its connections to the next."}),
    number<"topology-share", &Config::connections, &Config::Connections::share, "0 .. 1">(
        {kConnections, "", "Part of a row's connections that change at first. It falls to 0 by half a cosine."}),
    number<"topology-block", &Config::connections, &Config::Connections::block, "1 .. 64">(
        {kConnections, "labels",
         "Labels with similar samples that share their connections, so that prediction takes them as one small dense matrix: 16 "
         "or 32. 1 = each label's row has its own."}),

    number<"fan-in", &Config::sparse_rows, &Config::SparseRows::fan_in, "0 .. 65536">(
        {kSparseRows, "features",
         "Features in a label's sparse row straight over the input. The row starts as the largest entries of the sum of the "
         "label's samples. 12 bytes per entry, 14 if it is trained. 0 = no sparse rows."}),
    number<"row-epochs", &Config::sparse_rows, &Config::SparseRows::epochs, "0 .. 1000">(
        {kSparseRows, "passes",
         "Passes over the data that train the sparse rows before the first epoch. 0 = rows stay as they start."}),
    number<"row-rate", &Config::sparse_rows, &Config::SparseRows::rate, "0 .. 10">(
        {kSparseRows, "", "Step size of the sparse rows' training. It falls to 0."}),
    choice<"row-topology", &Config::sparse_rows, &Config::SparseRows::topology>(
        {kSparseRows, "",
         "Features of a sparse row from one pass to the next: fixed (static), or weights near 0 give way to the features of the "
         "largest gradient of the pass (rigl), of this and earlier passes (snfs), or to random features of its samples (set)."}),
    number<"row-growth", &Config::sparse_rows, &Config::SparseRows::growth, "0 .. 1">(
        {kSparseRows, "", "Part of a row's features that change after the first pass. It falls to 0."}),
    number<"neighbours", &Config::candidates, &Config::Candidates::neighbours, "0 .. 1000">(
        {kCandidates, "samples",
         "Number of most similar training samples that vote with their labels. The training features stay in the model, 12 bytes "
         "each. 0 = no votes."}),
    number<"co-labels", &Config::candidates, &Config::Candidates::co_labels, "0 .. 65536">(
        {kCandidates, "labels",
         "Number of labels kept for each label because they share samples with it. The best candidates then speak for such "
         "labels. 6 bytes each. 0 = none."}),
    number<"list-budget", &Config::candidates, &Config::Candidates::list_budget, "1 .. 1000000000">(
        {kCandidates, "entries",
         "Entries of an inverted index that a query reads to find sparse rows and neighbours, rarest features first."}),
    choice<"sparse-weighting", &Config::candidates, &Config::Candidates::weighting>(
        {kCandidates, "",
         "Feature values in sparse rows and among neighbours: as given, or "
         "replaced by the feature's inverse document frequency (idf)."}),
    number<"weight-samples", &Config::candidates, &Config::Candidates::weight_samples, "0 .. 4294967295">(
        {kCandidates, "samples",
         "Training samples from which a weight per feature is learned. Comparing samples with each other and with sparse rows "
         "uses these weights. 0 = no learned weights."}),
    choice<"exclude-input", &Config::candidates, &Config::Candidates::exclude_input>(
        {kCandidates, "",
         "Features and labels are the same items, and a sample's own features are no answers, as in recommending items."}),
    choice<"sibling-rows", &Config::candidates, &Config::Candidates::sibling_rows>(
        {kCandidates, "",
         "Rows that are parts of one thing and are kept together where the paths are weighed: none, with exclude-input the folds "
         "of a basket (baskets), or also rows with similar features and complementary labels (find). Groups that the user names "
         "come first."}),
    choice<"name-match", &Config::candidates, &Config::Candidates::name_match>(
        {kCandidates, "",
         "Labels whose names have words of the sample are candidates, and all are ranked by how well their names match it. Where "
         "labels and features have names that tell something."}),

    {"sampler", kActiveSet, "", config::kMixRange,
     "Where the active labels besides the true ones come from: hash tables, labels of the batch, the exact best, draws, or all "
     "labels. What the parts of a mix leave is drawn uniformly.",
     set_sampler, get_sampler, true},
    choice<"scope", &Config::active_set, &Config::ActiveSet::scope>(
        {kActiveSet, "", "One active set for the whole batch (shared), or one per sample."}),
    {"active", kActiveSet, "labels", kActiveRange,
     "Target size of an active set, true labels included. A number above L means all labels.", set_active, get_active, true},
    number<"collisions", &Config::active_set, &Config::ActiveSet::collisions, "1 .. 4096">(
        {kActiveSet, "tables", "Sampler lsh-threshold: number of tables in which a label must be in the sample's bucket."}),
    number<"frequency-power", &Config::active_set, &Config::ActiveSet::frequency_power, "0 .. 2">(
        {kActiveSet, "", "Sampler frequency: a label is drawn in proportion to (its count + 1) to this power."}),
    number<"retrieved-share", &Config::active_set, &Config::ActiveSet::retrieved_share, "0 .. 1">(
        {kActiveSet, "",
         "Largest part of the active set that a sampler named without a share retrieves. The rest is drawn uniformly."}),
    number<"query-every", &Config::active_set, &Config::ActiveSet::query_every, "1 .. 65536">(
        {kActiveSet, "samples",
         "Scope shared: only one sample of so many looks for labels, and "
         "gets so many times more of them. Costs so many times less."}),
    choice<"fused", &Config::active_set, &Config::ActiveSet::fused>(
        {kActiveSet, "", "Scope shared: fused block kernels, or plain oneDNN matrix products as a baseline (off)."}),
    choice<"correction", &Config::active_set, &Config::ActiveSet::correction>(
        {kActiveSet, "",
         "Weight sampled labels by 1 / inclusion probability (log-q), so that the loss estimates the full one without bias. Off "
         "learns faster at first, with less noise in the gradients, and may end lower. Rising goes from off to on over the "
         "training."}),

    choice<"hash", &Config::hash_tables, &Config::HashTables::family>(
        {kHashTables, "",
         "Hash family: signs of sparse random projections (simhash), 3-bit digits by winner-take-all "
         "(wta), densified (dwta), or MinHash of the set of largest entries (minhash)."}),
    choice<"hash-transform", &Config::hash_tables, &Config::HashTables::transform>(
        {kHashTables, "",
         "Hash simhash: simple makes all labels' vectors equally long, so that "
         "tables find the largest logits, not the smallest angles."}),
    number<"probes", &Config::hash_tables, &Config::HashTables::probes, "1 .. 1024">(
        {kHashTables, "buckets", "Sampler lsh-learned: number of nearest buckets that a query looks into."}),
    number<"table-budget", &Config::hash_tables, &Config::HashTables::budget, "0 .. 100000">(
        {kHashTables, "microseconds",
         "Time per sample, on one core, that queries of the tables may take. Chooses k, tables, bucket-cap and rehash-period, "
         "and says why. 0 = they are as given. k or tables on the command line switch it off."}),
    number<"k", &Config::hash_tables, &Config::HashTables::k, "1 .. 24">(
        {kHashTables, "codes", "Codes in a table's address. More codes give smaller buckets of nearer labels."}),
    number<"tables", &Config::hash_tables, &Config::HashTables::count, "1 .. 4096">(
        {kHashTables, "tables", "Number of tables. More tables find more of the near labels and cost 4 bytes per label each."}),
    number<"bucket-cap", &Config::hash_tables, &Config::HashTables::bucket_cap, "0 .. 4294967295">(
        {kHashTables, "labels", "Largest bucket. A fuller one keeps a uniform sample of its labels. 0 = unlimited."}),
    choice<"renew-hash", &Config::rehash, &Config::Rehash::renew>(
        {kRehash, "",
         "New hash functions in every epoch: labels that one set of functions cannot tell apart, the next one may."}),
    choice<"rehash", &Config::rehash, &Config::Rehash::kind>(
        {kRehash, "",
         "When rows are hashed again: after a fixed period, after a growing one (decaying), or "
         "when a row moved far enough (drift)."}),
    number<"rehash-period", &Config::rehash, &Config::Rehash::period, "1 .. 1000000000000">(
        {kRehash, "samples",
         "Samples between two re-hashes, or between two checks of how far rows have moved. A re-hash is spread over the "
         "period."}),
    number<"rehash-growth", &Config::rehash, &Config::Rehash::growth, "1 .. 1000">(
        {kRehash, "", "Re-hash decaying: factor from one period to the next."}),
    number<"rehash-threshold", &Config::rehash, &Config::Rehash::threshold, "0 .. 1000">(
        {kRehash, "", "Re-hash drift: movement of a row since its last hash, relative to its length, that makes it re-hash."}),

    choice<"optimizer", &Config::optimizer, &Config::Optimizer::kind>(
        {kOptimizer, "",
         "Adam, Adagrad with one rate per row, momentum, or plain gradient descent. Only touched rows are updated."}),
    choice<"moments", &Config::optimizer, &Config::Optimizer::moments>(
        {kOptimizer, "",
         "Adam and momentum: type of the state kept for each weight, 4 bytes (fp32) or 2 bytes rounded stochastically (bf16)."}),
    choice<"second-moment", &Config::optimizer, &Config::Optimizer::second_moment>(
        {kOptimizer, "",
         "Adam: mean of squared gradients for each weight (element), or one for a whole row, which takes next to no memory."}),
    number<"learning-rate", &Config::optimizer, &Config::Optimizer::learning_rate, "0 .. 100">(
        {kOptimizer, "", "Step size after warm-up. This option decides most: try 0.001 .. 0.02 with adam."}),
    number<"beta1", &Config::optimizer, &Config::Optimizer::beta1, "0 .. 0.9999">(
        {kOptimizer, "", "Adam and momentum: memory of the mean gradient."}),
    number<"beta2", &Config::optimizer, &Config::Optimizer::beta2, "0 .. 0.999999">(
        {kOptimizer, "", "Adam: memory of the squared gradient."}),
    number<"epsilon", &Config::optimizer, &Config::Optimizer::epsilon, "1e-30 .. 1">(
        {kOptimizer, "", "Adam and Adagrad: added to the root of the squared gradients."}),
    number<"clip-norm", &Config::optimizer, &Config::Optimizer::clip_norm, "0 .. 1000000">(
        {kOptimizer, "",
         "Longest gradient of a step, all parameters as one vector. A longer gradient is shortened to this length. Takes memory "
         "and time: gradients are kept until their length is known. 0 = any length."}),
    number<"weight-decay", &Config::optimizer, &Config::Optimizer::weight_decay, "0 .. 1">(
        {kOptimizer, "", "Decoupled shrinking of touched rows, per step and unit of learning rate."}),
    number<"warmup", &Config::schedule, &Config::Schedule::warmup, "0 .. 1">(
        {kSchedule, "", "Part of all steps over which the learning rate rises linearly from 0."}),
    choice<"decay", &Config::schedule, &Config::Schedule::decay>(
        {kSchedule, "", "How the learning rate falls to 0 after warm-up."}),
    number<"average", &Config::schedule, &Config::Schedule::average, "0 .. 1">(
        {kSchedule, "",
         "Training ends with the mean of the weights over this last part of all steps. It needs a learning rate that stays up: "
         "decay none. 4 bytes per parameter. 0 = the weights of the last step."}),

    number<"window", &Config::words, &Config::Words::window, "1 .. 64">(
        {kWords, "words",
         "Running text: words on either side that count as context. Each centre draws its window from 1 to this."}),
    number<"negatives", &Config::words, &Config::Words::negatives, "1 .. 1024">(
        {kWords, "words",
         "Loss ns: words drawn per centre, by frequency-power. All contexts of the centre are trained against them."}),
    number<"min-count", &Config::words, &Config::Words::min_count, "1 .. 4294967295">(
        {kWords, "occurrences", "Running text: words that occur less often are left out."}),
    number<"subsampling", &Config::words, &Config::Words::subsampling, "0 .. 1">(
        {kWords, "",
         "Running text: a word whose share of the text exceeds this is skipped "
         "with a probability that grows with the share. 0 = no skipping."}),
    number<"min-ngram", &Config::words, &Config::Words::min_ngram, "1 .. 64">(
        {kWords, "characters", "Running text: shortest n-gram of characters."}),
    number<"max-ngram", &Config::words, &Config::Words::max_ngram, "0 .. 64">(
        {kWords, "characters",
         "Running text: longest n-gram. A word's vector is then the mean of its own row and the rows of those n-grams that other "
         "words have, too. 0 = no n-grams."}),

    number<"epochs", &Config::training, &Config::Training::epochs, "1 .. 1000000">(
        {kTraining, "passes", "Passes over the training data."}),
    number<"batch", &Config::training, &Config::Training::batch, "1 .. 1048576">(
        {kTraining, "samples",
         "Samples per optimiser step. One process and several (--distribute) learn the same with it. See reference-batch."}),
    number<"reference-batch", &Config::training, &Config::Training::reference_batch, "0 .. 1048576">(
        {kTraining, "samples",
         "Samples of a step that learning-rate, beta1, beta2 and active are for. A step of more goes through the network in "
         "pieces "
         "of so many, each with active rows of its own, and has the rate and the betas that suit its size. 0 = "
         "a batch is one piece, and all is as given."}),
    number<"accumulate", &Config::training, &Config::Training::accumulate, "1 .. 65536">(
        {kTraining, "batches",
         "Batches whose gradients make one optimiser step. The step is that of a batch so many times larger, with the "
         "activations of one. Each batch has an active set of its own; gradients are kept meanwhile."}),
    number<"parts", &Config::training, &Config::Training::parts, "1 .. 65536">(
        {kTraining, "parts",
         "Parts of equal size that a batch, or each piece of it, is cut into. They go through the network one after another, and "
         "their gradients make "
         "one step, as with accumulate; each has the active rows of its own labels, and all have those that are drawn. Several "
         "processes share them (--distribute), which set it to their number if it is not given."}),
    number<"shuffle-block", &Config::training, &Config::Training::shuffle_block, "0 .. 16777216">(
        {kTraining, "samples",
         "Read the training data block by block in random order, and shuffle the samples of 8 blocks at a time. Data in the "
         "binary cache then take the memory of 24 blocks at most. 0 = shuffle all samples."}),
    number<"loader-threads", &Config::training, &Config::Training::loader_threads, "1 .. 256">(
        {kTraining, "threads", "Threads that read blocks ahead of training (see shuffle-block).", false}),
    choice<"batches", &Config::training, &Config::Training::batches>(
        {kTraining, "",
         "Which samples share a batch: any (shuffled), or samples with the same hash of their hidden vector (similar), whose "
         "labels are hard negatives for each other. The latter costs a forward pass per epoch."}),
    number<"feature-dropout", &Config::training, &Config::Training::feature_dropout, "0 .. 0.95">(
        {kTraining, "", "Probability that a feature of a training sample is left out."}),
    number<"hidden-dropout", &Config::training, &Config::Training::hidden_dropout, "0 .. 0.95">(
        {kTraining, "", "Probability that a hidden unit is left out for a training sample."}),
    number<"seed", &Config::run, &Config::Run::seed, "0 .. 18446744073709551615">(
        {kRun, "", "Seed of everything random: first weights, order of the samples, active sets, hash functions, dropout."}),
    choice<"deterministic", &Config::run, &Config::Run::deterministic>(
        {kRun, "",
         "The same seed gives the same model for any number of threads. This holds "
         "anyway except with loss ns, which then runs on one thread.",
         false}),
    number<"threads", &Config::run, &Config::Run::threads, "0 .. 1024">(
        {kRun, "threads", "Threads to use. 0 = all that the process may use.", false}),
});

std::vector<std::string_view> option_names() {
  std::vector<std::string_view> names;
  names.reserve(kOptions.size());
  for (const Option& option : kOptions) names.push_back(option.name);
  return names;
}

}  // namespace

std::span<const Option> options() { return kOptions; }

Result<void> set_option(Config& config, std::string_view name, std::string_view text) {
  for (const Option& option : kOptions) {
    if (option.is_called(name)) return option.set(config, text);
  }
  return usage_error("unknown option " + quoted(name) + config::suggestion(name, option_names()));
}

std::string option_text(const Config& config, std::string_view name) {
  for (const Option& option : options()) {
    if (option.name == name) return option.get(config);
  }
  return "";
}

}  // namespace glissade
