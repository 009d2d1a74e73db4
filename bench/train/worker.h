#pragma once

#include <string>
#include <vector>

#include <glissade/result.h>

#include "bench/train/arguments.h"
#include "bench/train/json.h"

namespace glissade::bench {

/// The worker that only reads: it times the text, fills the cache and describes the data. Any other name is that of a variant.
inline constexpr const char* kReadWorker = "read";

/// Starts this program again with the same arguments and `worker` as its task, and waits for its result. Peak memory and warm
/// caches thus belong to one run alone. The worker's standard error is ours; it ends when we do.
Result<Json> start_worker(const std::vector<std::string>& command, const std::string& worker);

/// What such a process does: its task, then one line of JSON on standard output, the result or the error. Exit status 0 or 1.
int be_worker(const Arguments& arguments);

}  // namespace glissade::bench
