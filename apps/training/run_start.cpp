#include "apps/training/run_start.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <glissade/options.h>
#include <glissade/preparation.h>

#include "apps/console/interrupt.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/training/added_names.h"
#include "apps/training/sequence_data.h"
#include "datasets/message.h"

namespace glissade::apps {

Result<ConfigSource::Resolved> RunStart::open(Communicator& ranks) {
  auto asked = options_.config.resolve();
  if (!asked) return asked;
  if (options_.resumes()) {
    InterruptGuard::nothing_to_save_while("reading the model");
    auto opened = ResumedRun::open(options_, ranks);
    if (!opened) return opened.error();
    resumed_ = std::move(*opened);
    options_.settings.resumed_from = resumed_->path();
    if (auto settled = resumed_->settle(options_); !settled) return settled.error();
    std::string changed;
    if (auto taken = resumed_->take(*asked, changed); !taken) return taken.error();
    options_.settings.state_is_saved = changed.empty();
    if (!changed.empty() && !options_.settings.quiet) note(changed);
  } else if (!options_.from.empty()) {
    InterruptGuard::nothing_to_save_while("reading the model");
    auto model = Model::load(options_.from);
    if (!model) return model.error();
    from_ = std::move(*model);
    return options_.config.resolve_over(from_->config());
  }
  return asked;
}

const Model* RunStart::former() const noexcept {
  if (resumed_) return &resumed_->model();
  return from_ ? &*from_ : nullptr;
}

/// libsvm does not say how many features and labels there are: those of the model that the run starts from are meant, too.
Shape RunStart::shape_of(const DatasetView& data) const {
  if (resumed_) return resumed_->model().shape();
  Shape shape{data.feature_count, data.label_count, data.vectors.width};
  const auto reading = options_.data.resolve();
  if (!from_ || !reading || reading->format != datasets::Format::libsvm) return shape;
  if (options_.feature_names.empty()) shape.features = std::max(shape.features, from_->shape().features);
  if (options_.label_names.empty()) shape.labels = std::max(shape.labels, from_->shape().labels);
  return shape;
}

Result<PartNames> RunStart::read_names(const TrainingData& data) const {
  if (data.is_sequence()) {
    PartNames names{data.item_names, history_names(data.item_names, !data.is_set)};
    names.features.insert(names.features.end(), data.item_features.begin(), data.item_features.end());
    return names;
  }
  if (!data.names.labels.empty()) return data.names;
  return read_part_names(options_.label_names, options_.feature_names, shape_of(data.train));
}

PartNamesView RunStart::names_in_use(const PartNames& given, const Shape& shape) const noexcept {
  PartNamesView names{given.labels, given.features};
  if (former() == nullptr) return names;
  if (names.labels.empty() && former()->shape().labels == shape.labels) names.labels = former()->label_names();
  if (names.features.empty() && former()->shape().features == shape.features) names.features = former()->feature_names();
  return names;
}

Result<void> RunStart::complete(TrainingData& data, const PartNames& given) const {
  auto choice = choose_name_rows(options_.name_rows);
  if (!choice) return choice.error();
  if (data.is_sequence()) choice = NameRowsChoice::off;  // an item's name is no text
  const Shape shape = shape_of(data.train);
  if (resumed_) {
    if (auto fits = check_fits(data.train, options_.files.train, shape.features, shape.labels); !fits) return fits;
    const Model& known = resumed_->model();
    if (auto same = resumed_->check_names(given.labels, known.label_names(), "--label-names"); !same) return same;
    if (auto same = resumed_->check_names(given.features, known.feature_names(), "--feature-names"); !same) return same;
  }
  const PartNamesView names = names_in_use(given, shape);
  if (!options_.label_text.empty()) {
    auto texts = read_label_texts(options_.label_text, names, shape, data.notes, options_.settings.quiet);
    if (!texts) return texts.error();
    data.label_texts = std::move(*texts);
  }
  const NamedRows named{names, data.label_words(), shape, *choice, options_.settings.quiet};
  if (auto added = add_names(data, named); !added) return added;
  return resumed_ ? resumed_->check_data(data, options_.files) : Result<void>();
}

Result<Model> RunStart::make_model(const ConfigSource::Resolved& asked, const TrainingData& data, PartNames given,
                                   Communicator& ranks) {
  const Shape shape = shape_of(data.train);
  const DataFacts facts{.text = false,
                        .paged = data.train_pager != nullptr,
                        .named = names_in_use(given, shape).both() || data.label_words() != nullptr,
                        .shape = shape,
                        .samples = data.train.size() - data.train.added};
  if (!resumed_) {
    warn(asked, asked.config, facts);
    return new_model(asked.config, shape, std::move(given), same_things(asked.config, data.relations, data.train.label_count),
                     ranks);
  }
  warn(asked, resumed_->model().config(), facts);
  Model model = resumed_model();
  if (data.is_sequence()) return model;
  if (!given.labels.empty()) {
    if (auto done = model.set_label_names(std::move(given.labels)); !done) return done.error();
  }
  if (!given.features.empty()) {
    if (auto done = model.set_feature_names(std::move(given.features)); !done) return done.error();
  }
  return model;
}

Result<Model> RunStart::make_word_model(const ConfigSource::Resolved& asked, const TextData& text) {
  const DataFacts facts{.text = true, .paged = false, .named = true, .shape = text.shape(), .samples = 0};
  if (!resumed_) {
    warn(asked, asked.config, facts);
    Communicator alone;
    return new_model(asked.config, text.shape(), {text.corpus.words, text.subwords.names}, {}, alone);
  }
  warn(asked, resumed_->model().config(), facts);
  if (auto same = resumed_->check_text(text, options_.files); !same) return same.error();
  return resumed_model();
}

Result<Model> RunStart::new_model(Config config, const Shape& shape, PartNames names, std::vector<std::uint32_t> feature_labels,
                                  Communicator& ranks) {
  const auto tuned = settle_tables(config, shape, !feature_labels.empty(), static_cast<std::uint32_t>(ranks.size()));
  if (!tuned) return tuned.error();
  if (!tuned->empty() && !options_.settings.quiet) note(*tuned);
  if (from_) return started_from(config, shape, std::move(names), std::move(feature_labels), ranks);
  auto model = Model::create_shard(ranks, config, shape, std::move(feature_labels));
  if (!model) return model;
  if (auto done = model->set_label_names(std::move(names.labels)); !done) return done.error();
  if (auto done = model->set_feature_names(std::move(names.features)); !done) return done.error();
  return model;
}

Result<Model> RunStart::started_from(const Config& config, const Shape& shape, PartNames names,
                                     std::vector<std::uint32_t> feature_labels, Communicator& ranks) {
  const std::string file = datasets::quoted(options_.from);
  Model::Taken taken;
  auto model = Model::create_from(*from_, config, shape, std::move(names.features), std::move(names.labels), &taken,
                                  std::move(feature_labels), &ranks);
  if (!model) return Error{fmt::format("--from: {}: {}", file, model.error().message), model.error().kind};
  from_.reset();
  if (!options_.settings.quiet) {
    note(
        fmt::format("starting from {}: the hidden layers and the rows of {} of {} labels and {} of {} features are taken over; "
                    "sparse paths, hash tables, counts and the optimiser's state are made anew",
                    file, grouped(taken.labels), grouped(shape.labels), grouped(taken.features), grouped(shape.features)));
  }
  return model;
}

Model RunStart::resumed_model() {
  options_.settings.notes = resumed_->notes();
  return std::move(resumed_->model());
}

/// The table of which feature is which label, where the model is to use it. Told in either case.
std::vector<std::uint32_t> RunStart::same_things(const Config& config, const RowRelations& relations, std::size_t labels) const {
  if (relations.feature_labels.empty()) return {};
  const bool excludes = config.candidates.exclude_input;
  if (!options_.settings.quiet && relations.same_things > 0) {
    note(fmt::format("{} of {} labels are features under other ids: {}", grouped(relations.same_things), grouped(labels),
                     excludes ? "a row's own features are not predicted as its labels (--exclude-input off: they may be)"
                              : "a row's own features may be predicted as its labels (--exclude-input on: they are not)"));
  }
  return excludes ? relations.feature_labels : std::vector<std::uint32_t>();
}

/// Also with --quiet: what is passed over in silence looks as if it had been done.
void RunStart::warn(const ConfigSource::Resolved& asked, const Config& config, const DataFacts& data) const {
  for (const std::string& line : options_.config.warnings(asked, config, data)) complain("warning: " + line);
}

}  // namespace glissade::apps
