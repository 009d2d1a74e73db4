#pragma once

namespace glissade::bench {

/// Registers what the hash tables do with the kernels: build, re-hash in slices, queries. At the active level.
void add_table_benches();

}  // namespace glissade::bench
