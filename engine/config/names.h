#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <glissade/config.h>

namespace glissade::config {

/// The text form of one value of an enumeration.
template <class E>
struct Name {
  E value;
  std::string_view text;
};

/// All values of an enumeration (or bool) with their text forms: the only list of them. Parser, printer, help and messages read
/// it.
template <class E>
inline constexpr auto kNames = nullptr;

template <>
inline constexpr auto kNames<bool> = std::to_array<Name<bool>>({{true, "on"}, {false, "off"}});
template <>
inline constexpr auto kNames<Storage> =
    std::to_array<Name<Storage>>({{Storage::fp32, "fp32"}, {Storage::bf16_mixed, "bf16-mixed"}, {Storage::bf16, "bf16"}});
template <>
inline constexpr auto kNames<LossKind> = std::to_array<Name<LossKind>>(
    {{LossKind::softmax, "softmax"}, {LossKind::decoupled, "decoupled"}, {LossKind::bce, "bce"}, {LossKind::ns, "ns"}});
template <>
inline constexpr auto kNames<Activation> = std::to_array<Name<Activation>>({{Activation::relu, "relu"},
                                                                            {Activation::linear, "linear"}});
template <>
inline constexpr auto kNames<SamplerKind> = std::to_array<Name<SamplerKind>>({{SamplerKind::lsh, "lsh"},
                                                                              {SamplerKind::lsh_topk, "lsh-topk"},
                                                                              {SamplerKind::lsh_threshold, "lsh-threshold"},
                                                                              {SamplerKind::lsh_label, "lsh-label"},
                                                                              {SamplerKind::lsh_learned, "lsh-learned"},
                                                                              {SamplerKind::in_batch, "in-batch"},
                                                                              {SamplerKind::exact, "exact"},
                                                                              {SamplerKind::uniform, "uniform"},
                                                                              {SamplerKind::frequency, "frequency"},
                                                                              {SamplerKind::full, "full"}});
template <>
inline constexpr auto kNames<Scope> = std::to_array<Name<Scope>>({{Scope::shared, "shared"}, {Scope::sample, "sample"}});
template <>
inline constexpr auto kNames<Correction> =
    std::to_array<Name<Correction>>({{Correction::on, "on"}, {Correction::off, "off"}, {Correction::rising, "rising"}});
template <>
inline constexpr auto kNames<HashKind> = std::to_array<Name<HashKind>>(
    {{HashKind::simhash, "simhash"}, {HashKind::dwta, "dwta"}, {HashKind::wta, "wta"}, {HashKind::minhash, "minhash"}});
template <>
inline constexpr auto kNames<HashTransform> = std::to_array<Name<HashTransform>>({{HashTransform::none, "none"},
                                                                                  {HashTransform::simple, "simple"}});
template <>
inline constexpr auto kNames<RehashKind> = std::to_array<Name<RehashKind>>({{RehashKind::fixed, "fixed"},
                                                                            {RehashKind::decaying, "decaying"},
                                                                            {RehashKind::drift, "drift"}});
template <>
inline constexpr auto kNames<OptimizerKind> = std::to_array<Name<OptimizerKind>>({{OptimizerKind::adam, "adam"},
                                                                                  {OptimizerKind::adagrad, "adagrad"},
                                                                                  {OptimizerKind::momentum, "momentum"},
                                                                                  {OptimizerKind::sgd, "sgd"}});
template <>
inline constexpr auto kNames<MomentType> = std::to_array<Name<MomentType>>({{MomentType::fp32, "fp32"},
                                                                            {MomentType::bf16, "bf16"}});
template <>
inline constexpr auto kNames<SecondMoment> = std::to_array<Name<SecondMoment>>({{SecondMoment::element, "element"},
                                                                                {SecondMoment::row, "row"}});
template <>
inline constexpr auto kNames<Start> = std::to_array<Name<Start>>({{Start::random, "random"}, {Start::centroids, "centroids"}});
template <>
inline constexpr auto kNames<BatchKind> = std::to_array<Name<BatchKind>>({{BatchKind::shuffled, "shuffled"},
                                                                          {BatchKind::similar, "similar"}});
template <>
inline constexpr auto kNames<SparseWeighting> = std::to_array<Name<SparseWeighting>>({{SparseWeighting::given, "given"},
                                                                                      {SparseWeighting::idf, "idf"}});
template <>
inline constexpr auto kNames<FeatureWeighting> = std::to_array<Name<FeatureWeighting>>({{FeatureWeighting::automatic,
                                                                                         "automatic"},
                                                                                        {FeatureWeighting::given, "given"},
                                                                                        {FeatureWeighting::unit, "unit"},
                                                                                        {FeatureWeighting::tf_idf, "tf-idf"},
                                                                                        {FeatureWeighting::bm25, "bm25"},
                                                                                        {FeatureWeighting::scaled, "scaled"}});
template <>
inline constexpr auto kNames<SiblingRows> = std::to_array<Name<SiblingRows>>({{SiblingRows::none, "none"},
                                                                              {SiblingRows::baskets, "baskets"},
                                                                              {SiblingRows::find, "find"}});
template <>
inline constexpr auto kNames<LabelWeights> = std::to_array<Name<LabelWeights>>({{LabelWeights::equal, "equal"},
                                                                                {LabelWeights::propensity, "propensity"}});
template <>
inline constexpr auto kNames<Topology> = std::to_array<Name<Topology>>({{Topology::fixed, "static"},
                                                                        {Topology::set, "set"},
                                                                        {Topology::rigl, "rigl"},
                                                                        {Topology::snfs, "snfs"},
                                                                        {Topology::snip, "snip"}});
template <>
inline constexpr auto kNames<SparseLayers> = std::to_array<Name<SparseLayers>>({{SparseLayers::all, "all"},
                                                                                {SparseLayers::input, "input"},
                                                                                {SparseLayers::hidden, "hidden"},
                                                                                {SparseLayers::output, "output"}});
template <>
inline constexpr auto kNames<DensityRule> = std::to_array<Name<DensityRule>>({{DensityRule::uniform, "uniform"},
                                                                              {DensityRule::erdos_renyi, "erdos-renyi"}});
template <>
inline constexpr auto kNames<RowTopology> = std::to_array<Name<RowTopology>>(
    {{RowTopology::fixed, "static"}, {RowTopology::set, "set"}, {RowTopology::rigl, "rigl"}, {RowTopology::snfs, "snfs"}});

template <>
inline constexpr auto kNames<DecayKind> =
    std::to_array<Name<DecayKind>>({{DecayKind::none, "none"}, {DecayKind::linear, "linear"}, {DecayKind::cosine, "cosine"}});

/// "lsh". Empty for a value that the enumeration does not have.
template <class E>
constexpr std::string_view name_of(E value) noexcept {
  for (const Name<E>& name : kNames<E>) {
    if (name.value == value) return name.text;
  }
  return {};
}

/// False (and `out` untouched) if `text` names no value.
template <class E>
constexpr bool parse_name(std::string_view text, E& out) noexcept {
  for (const Name<E>& name : kNames<E>) {
    if (name.text == text) {
      out = name.value;
      return true;
    }
  }
  return false;
}

namespace detail {

inline constexpr std::string_view kBetween = " | ";

template <class E>
constexpr std::size_t choices_length() noexcept {
  std::size_t length = kBetween.size() * (kNames<E>.size() - 1);
  for (const Name<E>& name : kNames<E>) length += name.text.size();
  return length;
}

template <class E>
constexpr auto join_choices() noexcept {
  std::array<char, choices_length<E>()> out{};
  std::size_t at = 0;
  for (const Name<E>& name : kNames<E>) {
    if (at > 0) {
      for (char c : kBetween) out[at++] = c;
    }
    for (char c : name.text) out[at++] = c;
  }
  return out;
}

template <class E>
inline constexpr auto kChoices = join_choices<E>();

}  // namespace detail

/// "lsh | uniform | full", made at compile time.
template <class E>
constexpr std::string_view choices() noexcept {
  return {detail::kChoices<E>.data(), detail::kChoices<E>.size()};
}

}  // namespace glissade::config
