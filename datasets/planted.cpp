#include "datasets/planted.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace glissade::datasets {
namespace {

constexpr std::uint64_t kSampleStream = 0x73616d706c650000ull;  // + split, at most 255
constexpr std::uint64_t kLabelStream = 0x6c6162656c000000ull;   // + slot, at most 65535
constexpr std::uint64_t kTopicStream = 0x746f706963000000ull;   // + slot, at most 65535

constexpr std::uint64_t kLabelsPerTopic = 32;
constexpr std::uint64_t kOwnFeatures = 24;    // in a label's prototype
constexpr std::uint64_t kTopicFeatures = 48;  // in a topic's prototype
constexpr double kOwnShare = 0.45;            // of the draws
constexpr double kTopicShare = 0.25;
constexpr double kSameTopicShare = 0.75;  // of the labels behind the first
constexpr double kLabelShift = 10;        // flattens the head: the first label is not on every sample
constexpr double kFeatureShift = 5;

double fourth_root(double x) noexcept { return std::sqrt(std::sqrt(x)); }

/// A step of about the golden section of `size` and coprime to it: rank -> rank * step mod size is a bijection that keeps
/// neighbours apart.
std::uint64_t coprime_step(std::uint64_t size) noexcept {
  auto step = static_cast<std::uint64_t>(static_cast<double>(size) * 0.6180339887498949) | 1;
  while (std::gcd(step, size) != 1) ++step;
  return step;
}

/// A spread of sizes around a mean, g in [low, low + 3 (1 - low)] with E[g] = 1: many small rows and a tail of large ones.
double spread(double low, double u) noexcept { return low + 3 * (1 - low) * u * u; }

constexpr double kFeatureSpreadLow = 0.4;

/// Whole number of expectation exactly `mean`: rounds up with the probability of its fraction.
std::uint64_t rounded(double mean, double u) noexcept { return static_cast<std::uint64_t>(mean + u); }

/// Whether sizes may vary: the largest must still fit.
bool room_for_spread(double mean, double low, std::uint32_t available) noexcept {
  return mean * spread(low, 1.0) + 2 <= static_cast<double>(available);
}

std::uint64_t label_number(const GenerateSpec& spec, double u_size, double u_round) noexcept {
  if (spec.mean_labels <= 1 || !room_for_spread(spec.mean_labels, 0, spec.labels)) {
    return std::min<std::uint64_t>(spec.labels, rounded(spec.mean_labels, u_round));
  }
  return rounded(1 + (spec.mean_labels - 1) * spread(0, u_size), u_round);
}

std::uint64_t feature_number(const GenerateSpec& spec, double u_size, double u_round) noexcept {
  const bool spreads = room_for_spread(spec.mean_features, kFeatureSpreadLow, spec.features);
  const double mean = spec.mean_features * (spreads ? spread(kFeatureSpreadLow, u_size) : 1.0);
  return std::min<std::uint64_t>(spec.features, rounded(mean, u_round));
}

std::uint64_t most(double mean, double low, std::uint32_t available) noexcept {
  return std::min<std::uint64_t>(available, static_cast<std::uint64_t>(mean * spread(low, 1.0)) + 2);
}

}  // namespace

PowerLaw::PowerLaw(std::uint64_t size, double shift) noexcept
    : size_(size), shift_(shift), low_(fourth_root(shift)), span_(fourth_root(static_cast<double>(size) + shift) - low_) {}

std::uint64_t PowerLaw::at(double u) const noexcept {
  const double root = low_ + u * span_;
  const double square = root * root;
  const double position = std::max(0.0, square * square - shift_);
  return std::min(size_ - 1, static_cast<std::uint64_t>(position));
}

RankCounts::RankCounts(std::uint64_t most) : slots_(std::bit_ceil(2 * most + 2)) { entries_.reserve(most); }

void RankCounts::clear() noexcept {
  entries_.clear();
  if (++stamp_ == 0) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    stamp_ = 1;
  }
}

bool RankCounts::add(std::uint32_t rank) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = (rank * 0x9e3779b97f4a7c15ull >> 32) & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (slot.stamp != stamp_) {
      slot = {stamp_, static_cast<std::uint32_t>(entries_.size())};
      entries_.push_back({rank, 1});
      return true;
    }
    if (Entry& entry = entries_[slot.entry]; entry.rank == rank) {
      ++entry.count;
      return false;
    }
  }
}

Planted::Planted(const GenerateSpec& spec)
    : spec_(spec),
      topics_(std::max<std::uint64_t>(1, spec.labels / kLabelsPerTopic)),
      label_law_(spec.labels, kLabelShift),
      feature_law_(spec.features, kFeatureShift),
      label_step_(coprime_step(spec.labels)),
      feature_step_(coprime_step(spec.features)),
      label_ranks_(most(spec.mean_labels, 0, spec.labels)),
      feature_ranks_(most(spec.mean_features, kFeatureSpreadLow, spec.features)) {}

