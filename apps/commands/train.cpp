#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/model.h>
#include <glissade/options.h>
#include <glissade/pipeline.h>
#include <glissade/preparation.h>
#include <glissade/run_memory.h>
#include <glissade/run_notes.h>
#include <glissade/runtime.h>
#include <glissade/trainer.h>
#include <glissade/words.h>

#include "apps/autotune/autotune.h"
#include "apps/commands/command.h"
#include "apps/config/config_source.h"
#include "apps/config/threads.h"
#include "apps/console/interrupt.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/data_notes.h"
#include "apps/input/data_options.h"
#include "apps/input/data_page.h"
#include "apps/input/record_rows.h"
#include "apps/input/sequence_options.h"
#include "apps/training/block_order.h"
#include "apps/training/checkpoints.h"
#include "apps/training/event_log.h"
#include "apps/training/events.h"
#include "apps/training/part_names.h"
#include "apps/training/rank_group.h"
#include "apps/training/record_source.h"
#include "apps/training/run.h"
#include "apps/training/run_start.h"
#include "apps/training/sequence_data.h"
#include "apps/training/text_data.h"
#include "apps/training/train_options.h"
#include "apps/training/training_data.h"
#include "apps/training/weighting.h"
#include "apps/words/vocabulary.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

class Train : public Command {
 public:
  const char* name() const noexcept override { return "train"; }
  const char* summary() const noexcept override { return "Train a model, or go on training one"; }
  void add_options(CLI::App& parser) override { options_.add_options(parser); }
  Result<int> run() override;

 private:
  /// What a run takes of the machine.
  struct Needs {
    std::uint64_t memory;
    std::uint32_t threads;
  };
  /// Those that share the rows of the model out.
  Communicator& row_ranks() noexcept { return ranks_.shares_rows() ? ranks_.communicator() : alone_; }
  Result<int> train_rows(ConfigSource::Resolved asked, EventLog& log);
  bool reads_text(const ConfigSource::Resolved& asked) const;
  Result<int> train_words(const ConfigSource::Resolved& asked, EventLog& log);
  bool reads_sequences() const;
  bool reads_records() const;
  Result<TrainingData> read_rows(const ReadSettings& reading) const;
  std::optional<SequenceNotes> former_sequences() const;
  void choose_exclusion(ConfigSource::Resolved& asked, const TrainingData& data) const;
  bool finds_siblings(const ConfigSource::Resolved& asked) const;
  void relate_names(const ConfigSource::Resolved& asked, const PartNames& names, TrainingData& data) const;
  Result<void> choose_by_data(ConfigSource::Resolved& asked, const TrainingData& data);
  Result<DataProfile> look_at(ConfigSource::Resolved& asked, const TrainingData& data) const;
  Result<void> search(ConfigSource::Resolved& asked, const TuningData& data, EventLog& log);
  Result<bool> goes_on_searching();
  Result<void> check_for_ranks(bool text) const;
  void describe_ranks(const Model& model) const;
  void describe_pieces(const Config& config) const;
  void announce(const Model& model, const std::vector<DataEvent>& data, const Needs& needs, EventLog& log) const;
  void describe(const Model& model, const Needs& needs) const;

  TrainOptions options_;
  RunStart start_{options_};
  RankGroup ranks_;
  Communicator alone_;
  SearchState search_;
  std::string chosen_preset_;  ///< by the data
};

constexpr int kUsageStatus = 2;

std::uint64_t resident_bytes() { return static_cast<std::uint64_t>(resident_memory_mib() * (1 << 20)); }

void Train::describe(const Model& model, const Needs& needs) const {
  if (options_.settings.quiet) return;
  const Config& config = model.config();
  const auto text = [&](std::string_view name) { return option_text(config, name); };
  const MemoryEstimate need = estimate_training_memory(config, model.shape());
  const double bytes = static_cast<double>(need.weights + need.optimizer_state) / static_cast<double>(model.parameters());
  note(fmt::format(
      "model {} -> {} -> {}: {} parameters of {:.1f} bytes, {}, {}, sampler {}; training needs about {}, {} available",
      grouped(model.shape().features), fmt::join(config.network.hidden, " -> "), grouped(model.shape().labels),
      grouped(model.parameters()), bytes, text("precision"), text("optimizer"), text("sampler"), system::bytes_text(needs.memory),
      system::bytes_text(available_memory())));
  std::string level;
  for (const SimdLevel& one : simd_levels()) {
    if (one.active) level = one.name;
  }
  note(fmt::format("simd {}, {} threads", level, needs.threads));
  if (!start_.resumes()) return;
  const std::string within = model.pass_done() > 0 ? fmt::format(", {} samples into the next", grouped(model.pass_done())) : "";
  note(fmt::format("resuming from {}, after epoch {} of {}{}", datasets::quoted(start_.resumed_path()), model.epochs_done(),
                   config.training.epochs, within));
}

