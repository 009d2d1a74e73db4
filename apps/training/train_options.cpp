#include "apps/training/train_options.h"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/config/number_option.h"
#include "apps/console/output_file.h"
#include "apps/input/row_vectors.h"
#include "apps/training/added_names.h"
#include "apps/training/early_stop.h"
#include "apps/training/rank_group.h"
#include "apps/training/repeats.h"

namespace glissade::apps {

void TrainOptions::add_options(CLI::App& parser) {
  parser.add_option("--train", files.train, "Training data.")->type_name("FILE");
  parser
      .add_option("--test", files.test,
                  "Labelled data to evaluate on at the end of epochs. Beside --valid or --holdout: once, at the end of the run.")
      ->type_name("FILE");
  parser.add_option("--valid", files.valid, "Labelled data to evaluate on at the end of epochs, for --monitor.")
      ->type_name("FILE");
  add_vectors_option(parser, files.train_vectors, "--train");
  parser.add_option("--test-vectors", files.test_vectors, "Likewise of the rows of --test.")->type_name("FILE");
  parser.add_option("--valid-vectors", files.valid_vectors, "Likewise of the rows of --valid.")->type_name("FILE");
  holdout_ = add_number(parser, "--holdout", files.holdout, {0, 1},
                        "Instead of --valid: hold this part of the training rows out and evaluate on it; between 0 and 1. "
                        "Part of the run: --resume holds out the same rows.")
                 ->type_name("SHARE");
  add_number(parser, "--eval-every", settings.eval_every, {1},
             "Epochs between two evaluations; the last epoch is always evaluated. Default 1.")
      ->type_name("N");
  parser
      .add_option(
          "--eval-rows", eval_rows,
          "Rows to evaluate on at the end of epochs before the last one, spread evenly over the data: all, a number, or auto: "
          "as many as a tenth of the epoch's time, or a second, is enough for, at least 500. The last epoch, and all "
          "epochs with --monitor, are evaluated on all rows. Default auto.")
      ->type_name("ROWS");
  add_autotune_option(parser);
  add_start_options(parser);
  add_checkpoint_options(parser);
  add_monitor_options(parser);
  parser.add_flag("--slim", settings.slim,
                  "Leave the training state out of the finished model: a smaller file that cannot be trained on.");
  parser.add_option("--label-names", label_names, "One name per line and label; kept in the model.")->type_name("FILE");
  parser.add_option("--feature-names", feature_names, "One name per line and feature; kept in the model.")->type_name("FILE");
  parser
      .add_option(
          "--label-text", label_text,
          "A text for each label, such as its definition: CSV, TSV or JSON lines with the columns label and text (a table "
          "without them: label, text). Its words, and those of the label's name, are found in rows as names are: see "
          "--name-rows and --name-match. --resume needs the same.")
      ->type_name("FILE");
  name_rows_ =
      parser
          .add_option(
              "--name-rows", name_rows,
              "Train on labels' names: each is one more row of its label, of the features whose names are words "
              "of it. auto: with both --label-names and --feature-names, or --label-text, where samples have the words of their "
              "labels' names; on; off. Part of the run. Default auto.")
          ->type_name("NAME");
  repeated_rows_ =
      parser
          .add_option("--repeated-rows", repeated_rows,
                      "Rows with the features, values and labels of a row before them, unless other rows of these features have "
                      "other labels: once (each counts once, if they are a hundredth of all or more); keep. Part of the run. "
                      "Default once.")
          ->type_name("NAME");
  parser
      .add_option(
          "--groups", groups,
          "One group per line and training row, any text. Rows of a group are parts of one thing (folds of a basket, title "
          "and abstract): whole groups are held out, and kept where the paths are weighed. An empty line is a row that is "
          "alone. Instead of what --sibling-rows finds. --resume needs the same.")
      ->type_name("FILE");
  parser
      .add_option(
          "--same-things", same_things,
          "Which label is which feature, where the same things have other ids as labels than as features: lines of two ids "
          "from 0, 'label feature'. For exclude-input; kept in the model. Instead of what is found.")
      ->type_name("FILE");
  add_rank_options(parser);
  parser
      .add_option("--log-json", log,
                  "One JSON object per line: start, progress, each epoch, done; 'glissade report' draws it. Started anew; "
                  "continued with --resume.")
      ->type_name("FILE");
  parser.add_option("--tensorboard", tensorboard, "Was an option of earlier versions.")
      ->type_name("DIR")
      ->group("");  // not in the help
  parser.add_flag("--quiet", settings.quiet, "Print nothing but errors and warnings.");
  data.add_options(parser);
  records.add_options(parser, RecordOptions::For::train);
  sequence.add_options(parser, SequenceOptions::For::train);
  config.add_options(parser);
  parser_ = &parser;
}

void TrainOptions::add_start_options(CLI::App& parser) {
  parser
      .add_option("--model", model,
                  "Model file to write. It is replaced as a whole at the end of each epoch (with --monitor: of each that is the "
                  "best so far); an existing file stays until then. Checkpoints lie beside it, as FILE.checkpoint-STEP.")
      ->type_name("FILE");
  resume_ = parser
                .add_option("--resume", resume_from,
                            "Go on with a run on the same data: from the newest sound file among the model file and its "
                            "checkpoints, or from FILE, also in the middle of an epoch. Options need not be given again; if "
                            "given, they must be the same, except --epochs: more epochs extend a finished run.")
                ->type_name("[FILE]")
                ->expected(0, 1);
  parser
      .add_option("--from", from,
                  "Start a new run from the weights of a finished model, on these data. Labels and features are matched by name "
                  "where both sides have names, otherwise by number. Everything else is made anew. Options that are not given "
                  "are that model's.")
      ->type_name("FILE");
}

void TrainOptions::add_checkpoint_options(CLI::App& parser) {
  CheckpointSettings& checkpoints = settings.checkpoints;
  add_number(
      parser, "--checkpoint-minutes", checkpoints.minutes, {0, 1e6},
      "Minutes between two checkpoints within an epoch. SIGINT, SIGTERM and SIGHUP make one, too. 0 = none by time. Default 10.")
      ->type_name("MINUTES");
  add_number(parser, "--checkpoint-steps", checkpoints.steps, {},
             "Optimiser steps between two checkpoints within an epoch. Default 0: none by steps.")
      ->type_name("N");
  add_number(parser, "--checkpoint-epochs", checkpoints.epochs, {1},
             "Epochs between two writings of the model file; the last epoch is always written. Default 1.")
      ->type_name("N");
  add_number(parser, "--keep", checkpoints.keep, {},
             "Number of newest checkpoints to keep, ends of epochs included, also after training. Default 0: one, until a newer "
             "file exists or training ends.")
      ->type_name("K");
}

void TrainOptions::add_monitor_options(CLI::App& parser) {
  MonitorSettings& monitor = settings.monitor;
  parser
      .add_option(
          "--monitor", monitor.metric,
          "Stop early by this metric: p, ndcg or psp, @ 1, 3 or 5, of --valid, --holdout or --test, or the training's loss. "
          "The model file is then the best epoch's. Part of the run: --resume goes on watching.")
      ->type_name("METRIC");
  patience_ = add_number(parser, "--patience", monitor.patience, {1},
                         "With --monitor: evaluations without improvement that end training. Default 3.")
                  ->type_name("N");
  min_delta_ = add_number(parser, "--min-delta", monitor.min_delta, {0, 1e6},
                          "With --monitor: a gain below this is no improvement. Default 0.")
                   ->type_name("DELTA");
}

void TrainOptions::add_rank_options(CLI::App& parser) {
  parser
      .add_option(
          "--distribute", distribute,
          "What several processes share that 'mpirun -np N glissade train ...' has started: data (each has the whole model "
          "and goes through a part of every batch), labels (each has a part of the rows of features and labels, and goes "
          "through all samples), off (nothing: they know nothing of each other). auto: labels, or data where --communicate or "
          "--travel-share is given. Rank 0 evaluates, writes and speaks. Default auto.")
      ->type_name("NAME");
  communicate_ =
      parser
          .add_option(
              "--communicate", communicate,
              "Which gradients travel between the ranks of --distribute data: dense (of all rows), sparse (of the rows that a "
              "step touched), coarse (of those that weigh most, by the sum of magnitudes over all ranks; the others wait and "
              "add up until they do). Default sparse.")
          ->type_name("NAME");
  travel_share_ =
      add_number(
          parser, "--travel-share", travel_share, {1e-6, 1},
          "With --communicate coarse: part of the touched rows whose gradients travel in a step. In the warm-up and in the last "
          "step of an epoch all do. Default 0.1.")
          ->type_name("SHARE");
  parser
      .add_option("--wire", wire,
                  "How gradients travel: as floats (fp32), or rounded to 16 bits (bf16), of which sums are floats. Default fp32.")
      ->type_name("NAME");
}

void TrainOptions::add_autotune_option(CLI::App& parser) {
  add_number(
      parser, "--autotune", autotune, {0, 1e6},
      "Before training, try other settings for at most so many minutes: preset, weighting, epochs, width, dropout, rate, "
      "loss, fan-in, neighbours, as far as they are not given. Each is trained on a part of the rows and judged on rows held "
      "out of training, or on --valid or --holdout, by the metric of --monitor (default p@1). What is surely better than the "
      "usual settings takes their place. Training on all rows comes on top of these minutes. --resume goes on.")
      ->type_name("MINUTES");
}

bool TrainOptions::resumes() const noexcept { return resume_->count() > 0; }
bool TrainOptions::names_holdout() const noexcept { return holdout_->count() > 0; }
bool TrainOptions::names_name_rows() const noexcept { return name_rows_->count() > 0; }
bool TrainOptions::names_repeated_rows() const noexcept { return repeated_rows_->count() > 0; }
std::string TrainOptions::distribution() const {
  if (distribute != "auto") return distribute;
  return communicate_->count() + travel_share_->count() > 0 ? "data" : "labels";
}

bool TrainOptions::names_patience() const noexcept { return patience_->count() > 0; }
bool TrainOptions::names_min_delta() const noexcept { return min_delta_->count() > 0; }

Result<void> TrainOptions::check_vectors() const {
  struct Other {
    const char* option;
    const char* rows_option;
    const std::string& vectors;
    const std::string& rows;
  };
  for (const Other& other : {Other{"--test-vectors", "--test", files.test_vectors, files.test},
                             Other{"--valid-vectors", "--valid", files.valid_vectors, files.valid}}) {
    if (!other.vectors.empty() && files.train_vectors.empty())
      return usage_error(fmt::format("{} goes with --vectors, of the rows of --train; give both or none", other.option));
    if (!other.vectors.empty() && other.rows.empty())
      return usage_error(fmt::format("{} goes with {}; give both or none", other.option, other.rows_option));
    if (!files.train_vectors.empty() && !other.rows.empty() && other.vectors.empty())
      return usage_error(fmt::format("--vectors is given and {} is not; give the vectors of the rows of {}, too", other.option,
                                     other.rows_option));
  }
  return {};
}

Result<void> TrainOptions::check() const {
  if (files.train.empty() || model.empty()) return usage_error("train needs --train FILE and --model FILE");
  if (auto ok = check_vectors(); !ok) return ok;
  if (!files.valid.empty() && files.holdout != 0)
    return usage_error("--valid and --holdout exclude each other; give one of them");
  if (files.holdout_last > 0 && !files.valid.empty())
    return usage_error("--valid and --holdout-last exclude each other; give one of them");
  if (resumes() && !from.empty()) {
    return usage_error(
        "--resume and --from exclude each other: --resume goes on with a run, --from starts a new one; give one of "
        "them");
  }
  if (!tensorboard.empty())
    return usage_error(
        "--tensorboard is no longer there: the Python package writes for TensorBoard; give --log-json LOG, and run 'python3 -m "
        "glissade.tensorboard LOG DIR --follow' beside it");
  if (auto known = RankGroup::check(distribute); !known) return known;
  if (const auto known = RankGroup::sharing(communicate, wire, travel_share); !known) return known.error();
  if (auto ok = data.check(); !ok) return ok;
  if (const auto chosen = choose_evaluation_size(eval_rows); !chosen) return chosen.error();
  if (const auto chosen = choose_name_rows(name_rows); !chosen) return chosen.error();
  if (const auto chosen = choose_repeated_rows(repeated_rows); !chosen) return chosen.error();
  if (files.holdout == 1) return usage_error("--holdout: '1' would leave nothing to train on; allowed: 0 to less than 1");
  if (const auto watched = EarlyStop::create(settings.monitor); !watched) return watched.error();
  if (!resumes()) {
    if (auto ok = check_monitor(); !ok) return ok;
  }
  for (const auto& [option, path] :
       {std::pair{"--model", model}, {"--log-json", log}, {"--resume", resume_from}, {"--from", from}}) {
    if (auto ok = check_file_name(option, path); !ok) return ok;
  }
  if (auto ok = check_autotune(); !ok) return ok;
  if (autotune > 0 && config.names_effort())
    return usage_error("--effort and --autotune exclude each other: --autotune searches the settings itself; give one of them");
  if (log == model) return usage_error("--log-json and --model name the same file; give each its own");
  const std::vector<std::string> inputs = {files.train,         files.test,         files.valid,         from,
                                           label_names,         feature_names,      label_text,          groups,
                                           files.train_vectors, files.test_vectors, files.valid_vectors, same_things,
                                           sequence.item_file()};
  if (auto once = check_standard_input(inputs); !once) return once;
  if (auto ok = check_not_input(log, inputs); !ok) return ok;
  return check_replaceable(model, inputs);
}

Result<void> TrainOptions::check_sequences(bool reads_sequences, ItemOrder order) const {
  if (auto ok = sequence.check(reads_sequences); !ok) return ok;
  if (!reads_sequences) return {};
  if (sequence.names_events() && data.names_format() && !is_record_format(data.format()))
    return usage_error(fmt::format("--format {} has no columns; leave it out, or --user, --item and --time", data.format()));
  if (files.time_share > 0 && !files.valid.empty())
    return usage_error("--valid and --split exclude each other; give one of them");
  if (files.holdout > 0 && order != ItemOrder::on && (files.holdout_last > 0 || files.time_share > 0))
    return usage_error("--holdout holds whole sets out, --holdout-last and --split parts of all; give one of them");
  if (order == ItemOrder::on) {
    if (auto ok = check_ordered(); !ok) return ok;
  }
  if (!label_names.empty() || !feature_names.empty())
    return usage_error("--label-names and --feature-names: sequences bring their own names; leave them out");
  if (!label_text.empty())
    return usage_error(
        "--label-text is for rows with labels, and sequences have items; describe these with --item-features FILE");
  if (!files.train_vectors.empty())
    return usage_error("--vectors are beside the rows of a file, and sequences make rows of their own; leave them out");
  if (!groups.empty() || !same_things.empty())
    return usage_error("--groups and --same-things are for rows of a file, and sequences make rows of their own; leave them out");
  return {};
}

Result<void> TrainOptions::check_ordered() const {
  if (autotune > 0 && !files.has_validation())
    return usage_error("--autotune: with sequences it judges by the next items; give --holdout-last N or --valid FILE, too");
  if (files.holdout > 0)
    return usage_error("--holdout holds single rows out, and those of a sequence tell of each other; use --holdout-last N");
  return {};
}

Result<void> TrainOptions::check_records(bool reads_records) const {
  const bool reads_events = sequence.names_events();
  if (reads_events && records.names_columns())
    return usage_error(
        "--text, --categories, --numbers and --labels make rows of records, --user and --item sequences; give one of both");
  if (auto ok = records.check(reads_records, reads_events); !ok) return ok;
  if (reads_records && (!label_names.empty() || !feature_names.empty()))
    return usage_error("--label-names and --feature-names: records bring their own names; leave them out");
  if (reads_records && !same_things.empty())
    return usage_error("--same-things is for files of ids, and records bring names; leave it out");
  return {};
}

Result<void> TrainOptions::check_autotune() const {
  if (autotune == 0) return {};
  if (!from.empty())
    return usage_error("--autotune and --from exclude each other: the model of --from has its settings; give one of them");
  if (settings.monitor.metric == "loss")
    return usage_error("--autotune: losses of different settings cannot be compared; give --monitor another metric, such as p@1");
  const std::string state = model + ".autotune";
  return check_not_input(state,
                         {files.train, files.test, files.valid, label_names, feature_names, label_text, groups, same_things});
}

Result<void> TrainOptions::check_monitor() const {
  for (const CLI::Option* option : {patience_, min_delta_}) {
    if (option->count() > 0 && settings.monitor.metric.empty())
      return usage_error(fmt::format("{}: nothing is watched; give --monitor METRIC, too", option->get_name()));
  }
  const auto watched = EarlyStop::create(settings.monitor);
  if (!watched) return watched.error();
  if (!watched->needs_evaluation() || !files.test.empty() || files.has_validation() || autotune > 0) return {};
  return usage_error(
      fmt::format("--monitor {} needs data to evaluate on; give --valid FILE or --holdout SHARE", settings.monitor.metric));
}

}  // namespace glissade::apps