const Planted::Sample& Planted::sample(std::uint64_t split, std::uint64_t index) {
  hashing::Random random(hashing::derive(spec_.seed, kSampleStream + split, index));
  draw_labels(random);
  draw_features(random);
  sample_.labels.clear();
  for (const auto& entry : label_ranks_.entries()) {
    sample_.labels.push_back(static_cast<std::uint32_t>(entry.rank * label_step_ % spec_.labels));
  }
  std::sort(sample_.labels.begin(), sample_.labels.end());
  finish_features();
  return sample_;
}

/// Topic t holds the ranks t, t + T, t + 2T, ...: their popularity, given the topic, is the same power law in units of T.
std::uint64_t Planted::label_in_topic(std::uint64_t topic, hashing::Random& random) const noexcept {
  const std::uint64_t size = (spec_.labels - topic + topics_ - 1) / topics_;
  const PowerLaw law(size, (static_cast<double>(topic) + kLabelShift) / static_cast<double>(topics_));
  return topic + law.at(random.unit()) * topics_;
}

void Planted::draw_labels(hashing::Random& random) {
  const double u_size = random.unit();
  const std::uint64_t number = label_number(spec_, u_size, random.unit());
  label_ranks_.clear();
  if (number == 0) return;
  const std::uint64_t first = label_law_.at(random.unit());
  label_ranks_.add(static_cast<std::uint32_t>(first));
  const std::uint64_t topic = first % topics_;
  for (std::uint64_t tries = 4 * number + 16; label_ranks_.size() < number && tries > 0; --tries) {
    const bool same_topic = random.unit() < kSameTopicShare;
    label_ranks_.add(static_cast<std::uint32_t>(same_topic ? label_in_topic(topic, random) : label_law_.at(random.unit())));
  }
  // Nearly all labels are wanted: take neighbours in rank, which are free sooner or later because number <= L.
  for (std::uint64_t rank = first; label_ranks_.size() < number; rank = (rank + 1) % spec_.labels) {
    label_ranks_.add(static_cast<std::uint32_t>(rank));
  }
}

/// Prototypes favour common features mildly (density rank^-1/2), so that they are neither all rare nor all shared.
std::uint64_t Planted::prototype_feature(std::uint64_t stream, std::uint64_t owner, std::uint64_t slot) const noexcept {
  hashing::Random random(hashing::derive(spec_.seed, stream + slot, owner));
  const double u = random.unit();
  return static_cast<std::uint64_t>(u * u * static_cast<double>(spec_.features));
}

std::uint64_t Planted::feature_rank(hashing::Random& random) const noexcept {
  const double kind = random.unit();
  const auto labels = label_ranks_.entries();
  if (kind >= kOwnShare + kTopicShare || labels.empty()) return feature_law_.at(random.unit());
  const std::uint64_t label = labels[random.below(labels.size())].rank;
  const double u = random.unit();
  // Early slots of a prototype are drawn more often: they become its features of high tf.
  if (kind < kOwnShare) return prototype_feature(kLabelStream, label, static_cast<std::uint64_t>(u * u * kOwnFeatures));
  return prototype_feature(kTopicStream, label % topics_, static_cast<std::uint64_t>(u * u * kTopicFeatures));
}

void Planted::draw_features(hashing::Random& random) {
  const double u_size = random.unit();
  const std::uint64_t number = feature_number(spec_, u_size, random.unit());
  feature_ranks_.clear();
  for (std::uint64_t tries = 4 * number + 16; feature_ranks_.size() < number && tries > 0; --tries) {
    feature_ranks_.add(static_cast<std::uint32_t>(feature_rank(random)));
  }
  for (std::uint64_t rank = random.below(spec_.features); feature_ranks_.size() < number; rank = (rank + 1) % spec_.features) {
    feature_ranks_.add(static_cast<std::uint32_t>(rank));
  }
}

void Planted::finish_features() {
  weights_.clear();
  double squares = 0;
  for (const auto& entry : feature_ranks_.entries()) {
    // ln(N / df) with df falling as a power of the rank: a growing function of the rank's logarithm.
    const double weight = (1 + std::log(entry.count)) * std::log(3.0 + entry.rank);
    weights_.push_back(weight);
    squares += weight * weight;
  }
  const double scale = squares > 0 ? kValueUnits / std::sqrt(squares) : 0;
  sample_.features.clear();
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const std::uint64_t id = feature_ranks_.entries()[i].rank * feature_step_ % spec_.features;
    const auto units = static_cast<std::uint64_t>(std::llround(weights_[i] * scale));
    sample_.features.push_back(id << 32 | std::clamp<std::uint64_t>(units, 1, kValueUnits));
  }
  std::sort(sample_.features.begin(), sample_.features.end());
}

}  // namespace glissade::datasets
