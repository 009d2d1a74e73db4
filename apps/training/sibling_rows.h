#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/result.h>
#include <glissade/row_relations.h>
#include <glissade/views.h>

#include "apps/config/config_source.h"

namespace glissade::apps {

/// What is to be found out of how the rows of the training file relate to each other.
struct RelationSettings {
  std::string groups_file;       ///< one group per line and row; "" = none
  std::string same_things_file;  ///< "label feature" per line; "" = none
  bool find = false;             ///< siblings and same things are looked for
};

/// Whether a training with `config` looks for siblings: it weighs paths, and may.
bool finds_siblings(const Config& config) noexcept;

/// Whether a training without a preset will, once the data have chosen one: these look for siblings and weigh paths, unless
/// options were given that say otherwise.
bool may_find_siblings(const ConfigSource::Resolved& asked) noexcept;

/// A number for groups in their order; never 0.
std::uint64_t content_of(const std::vector<std::uint64_t>& groups);

/// By feature the label of the same name, or kNoLabel; names that stand twice on a side, and empty ones, are nobody's. Empty
/// where no two are equal.
std::vector<std::uint32_t> same_names(const std::vector<std::string>& labels, const std::vector<std::string>& features);

/// Puts a table into `relations`.
void set_same_things(RowRelations& relations, std::vector<std::uint32_t> feature_labels);

/// Groups from the file, or found; empty where none are asked for or there. Tells what was found in a line unless `quiet`.
/// `left_out`: a flag for each row of the file `path`, where some are no rows of `data`; or nothing.
Result<RowRelations> relations_of(const DatasetView& data, const std::string& path, const RelationSettings& settings, bool quiet,
                                  const std::vector<bool>& left_out = {});

}  // namespace glissade::apps