Result<int> Train::run() {
  RunSettings& settings = options_.settings;
  settings.started = std::chrono::steady_clock::now();
  settings.model_path = options_.model;
  ignore_broken_pipes();
  const InterruptGuard guard(settings.quiet);
  options_.files.holdout_last = options_.sequence.held_back;
  const auto time_share = options_.sequence.time_share();
  if (!time_share) return time_share.error();
  options_.files.time_share = *time_share;
  if (auto ok = options_.check(); !ok) return ok.error();
  settings.evaluation_size = *choose_evaluation_size(options_.eval_rows);
  auto ranks = RankGroup::join(options_.distribute, options_.distribution());
  if (!ranks) return ranks.error();
  ranks_ = std::move(*ranks);
  options_.is_alone = ranks_.is_alone();
  if (!options_.is_alone) options_.distribute = options_.distribution();
  if (ranks_.follows()) {
    settings.quiet = true;
  } else {
    Checkpoints::remove_abandoned(options_.model);
  }
  auto log = EventLog::open(ranks_.follows() ? std::string() : options_.log);
  if (!log) return log.error();
  const auto searching = goes_on_searching();
  if (!searching) return searching.error();
  const auto asked = *searching ? options_.config.resolve() : start_.open(row_ranks());
  if (!asked) return asked.error();
  const ThreadLimit limit(asked->config.run.threads);
  if (auto ok = options_.check_sequences(reads_sequences(), options_.sequence.order(former_sequences())); !ok) return ok.error();
  if (auto ok = options_.check_records(reads_records()); !ok) return ok.error();
  const bool text = reads_text(*asked);
  if (text && options_.sequence.names_events())
    return usage_error("--user, --item and --time name columns of a log of events, and a running text has none; leave them out");
  if (text && options_.records.names_columns())
    return usage_error(
        "--text, --categories, --numbers and --labels name columns of records, and a running text has none; leave them out");
  if (auto ok = check_for_ranks(text); !ok) return ok.error();
  settings.checkpoints.between_passes = ranks_.shares_rows();
  return text ? train_words(*asked, *log) : train_rows(*asked, *log);
}

/// What several processes cannot share.
Result<void> Train::check_for_ranks(bool text) const {
  if (ranks_.is_alone()) return {};
  if (text) return usage_error("a running text is trained by one process; start it without mpirun, or with --distribute off");
  if (options_.autotune > 0)
    return usage_error(
        "--autotune searches in one process; run it without mpirun, and give the options that it finds to all ranks");
  if (options_.files.train == "-")
    return usage_error("--train -: mpirun hands standard input to rank 0 alone; give a file that every rank can read");
  return {};
}

void Train::describe_ranks(const Model& model) const {
  if (options_.settings.quiet || ranks_.is_alone()) return;
  const Config::Training& training = model.config().training;
  if (ranks_.shares_rows())
    return note(fmt::format("{} ranks share the rows of {} features and {} labels; each writes its own beside the model file",
                            ranks_.size(), grouped(model.shape().features), grouped(model.shape().labels)));
  note(fmt::format("{} ranks share each step of {} samples, in parts of {}; this one, rank 0, evaluates and writes",
                   ranks_.size(), grouped(training.step_samples()), grouped(training.part_samples())));
}

void Train::describe_pieces(const Config& config) const {
  const Config::Training& training = config.training;
  if (options_.settings.quiet || training.pieces() == 1) return;
  note(fmt::format(
      "steps of {} samples go in pieces of {}, each with active rows of its own, at the rate of large steps; see reference-batch",
      grouped(training.step_samples()), grouped(training.piece_samples())));
}

/// Whether --resume goes on with a search, whose state is then read.
Result<bool> Train::goes_on_searching() {
  if (!options_.resumes() || !options_.resume_from.empty() || !search_is_newest(options_.model)) return false;
  auto state = SearchState::read(SearchState::path_for(options_.model));
  if (!state) return state.error();
  search_ = std::move(*state);
  if (auto settled = settle_search(search_, options_); !settled) return settled.error();
  options_.settings.nothing_yet = kTriedIsSaved;
  return true;
}

