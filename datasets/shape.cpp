#include "datasets/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "datasets/message.h"

namespace glissade::datasets {
namespace {

constexpr double kMostPerSample = 100'000;  // bounds the scratch memory of each thread

/// "AxBxC", three positive numbers.
std::optional<std::array<std::uint64_t, 3>> three_numbers(std::string_view text) {
  std::array<std::uint64_t, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
    if (status != std::errc() || numbers[i] == 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    if (i + 1 == numbers.size()) return text.empty() ? std::optional(numbers) : std::nullopt;
    if (!text.starts_with('x')) return std::nullopt;
    text.remove_prefix(1);
  }
  return std::nullopt;
}

}  // namespace

Result<GenerateSpec> named_shape(std::string_view name) {
  if (name == "amazon-670k") {
    return GenerateSpec{
        .features = 135'909, .labels = 670'091, .train = 490'449, .test = 153'025, .mean_features = 75.7, .mean_labels = 5.45};
  }
  if (name == "wikilsh-325k") {
    return GenerateSpec{
        .features = 1'617'899, .labels = 325'056, .train = 1'778'351, .test = 587'084, .mean_features = 42, .mean_labels = 3.19};
  }
  constexpr std::uint64_t kMostIds = std::numeric_limits<std::uint32_t>::max();
  const auto numbers = three_numbers(name);
  if (!numbers || (*numbers)[1] > kMostIds || (*numbers)[2] > kMostIds) {
    return usage_error(
        fmt::format("unknown shape '{}'; choose amazon-670k, wikilsh-325k or SAMPLESxFEATURESxLABELS such as 100000x50000x20000",
                    shown(name)));
  }
  const auto [samples, features, labels] = *numbers;
  GenerateSpec spec;
  spec.features = static_cast<std::uint32_t>(features);
  spec.labels = static_cast<std::uint32_t>(labels);
  spec.train = samples;
  spec.test = std::max<std::uint64_t>(1, samples / 10);
  spec.mean_features = std::clamp(static_cast<double>(features) / 4, 1.0, 40.0);
  spec.mean_labels = std::clamp(static_cast<double>(labels) / 4, 1.0, 3.0);
  return spec;
}

Result<void> check_shape(const GenerateSpec& spec) {
  const auto bad_mean = [](double mean, std::uint32_t ids) {
    return !(mean > 0 && mean <= std::min<double>(ids, kMostPerSample));
  };
  if (spec.features == 0 || spec.labels == 0) return usage_error("a generated data set needs at least one feature and one label");
  if (bad_mean(spec.mean_features, spec.features)) {
    return usage_error(fmt::format("{} features per sample cannot be drawn from {}; choose more than 0 and at most {}",
                                   spec.mean_features, spec.features, std::min<double>(spec.features, kMostPerSample)));
  }
  if (bad_mean(spec.mean_labels, spec.labels)) {
    return usage_error(fmt::format("{} labels per sample cannot be drawn from {}; choose more than 0 and at most {}",
                                   spec.mean_labels, spec.labels, std::min<double>(spec.labels, kMostPerSample)));
  }
  return {};
}

}  // namespace glissade::datasets
