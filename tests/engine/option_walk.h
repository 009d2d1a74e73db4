#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/options.h>

#include "tests/engine/data.h"

namespace glissade::test {

/// A configuration, small enough to train in a few milliseconds, and what it is trained on.
struct Subject {
  std::string name;
  Config config;
  bool text = false;
  bool drawn = false;  ///< several options at random: what counts there need not show in a training this small
};

/// What training leaves: the learned sections of the model file and the answers of both searches.
struct Outcome {
  std::string learned, exact, by_tables;
  bool trained_alike(const Outcome& other) const { return learned == other.learned && exact == other.exact; }
  bool operator==(const Outcome&) const = default;
};

/// Trains a subject as far as its epochs say; empty if it is refused, with one line.
std::optional<Outcome> outcome_of(const Subject& subject);

/// What idle_options() is told of a subject's data.
DataFacts facts_of(const Subject& subject);

/// Values of an option that show in a training this small, each accepted by the option.
std::vector<std::string> values_of(std::string_view option);

/// Why the walk cannot see what the option does, "" where it can.
std::string_view unseen(std::string_view option);

/// Every preset with every loss on rows and on text, every sampler in both scopes, every optimiser, the paths one by one, and
/// `drawn` more with several options set at random.
std::vector<Subject> subjects(std::size_t drawn, std::uint64_t seed);

}  // namespace glissade::test