/// Puts what --autotune finds into the place of `asked`.
Result<void> Train::search(ConfigSource::Resolved& asked, const TuningData& data, EventLog& log) {
  if (options_.goes_on_searching) {
    log.drop_half_line();
  } else {
    log.restart();
  }
  auto found = autotune(options_, {asked, chosen_preset_}, data, std::move(search_), log);
  if (!found) return found.error();
  asked = std::move(*found);
  options_.settings.nothing_yet = kTriedIsSaved;
  if (!options_.files.has_validation()) options_.settings.monitor = {};  // it named the metric of the search
  return {};
}

/// Whether items already seen are answered, too, follows from the sequences where nobody said it.
void Train::choose_exclusion(ConfigSource::Resolved& asked, const TrainingData& data) const {
  if (start_.former() != nullptr || !data.excludes_seen || !settle_exclusion(asked) || options_.settings.quiet) return;
  if (data.is_set) return note("exclude-input on: what a set has is no answer; --exclude-input off says otherwise");
  note(fmt::format("exclude-input on: none of the {} next items is among those before it; --exclude-input off says otherwise",
                   grouped(data.train.size())));
}

/// A run that goes on does what it did.
bool Train::finds_siblings(const ConfigSource::Resolved& asked) const {
  if (start_.resumes()) return glissade::finds_siblings(start_.former()->config());
  const bool chosen_by_data = !start_.takes_weights() && options_.config.preset_name().empty();
  return chosen_by_data ? may_find_siblings(asked) : glissade::finds_siblings(asked.config);
}

/// Labels and features of equal names are the same things where that was asked for, or where the rows agree.
void Train::relate_names(const ConfigSource::Resolved& asked, const PartNames& names, TrainingData& data) const {
  if (start_.former() != nullptr || data.is_sequence()) return;
  glissade::relate_names(asked, data.train, names.labels, names.features, data.relations);
}

/// Without a preset the data choose one.
Result<void> Train::choose_by_data(ConfigSource::Resolved& asked, const TrainingData& data) {
  if (start_.former() != nullptr || !options_.config.preset_name().empty()) return {};
  const PresetChoice choice = data.is_set          ? set_preset()
                              : data.is_sequence() ? history_preset()
                                                   : choose_preset(data.train, data.relations.feature_labels);
  auto chosen = options_.config.resolve_from(choice.preset);
  if (!chosen) return chosen.error();
  asked = std::move(*chosen);
  chosen_preset_ = choice.preset;
  if (!options_.settings.quiet) note(fmt::format("preset {}: {}", choice.preset, choice.reason));
  return {};
}

/// What the data are; the weighting is theirs to choose unless an option, or the model that training starts from, says it.
Result<DataProfile> Train::look_at(ConfigSource::Resolved& asked, const TrainingData& data) const {
  // First what can be refused without a look.
  const Shape shape = start_.shape_of(data.train);
  Config tuned = asked.config;
  const auto ranks = static_cast<std::uint32_t>(ranks_.shares_rows() ? ranks_.size() : 1);
  if (auto settled = settle_tables(tuned, shape, !data.relations.feature_labels.empty(), ranks); !settled) return settled.error();
  const DataProfile known = profile(data.train, data.train_pager);
  const std::string chosen =
      data.is_sequence() ? std::string() : settle_weighting(asked, start_.takes_weights(), known, data.has_words);
  if (data.is_sequence()) settle_history_weighting(asked.config);
  if (options_.settings.quiet) return known;
  note(data_line(known));
  if (!chosen.empty()) note(chosen);
  // Users who began alike have the same rows, and nothing is wrong with that.
  if (!data.is_sequence()) note_shared_rows(data, options_.files);
  return known;
}

Result<TrainingData> Train::read_rows(const ReadSettings& reading) const {
  const Model* former = start_.former();
  if (reads_records()) {
    RecordSource source(options_.records, options_.data, start_.resumes() ? former : nullptr, reading.quiet);
    return read_training_data(options_.files, source, reading);
  }
  KnownBase known;
  if (former != nullptr) known = known_base(*former, start_.resumes() ? start_.resumed_path() : options_.from);
  IdRows source(options_.data, known);
  return read_training_data(options_.files, source, reading);
}

