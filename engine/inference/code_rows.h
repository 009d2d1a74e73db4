#pragma once

#include <optional>

#include <glissade/result.h>

#include "engine/model/impl.h"

namespace glissade {

/// Learns the codes that Search::learned needs from the output rows and from what about 2,000 of these rows, evenly spread, make
/// of the last hidden layer; nothing where the output layer is too small for them to pay, or where
/// `monitor` is stopped. The rows are legal.
std::optional<Error> code_output_rows(Model::Impl& impl, const InputRows& inputs, WorkMonitor& monitor);

/// Of a shard, in the place of codes: keeps what they will be made with when the rows are together again. Collective.
std::optional<Error> keep_queries(Model::Impl& impl, const InputRows& inputs, InputShards& shards);

}  // namespace glissade
