#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <glissade/data_profile.h>
#include <glissade/label_names.h>
#include <glissade/model.h>
#include <glissade/options.h>
#include <glissade/result.h>
#include <glissade/row_pager.h>
#include <glissade/row_relations.h>
#include <glissade/settings.h>
#include <glissade/views.h>

namespace glissade {

/// The rules by which a training takes from its data what nobody said: one for each choice, in the order in which they are made.
/// prepare_training() (training_start.h) is all of them for rows in memory; `glissade train` calls them one by one. Pure and
/// thread-safe, on the threads of the calling arena.

/// Whether a training with `config` looks for siblings (relate_rows): it weighs paths, and may.
bool finds_siblings(const Config& config) noexcept;
/// Whether a training without a preset will, once the data have chosen one: these look for siblings and weigh paths, unless
/// options were given that say otherwise.
bool may_find_siblings(const ResolvedConfig& asked) noexcept;

/// By feature the label of the same name, or RowRelations::kNoLabel; names that stand twice on a side, and empty ones, are
/// nobody's. Empty where no two are equal.
std::vector<std::uint32_t> same_names(std::span<const std::string> labels, std::span<const std::string> features);
/// Puts a table into `relations`.
void set_same_things(RowRelations& relations, std::vector<std::uint32_t> feature_labels);
/// Labels and features of equal names are the same things where exclude-input was asked for, or where the rows agree.
void relate_names(const ResolvedConfig& asked, const DatasetView& data, std::span<const std::string> labels,
                  std::span<const std::string> features, RowRelations& relations);

/// Checks a configuration for a network of `shape` and chooses its tables, as tune_tables() does. Returns what that says. Fails
/// on options that exclude each other, and where memory does not suffice. `ranks`: how many share the rows out.
Result<std::string> settle_tables(Config& config, const Shape& shape, bool same_things, std::uint32_t ranks = 1);

/// Puts the weighting that the data suggest into the place of `automatic`, which also stands where nothing is said about it; a
/// model that training starts from (`has_former`) says it. Returns a line for the user, "" if nothing was chosen.
/// `has_words`: features are words and the like, with their counts as values.
std::string settle_weighting(ResolvedConfig& asked, bool has_former, DataProfile data, bool has_words);

/// The preset of rows of histories (histories.h).
PresetChoice history_preset();
/// The preset of rows of sets.
PresetChoice set_preset();
/// For histories whose next item is never one before it: sets exclude-input, unless it was named. Returns whether it did.
bool settle_exclusion(ResolvedConfig& asked) noexcept;
/// Values that fall with age say what they are to say: no weighting is chosen for them.
void settle_history_weighting(Config& config) noexcept;

/// Labels' names (or texts) as rows, and why or why not.
struct NamesAsRows {
  std::size_t labels = 0;
  NameEvidence evidence;
  NameRows rows;  ///< none where the evidence does not tell
};
/// `always`: whatever the evidence says.
NamesAsRows names_as_rows(const NameFeatures& names, const DatasetView& data, const RowPager* pager, bool always);
/// Groups of `count` more rows, each of which is alone. `groups` has some already.
void add_lone_rows(std::vector<std::uint64_t>& groups, std::size_t count);

}  // namespace glissade