Result<int> Train::train_rows(ConfigSource::Resolved asked, EventLog& log) {
  RunSettings& settings = options_.settings;
  const Config& config = start_.resumes() ? start_.former()->config() : asked.config;
  const std::uint64_t seed = config.run.seed;  // of the rows that are held out, too
  InterruptGuard::nothing_to_save_while("reading the data", settings.nothing_yet);
  ReadSettings reading{seed, settings.quiet, {}};
  if (start_.resumes()) reading.shape = start_.former()->shape();
  if (const auto repeated = choose_repeated_rows(options_.repeated_rows)) reading.repeated = *repeated;
  reading.relations = {options_.groups, options_.same_things, finds_siblings(asked)};
  auto data = reads_sequences() ? read_sequence_data(options_.files, options_.sequence, {options_.data, options_.records},
                                                     former_sequences(), start_.former(), reading)
                                : read_rows(reading);
  if (!data) return data.error();
  if (data->is_sequence() && !data->is_set) {
    if (auto ok = options_.check_ordered(); !ok) return ok.error();
  }
  options_.rows_repeat = data->rows_repeat;
  const auto kept = datasets::read_memory();
  if (!kept) return kept.error();
  const std::uint64_t row_bytes = data->train.features.ids.size() * 8 + data->train.labels.ids.size() * 4;
  options_.rows_fit_memory = row_bytes <= datasets::SpillPlace{".", *kept}.bytes_in_memory();
  auto names = start_.read_names(*data);
  if (!names) return names.error();
  relate_names(asked, *names, *data);
  if (auto chosen = choose_by_data(asked, *data); !chosen) return chosen.error();
  ranks_.settle_parts(asked);
  choose_exclusion(asked, *data);
  std::optional<DataProfile> known;
  if (!start_.resumes()) {
    auto looked = look_at(asked, *data);
    if (!looked) return looked.error();
    known = std::move(*looked);
  }
  if (auto completed = start_.complete(*data, *names); !completed) return completed.error();
  if (known && options_.autotune > 0) {
    const PartNamesView in_use = start_.names_in_use(*names, start_.shape_of(data->train));
    if (auto searched = search(asked, {*data, in_use, *known}, log); !searched) return searched.error();
  }
  InterruptGuard::nothing_to_save_while("making the model", settings.nothing_yet);
  const std::uint64_t resident = resident_bytes(), held = resident - std::min(resident, start_.resumed_bytes());
  auto model = start_.make_model(asked, *data, std::move(*names), row_ranks());
  if (!model) return model.error();
  if (model->data_notes().empty()) model->set_data_notes(data->notes);
  options_.warn_of_idle(*model, false);
  if (!settings.quiet) warn_of_order(model->config(), data->train, options_.files.train);
  if (known && !settings.quiet) {
    warn_of_outsized(*model, *known);
    note_label_features(*model, *known);
  }
  DataSize size = data_size(model->config(), data->train, data->train_pager != nullptr);
  measure_names(model->label_names(), model->feature_names(), size);
  if (data->label_words() != nullptr) size.name_words = data->label_words()->ids.size();
  const std::uint64_t memory =
      estimate_run_memory(model->config(), model->shape(), size, held, static_cast<std::uint32_t>(row_ranks().size())).total();
  announce(*model, data->events, {memory, effective_threads(asked.config.run.threads)}, log);
  settings.notes.holdout = options_.files.holdout;
  if (data->is_sequence()) settings.notes.holdout_last = options_.files.holdout_last;
  if (options_.files.time_share > 0) settings.notes.time_share = options_.files.time_share;
  settings.notes.groups = data->named_groups;
  settings.notes.label_text = data->label_texts.content;
  settings.notes.name_rows = data->train.added;
  if (data->rows_repeat) settings.notes.repeated_rows = options_.repeated_rows;
  settings.notes.rows = unordered(data->train, data->train_pager);
  if (data->train_pager != nullptr) data->train_pager->release(0, data->train.size());
  if (!settings.monitor.metric.empty() && data->validation) settings.notes.validation = fingerprint(*data->validation);
  if (data->validation_pager != nullptr) data->validation_pager->release(0, data->validation->size());
  Sharing sharing = *RankGroup::sharing(options_.communicate, options_.wire, options_.travel_share);
  sharing.distribution = ranks_.distribution();
  if (auto same = ranks_.check_same(*model, fingerprint(data->train), sharing); !same) {
    // All ranks know of it, and one says it.
    const bool follows = ranks_.follows();
    ranks_.finish();
    return follows ? Result<int>(kUsageStatus) : same.error();
  }
  describe_ranks(*model);
  describe_pieces(model->config());
  auto trainer = Trainer::create_among(ranks_.communicator(), *model, data->train.size(), sharing);
  if (!trainer) return trainer.error();
  trainer->read_through(data->train_pager);
  trainer->know_labels(data->label_words());
  settings.validation_pager = data->validation_pager;
  const auto train = [&](const PassCallbacks& callbacks) { return trainer->train_epoch(data->train, callbacks); };
  if (ranks_.follows()) return ranks_.follow(*model, train);
  const auto pass = [&](const PassCallbacks& callbacks) -> Result<EpochReport> {
    if (auto led = ranks_.lead_epoch(*model); !led) return led.error();
    return train(callbacks);
  };
  const auto evaluate = [&](const DatasetView& rows, const EvaluateOptions& options) {
    return ranks_.evaluate(*model, rows, options);
  };
  const EvaluationData evaluation{data->validation, data->test, evaluate};
  auto status = TrainingRun(*model, pass, evaluation, settings, log).run();
  if (status) ranks_.end(*model, *status);
  if (status && *status == 0) std::remove(SearchState::path_for(options_.model).c_str());
  return status;
}

