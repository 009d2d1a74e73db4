#pragma once

#include <string>

#include <glissade/result.h>

#include "apps/config/config_source.h"
#include "apps/input/data_options.h"
#include "apps/input/record_options.h"
#include "apps/input/sequence_options.h"
#include "apps/training/run.h"
#include "apps/training/training_data.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace glissade::apps {

/// What the command line of `train` says.
class TrainOptions {
 public:
  void add_options(CLI::App& parser);

  /// What the parser cannot check: values, combinations, places to write to. Beforehand of what a resumed run brings with it.
  Result<void> check() const;
  /// Usage error if epochs are to be judged by data that are not there, or in a way that is of no effect. A resumed run may have
  /// brought what is missing on the command line.
  Result<void> check_monitor() const;

  /// Usage error if the run reads sequences and options do not go with them, or the other way round.
  Result<void> check_sequences(bool reads_sequences, ItemOrder order) const;
  /// What sequences in an order do not take. Sets do.
  Result<void> check_ordered() const;

  /// Likewise for records.
  Result<void> check_records(bool reads_records) const;

  /// Usage error if --autotune is given with what it cannot search.
  Result<void> check_autotune() const;

  /// One line on standard error for each option of `train` itself that was given and has no effect on the training of `model`:
  /// new, or read from a file, settings.notes being what that file says of its run.
  void warn_of_idle(const Model& model, bool text) const;

  bool resumes() const noexcept;
  /// What --distribute stands for: auto is data where an option is given that concerns gradients of rows, else labels.
  std::string distribution() const;
  bool resumes_model() const noexcept { return resumes() && !goes_on_searching; }
  bool names_holdout() const noexcept;
  bool names_name_rows() const noexcept;
  bool names_repeated_rows() const noexcept;
  bool names_patience() const noexcept;
  bool names_min_delta() const noexcept;

  TrainingFiles files;
  std::string model;
  double autotune = 0;             ///< minutes; 0 = no search
  bool goes_on_searching = false;  ///< --resume found a search and no model
  std::string resume_from;         ///< the file, if one was named
  std::string from;                ///< a model whose weights a new run starts from
  std::string label_names;
  std::string feature_names;
  std::string label_text;
  std::string groups;
  std::string same_things;
  std::string name_rows = "auto";
  std::string eval_rows = "auto";
  std::string repeated_rows = "once";
  bool rows_repeat = false;         ///< set once the data were read: some rows say nothing new
  bool rows_fit_memory = false;     ///< likewise: rows of records would not go to the cache
  std::string distribute = "auto";  ///< data or labels once the ranks were joined
  std::string communicate = "sparse";
  std::string wire = "fp32";
  double travel_share = 0.1;
  bool is_alone = true;  ///< set once the ranks were joined
  std::string log;
  std::string tensorboard;
  RunSettings settings;
  ConfigSource config;
  DataOptions data;
  SequenceOptions sequence;
  RecordOptions records;

 private:
  Result<void> check_vectors() const;
  void add_start_options(CLI::App& parser);
  void add_checkpoint_options(CLI::App& parser);
  void add_monitor_options(CLI::App& parser);
  void add_autotune_option(CLI::App& parser);
  void add_rank_options(CLI::App& parser);

  const CLI::App* parser_ = nullptr;
  CLI::Option* resume_ = nullptr;
  CLI::Option* holdout_ = nullptr;
  CLI::Option* name_rows_ = nullptr;
  CLI::Option* repeated_rows_ = nullptr;
  CLI::Option* communicate_ = nullptr;
  CLI::Option* travel_share_ = nullptr;
  CLI::Option* patience_ = nullptr;
  CLI::Option* min_delta_ = nullptr;
};

}  // namespace glissade::apps
