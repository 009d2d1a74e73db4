#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <glissade/result.h>

#include "engine/model/shard_files.h"
#include "engine/model/table_state.h"
#include "engine/model_file/container.h"
#include "engine/ranking/ranked_paths.h"

namespace glissade {

// The rows of paths in model files. The file of a model that ranks share out has what is whole, each shard the rows of its rank,
// with offsets of their own.

/// Which arrays of paths: all, those that are whole on every rank, or those that have rows of one rank.
enum class PathArrays { all, whole, of_rows };

/// Adds those arrays that are not empty; without a training state none that is for training only.
void add_paths(RankedPaths& paths, PathArrays which, bool with_training_state, std::vector<model_file::Section>& sections);

/// Adds what the file that names the shards says of the rows in them, if paths have rows there. `samples`: rows of training
/// samples on all ranks together.
void add_shard_paths(RankedPaths& paths, std::uint64_t samples, bool with_training_state, StateSections& out);

/// Fills the arrays of `paths`, those of rows with the rows of `paths.owners`. `shards`: where the rows of features and labels
/// lie. Rows of paths lie there if `file` says so, else in `file`. What was read is to be checked by RankedPaths::defect().
std::optional<Error> read_paths(const model_file::Reader& file, const RowFiles& shards, bool training, std::size_t labels,
                                RankedPaths& paths);

/// Whether it is a section of the rows of paths.
bool is_of_path_rows(model_file::SectionKind kind, std::uint32_t index);

/// Adds the sections of all rows of paths that lie in shards, which are read as they are written. Both must outlive them. Nothing
/// is added if `file` has these rows itself.
Result<void> add_merged_paths(const model_file::Reader& file, const RowFiles& shards, bool with_training_state,
                              std::size_t labels, std::vector<model_file::Section>& sections);

}  // namespace glissade