void Train::announce(const Model& model, const std::vector<DataEvent>& data, const Needs& needs, EventLog& log) const {
  describe(model, needs);
  if (start_.resumes() || options_.autotune > 0) {
    log.drop_half_line();
  } else {
    log.restart();
  }
  log.write(start_json(model, data, needs.memory, needs.threads));
}

/// How the sequences were read that a model was trained on before it is trained on again, if any.
std::optional<SequenceNotes> Train::former_sequences() const {
  return start_.former() != nullptr ? SequenceNotes::of(*start_.former()) : std::nullopt;
}

/// Likewise, or what the content says.
bool Train::reads_records() const {
  if (reads_sequences()) return false;
  const std::string& format = options_.data.format();
  if (options_.records.asked(format)) return true;
  if (!format.empty()) return false;
  if (start_.former() != nullptr && Pipeline::is_pipeline(start_.former()->data_notes())) return true;
  return holds_records(options_.files.train);
}

bool Train::reads_sequences() const {
  return options_.sequence.names_events() || apps::reads_sequences(options_.data, former_sequences());
}

/// Where nothing is said about it: what a model was trained on before it is trained on again.
bool Train::reads_text(const ConfigSource::Resolved& asked) const {
  const std::string& preset = options_.config.preset_name();
  const bool named = preset == "text8" || preset == "text8-slide" || asked.config.network.loss == LossKind::ns;
  if (start_.former() == nullptr || options_.data.names_format() || named) return options_.data.is_text(named);
  return holds_vocabulary(*start_.former());
}

Result<int> Train::train_words(const ConfigSource::Resolved& asked, EventLog& log) {
  RunSettings& settings = options_.settings;
  if (options_.autotune > 0)
    return usage_error("--autotune: a running text has no labelled rows to judge settings by; leave it out");
  if (!options_.label_names.empty() || !options_.feature_names.empty())
    return usage_error("--label-names and --feature-names: a running text brings its own names; leave them out");
  if (!options_.files.train_vectors.empty())
    return usage_error("--vectors are beside rows, and a running text has none; leave them out");
  if (!options_.label_text.empty())
    return usage_error("--label-text is for rows with labels, and those of a running text are its words; leave it out");
  InterruptGuard::nothing_to_save_while("reading the text");
  // For a model that goes on being trained it says itself how the text is read.
  const auto text = read_text_data(options_.files, start_.resumes() ? start_.former()->config() : asked.config, settings.quiet);
  if (!text) return text.error();
  InterruptGuard::nothing_to_save_while("making the model");
  auto model = start_.make_word_model(asked, **text);
  if (!model) return model.error();
  options_.warn_of_idle(*model, true);
  const std::uint64_t memory = estimate_training_memory(model->config(), model->shape()).total();
  announce(*model, (*text)->events, {memory, effective_threads(asked.config.run.threads)}, log);
  settings.notes.holdout = options_.files.holdout;
  settings.notes.text = content((*text)->corpus.tokens);
  if (!settings.monitor.metric.empty() && (*text)->validation) settings.notes.validation = fingerprint(*(*text)->validation);
  auto trainer = WordTrainer::create(*model, (*text)->view());
  if (!trainer) return trainer.error();
  const auto pass = [&](const PassCallbacks& callbacks) { return trainer->train_epoch(callbacks.on_progress); };
  const EvaluationData evaluation{(*text)->validation, (*text)->test};
  return TrainingRun(*model, pass, evaluation, settings, log).run();
}

}  // namespace

std::unique_ptr<Command> make_train() { return std::make_unique<Train>(); }

}  // namespace glissade::apps
