#pragma once

#include <cstdint>
#include <string>

#include <glissade/result.h>

namespace glissade {

/// In how many files beside it the model file at `path` has the rows of its features and labels; 0: it has them itself. Such
/// files come from ranks that share a model out (Distribution::labels). Runtime error if it is no model file.
Result<std::uint32_t> count_shards(const std::string& path);

/// Bytes of the model file at `path` and of the files beside it that it names; 0 if they cannot be told.
std::uint64_t bytes_with_shards(const std::string& path);

/// Writes one file that has all rows, from a model file and its shards, of any size: the rows pass through a small buffer. It
/// also has the codes for Search::learned, as if one process had trained it. Without the training state it is smaller and cannot
/// be trained on. Runtime error if a file is missing or damaged, or `to` cannot be written. `to` is the old file or the whole new
/// one.
Result<void> merge_shards(const std::string& path, const std::string& to, bool with_training_state = true);

/// Whether `name` is that of a shard of the model file `model_name`, or of a checkpoint of it; both without folders.
bool is_shard_of(const std::string& name, const std::string& model_name);

/// Removes the shards of the model file `path`, and of its checkpoints, that no model file in the folder names.
void remove_unnamed_shards(const std::string& path);

}  // namespace glissade
