#include <cstdint>
#include <limits>
#include <string>

#include <glissade/options.h>

#include "engine/config/hash_kind.h"
#include "engine/config/names.h"
#include "engine/config/text.h"
#include "engine/config/validate.h"
#include "hashing/family.h"

namespace glissade {
namespace {

// The widest layer that single options allow, in bytes of weights and Adam state, stays far below 2^64 for any number of
// rows that 32-bit ids can name. So sizes computed in 64 bits after validate() cannot overflow.
static_assert((std::uint64_t{1} << 32) <= std::numeric_limits<std::uint64_t>::max() / (65536ull * 16));

/// A Config may be filled by hand: each field must be what its option would accept.
Result<void> check_each_option(const Config& config) {
  Config scratch;
  for (const Option& option : options()) {
    if (auto set = option.set(scratch, option.get(config)); !set) return set;
  }
  return {};
}

/// Not only for the sampler lsh: a model trained otherwise may be searched by its tables.
Result<void> check_address(const Config& config) {
  hashing::FamilyParams params;
  params.kind = config::family_kind(config.hash_tables.family);
  params.k = 1;
  const std::uint32_t bits_per_code = hashing::table_bits(params);
  const std::uint32_t bits = config.hash_tables.k * bits_per_code;
  if (bits <= hashing::kMaxTableBits) return {};
  const auto hash = std::string(config::name_of(config.hash_tables.family));
  return usage_error("option 'k': '" + std::to_string(config.hash_tables.k) + "' codes of " + std::to_string(bits_per_code) +
                     " bits (hash " + hash + ") make addresses of " + std::to_string(bits) + " bits, a table has at most " +
                     std::to_string(hashing::kMaxTableBits) + "; allowed with hash " + hash + ": 1 .. " +
                     std::to_string(hashing::kMaxTableBits / bits_per_code));
}

/// Digits ask for the order of a vector's entries, which added coordinates would spoil.
Result<void> check_transform(const Config& config) {
  if (config.hash_tables.transform == HashTransform::none || config.hash_tables.family == HashKind::simhash) return {};
  return usage_error("option 'hash-transform': '" + std::string(config::name_of(config.hash_tables.transform)) +
                     "' does not go with hash " + std::string(config::name_of(config.hash_tables.family)) +
                     "; allowed with hash simhash only, use hash-transform none");
}

/// Skip-gram with negative sampling has a loop of its own (engine/words/), which knows one way of each.
Result<void> check_words(const Config& config) {
  if (config.words.max_ngram != 0 && config.words.max_ngram < config.words.min_ngram) {
    return usage_error("option 'max-ngram': '" + std::to_string(config.words.max_ngram) + "' is less than min-ngram, " +
                       std::to_string(config.words.min_ngram) + "; allowed: 0 for no n-grams, or at least min-ngram");
  }
  if (config.network.loss != LossKind::ns) return {};
  const auto refuse = [](const char* option, std::string_view has, const char* needed) {
    return usage_error(std::string("option '") + option + "': '" + std::string(has) + "' does not go with loss ns; use " +
                       needed);
  };
  if (config.network.storage != Storage::fp32) return refuse("precision", config::name_of(config.network.storage), "fp32");
  if (config.training.accumulate != 1) return refuse("accumulate", std::to_string(config.training.accumulate), "1");
  if (config.training.parts != 1) return refuse("parts", std::to_string(config.training.parts), "1");
  if (config.optimizer.clip_norm != 0) return refuse("clip-norm", config::number_text(config.optimizer.clip_norm), "0");
  if (config.optimizer.kind != OptimizerKind::sgd) return refuse("optimizer", config::name_of(config.optimizer.kind), "sgd");
  if (config.network.activation != Activation::linear)
    return refuse("activation", config::name_of(config.network.activation), "linear");
  if (config.network.active_units != 0) return refuse("active-units", std::to_string(config.network.active_units), "0");
  if (config.connections.density != 1) return refuse("density", config::number_text(config.connections.density), "1");
  if (config.network.hidden.size() > 1)
    return refuse("hidden", std::to_string(config.network.hidden.size()) + " layers", "one layer");
  return {};
}

/// Feature f would keep label f from being an answer although the two have nothing to do with each other. Features that are
/// several times as many as labels may be the labels' things several times over, such as all items and the last one apart.
Result<void> check_items(const Config& config, const Shape& shape) {
  const bool paths = config.sparse_rows.fan_in != 0 || config.candidates.neighbours != 0;
  if (!config.candidates.exclude_input || !paths || shape.features % shape.labels == 0) return {};
  return usage_error("option 'exclude-input': 'on' does not go with " + std::to_string(shape.features) + " features and " +
                     std::to_string(shape.labels) +
                     " labels, they are not the same things, and right answers would be left out; use exclude-input off, or "
                     "another preset than items");
}

}  // namespace

// An active set larger than the number of labels is no error: it is clamped, so that a preset also fits smaller data. Every
// sampler goes with every scope; scope means nothing to the sampler full, whose sets are all the same.
Result<void> config::validate_stored(const Config& config, const Shape& shape) {
  if (auto each = check_each_option(config); !each) return each;
  if (auto address = check_address(config); !address) return address;
  if (auto transform = check_transform(config); !transform) return transform;
  if (auto words = check_words(config); !words) return words;
  if (config.training.parts > config.training.piece_samples()) {
    return usage_error("option 'parts': '" + std::to_string(config.training.parts) + "' is more than " +
                       (config.training.pieces() > 1 ? "the samples of a piece of the batch, " : "batch, ") +
                       std::to_string(config.training.piece_samples()) +
                       (config.training.pieces() > 1 ? "; allowed: up to as many" : "; allowed: 1 .. batch"));
  }
  if (shape.features == 0) {
    return usage_error("a network needs at least 1 feature, the data have 0; check the header of the data file");
  }
  if (shape.labels == 0) {
    return usage_error("a network needs at least 1 label, the data have 0; check the header of the data file");
  }
  if (shape.vector_width > kMostVectorWidth)
    return usage_error("vectors of " + std::to_string(shape.vector_width) + " numbers are too long; allowed: up to " +
                       std::to_string(kMostVectorWidth));
  return {};
}

Result<void> validate(const Config& config, const Shape& shape, bool same_things) {
  if (auto stored = config::validate_stored(config, shape); !stored) return stored;
  return same_things ? Result<void>() : check_items(config, shape);
}

}  // namespace glissade
