#pragma once

#include "engine/search/coded_rows.h"
#include "engine/search/search.h"

namespace glissade {

/// Estimates the logits of all rows from their codes and scores those that look best. A softmax's sum of exponentials is that of
/// the scored rows plus an estimate for the others, from the codes of one row in sixteen. In parallel over samples; without
/// allocation once a thread's buffers have grown.
void search_coded(const ParameterRows& rows, const CodedRows& codes, const Activations& hidden, const SearchTarget& target);

}  // namespace glissade
