#pragma once

#include <functional>

#include "engine/parameters/parameter_rows.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// Labels whose samples are alike share the connections of their rows, if `output` is open: rows are clustered by the means of
/// their samples, and a block is so many neighbours in the order of the clusters. The means are what the rows are, or else what
/// set_means() makes of them, for the time being; then this has the rows as they were. A function of the means, for any number of
/// threads. Rows that are means share the columns of the largest sums of their magnitudes, and are set once more, now that they
/// have these alone. In parallel; about 200 multiplications a weight. False if set_means() is. Stopped by the monitor, nothing is
/// shared.
bool share_connections(ParameterRows& output, bool are_means, const std::function<bool()>& set_means, WorkMonitor& monitor);

}  // namespace glissade
