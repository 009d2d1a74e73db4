#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>

#include "datasets/next_item_rows.h"
#include "datasets/sequences.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace glissade::apps {

/// How the sequences of a model are read: what Model::data_notes() says of them.
struct SequenceNotes {
  bool keyed = false;
  datasets::HistoryRules rules;

  std::string text() const;
  /// Nothing if a model was not trained on sequences.
  static std::optional<SequenceNotes> of(const Model& model);
};

/// The options of commands that read sequences (--format sequence).
class SequenceOptions {
 public:
  enum class For { train, eval, predict };
  void add_options(CLI::App& parser, For command);

  /// Usage error if one is given where no sequences are read, or its value does not exist.
  Result<void> check(bool reads_sequences) const;

  /// Whether lines begin with a key: as the option says, else as `notes` do, else detected.
  Result<datasets::LineKey> key(const std::optional<SequenceNotes>& notes) const;
  /// As the options say, else as `notes` do. Usage error where both say something else.
  Result<datasets::HistoryRules> rules(const std::optional<SequenceNotes>& notes) const;

  bool names_held_back() const noexcept;
  std::uint32_t held_back = 0;  ///< --holdout-last

 private:
  std::string key_;
  datasets::HistoryRules rules_;
  std::vector<const CLI::Option*> added_;
  const CLI::Option* decay_ = nullptr;
  const CLI::Option* window_ = nullptr;
  const CLI::Option* held_back_ = nullptr;
};

/// Reads 'path' as the model of `notes` and `names` reads sequences. If `what` is not empty, a line about the file goes to
/// standard error; items that the model does not know are told in any case.
Result<datasets::Sequences> read_known_sequences(const std::string& path, const std::string& what,
                                                 const std::vector<std::string>& names, bool keyed);

/// "22,363 sequences of 8.9 items, 12,101 different ones, the first word of a line is its key".
std::string describe(const datasets::Sequences& sequences);

}  // namespace glissade::apps
