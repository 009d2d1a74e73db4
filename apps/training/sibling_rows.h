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

/// A number for groups in their order; never 0.
std::uint64_t content_of(const std::vector<std::uint64_t>& groups);

/// Groups from the file, or found; empty where none are asked for or there. Tells what was found in a line unless `quiet`.
/// `left_out`: a flag for each row of the file `path`, where some are no rows of `data`; or nothing.
Result<RowRelations> relations_of(const DatasetView& data, const std::string& path, const RelationSettings& settings, bool quiet,
                                  const std::vector<bool>& left_out = {});

}  // namespace glissade::apps
