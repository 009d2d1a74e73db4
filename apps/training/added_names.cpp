#include "apps/training/added_names.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include <glissade/label_names.h>
#include <glissade/preparation.h>

#include "apps/config/choice.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/cache_limit.h"
#include "datasets/append.h"

namespace glissade::apps {
namespace {

constexpr std::array<Choice<NameRowsChoice>, 3> kChoices = {
    {{"auto", NameRowsChoice::automatic}, {"on", NameRowsChoice::on}, {"off", NameRowsChoice::off}}};

/// The first rows of a view.
SparseRows first_rows(const SparseRows& rows, std::size_t count) {
  const auto offsets = rows.offsets.first(count + 1);
  return {offsets, rows.ids.first(offsets.back()), rows.values.empty() ? rows.values : rows.values.first(offsets.back())};
}

/// In the place of the training rows, which are the first of what the data own.
void append(TrainingData& data, const NameRows& rows) {
  std::vector<std::uint64_t> label_offsets(rows.rows() + 1);
  for (std::size_t i = 0; i < label_offsets.size(); ++i) label_offsets[i] = i;
  datasets::Dataset& owner = data.owners.front();
  const DatasetView more{owner.view().feature_count,
                         owner.view().label_count,
                         {rows.offsets, rows.ids, rows.values},
                         {label_offsets, rows.labels, {}}};
  const std::size_t samples = data.train.size();
  owner = datasets::append_rows(owner, more);
  keep_cache_limit({&owner});
  std::vector<std::uint64_t>& groups = data.relations.groups;
  const bool has_groups = !data.train.groups.empty();
  if (has_groups) add_lone_rows(groups, rows.rows());
  data.train = owner.view();
  if (has_groups) data.train.groups = groups;
  data.train.added = rows.rows();
  data.train_pager = owner.pager();
  DatasetView& told = data.events.front().view;  // of the file alone
  told.features = first_rows(data.train.features, samples);
  told.vectors = {};
  told.labels = first_rows(data.train.labels, samples);
}

std::string evidence_text(const NameEvidence& evidence, const char* what) {
  return fmt::format("samples have {:.1f} % of the words of their labels' {}, others have {:.1f} %", 100 * evidence.own, what,
                     100 * evidence.chance);
}

}  // namespace

Result<NameRowsChoice> choose_name_rows(const std::string& text) { return choose("--name-rows", text, kChoices); }

Result<void> add_names(TrainingData& data, const NamedRows& named) {
  const bool automatic = named.choice == NameRowsChoice::automatic, known = named.texts != nullptr || named.names.both();
  if (named.choice == NameRowsChoice::off || (automatic && !known)) return {};
  if (!known) return usage_error("--name-rows on needs the names of both; give --label-names FILE and --feature-names FILE");
  const NameFeatures own = named.texts == nullptr ? name_features(named.names.labels, named.names.features) : NameFeatures{};
  const NameFeatures& names = named.texts == nullptr ? own : *named.texts;
  const char* const what = named.texts == nullptr ? "names" : "texts";
  DatasetView samples = data.train;
  samples.feature_count = named.shape.features;
  const NamesAsRows found = names_as_rows(names, samples, data.train_pager, !automatic);
  if (automatic && !found.evidence.tells()) {
    if (!named.quiet)
      note(fmt::format("label {} are not trained on: {}; --name-rows on adds them as rows", what,
                       evidence_text(found.evidence, what)));
    return {};
  }
  const NameRows& rows = found.rows;
  if (rows.rows() == 0)
    return usage_error(fmt::format("--name-rows on: no label's {} has a word that is a feature; leave it out",
                                   named.texts == nullptr ? "name" : "text"));
  append(data, rows);
  if (!named.quiet)
    note(
        fmt::format("label {}: {} of {} have words that are features, and each is one more training row of its label ({}); "
                    "--name-rows off leaves them out",
                    what, grouped(rows.rows()), grouped(found.labels), evidence_text(found.evidence, what)));
  return {};
}

}  // namespace glissade::apps
