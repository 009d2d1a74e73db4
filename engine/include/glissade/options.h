#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/config.h>
#include <glissade/result.h>
#include <glissade/views.h>

namespace glissade {

/// One option of Config, described once. Text forms are what the command line, a config file and the model file use.
struct Option {
  std::string_view name;    ///< as on the command line, e.g. "learning-rate"
  std::string_view group;   ///< "network", "active set", "hash tables", "optimiser", "words", "training"
  std::string_view unit;    ///< "samples", "rows", "" ...
  std::string_view range;   ///< e.g. "1 .. 1048576", "softmax | bce"
  std::string_view effect;  ///< one sentence
  Result<void> (*set)(Config& config, std::string_view text);  ///< fails with a usage error that names option, value and range
  std::string (*get)(const Config& config);
  bool stored;                   ///< part of a model file (false for what only concerns the machine, such as threads)
  std::string_view former = {};  ///< a name that it once had, which is still understood

  bool is_called(std::string_view text) const noexcept { return text == name || (!former.empty() && text == former); }
};

/// All options, in the order of the manual. Static, thread-safe.
std::span<const Option> options();

/// Sets one option from text. Usage error for an unknown name (with the nearest known one) or a value outside its range.
Result<void> set_option(Config& config, std::string_view name, std::string_view text);

/// The value of the option called `name`, as set_option() takes it; "" for an unknown name.
std::string option_text(const Config& config, std::string_view name);

/// A named starting point.
struct Preset {
  std::string_view name;    ///< "short-text", "amazon-670k" ...
  std::string_view effect;  ///< one sentence: what data it is for and where its numbers come from
  Config (*make)();
  /// What Effort::quick and Effort::best set otherwise, as set_option() takes it; empty where the preset is a published setting.
  struct Change {
    std::string_view option;
    std::string_view text;
  };
  std::span<const Change> quick = {};
  std::span<const Change> best = {};

  bool has_efforts() const noexcept { return !quick.empty(); }
};
std::span<const Preset> presets();

/// How much time a training may take for what it gains: measured steps on the way from a first model to the last tenths of a
/// point (docs/frontier.md).
enum class Effort { quick, usual, best };

/// Usage error for an unknown name, and for an effort with a preset that has none.
Result<Config> preset(std::string_view name, Effort effort = Effort::usual);

/// The preset for a kind of data, by their statistics, and why in a few words. `feature_labels`: by feature the label that is the
/// same thing, where that is known (RowRelations), else empty.
struct PresetChoice {
  std::string_view preset;
  std::string reason;
};
PresetChoice choose_preset(const DatasetView& data, std::span<const std::uint32_t> feature_labels = {});

/// What is known of the data that a configuration is for. 0 = not known.
struct DataFacts {
  bool text = false;  ///< running text for a WordTrainer; else samples with labels for a Trainer
  bool paged = true;  ///< samples: they come through a RowPager
  bool named = true;  ///< samples: features and labels have names
  Shape shape;
  std::uint64_t samples = 0;  ///< of an epoch
};

/// An option that does less in a configuration than one may expect of it.
struct IdleOption {
  std::string_view name;
  bool searched;            ///< training does not use it, Search::tables does
  std::string_view reason;  ///< why, or when it would count: "it counts only with sampler lsh-threshold"
};

/// Those of the options `given` that have no effect in a training with `config` on such data. An option that has the value which
/// says so ("off", 0) is none of them. Unknown names are passed over. Where two options exclude each other,
/// validate() says so instead. Thread-safe.
std::vector<IdleOption> idle_options(const Config& config, const DataFacts& data, std::span<const std::string_view> given);

/// "name = value" lines of all stored options, in table order; the model file's config section.
std::string to_text(const Config& config);
Result<Config> from_text(std::string_view text);

/// Checks what single options cannot: hash address width, options that exclude each other, what needs as many features as labels
/// (or, with `same_things`, a model that knows which feature is which label: Model::create).
Result<void> validate(const Config& config, const Shape& shape, bool same_things = false);

/// Bytes that training will need, by part, before anything is allocated.
struct MemoryEstimate {
  std::uint64_t weights = 0;
  std::uint64_t optimizer_state = 0;
  std::uint64_t tables = 0;
  std::uint64_t step_buffers = 0;
  std::uint64_t total() const noexcept { return weights + optimizer_state + tables + step_buffers; }
};
/// `ranks`: how many share the rows of features and labels; then of one of them.
MemoryEstimate estimate_training_memory(const Config& config, const Shape& shape, std::uint32_t ranks = 1);

/// Memory that this process can still get: the smaller of what the system says is available and what its cgroup leaves.
std::uint64_t available_memory();

/// Fails if `bytes` exceed available_memory(). The message names the need, the available memory and a remedy.
Result<void> check_memory(const MemoryEstimate& need);

}  // namespace glissade
