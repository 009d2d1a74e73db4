#pragma once

#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/search/coded_rows.h"

namespace glissade {

/// Finds out, with queries that the codes were not learned from, how long a shortlist has to be, how many lists have to be read,
/// and how far the estimated sums of exponentials are off. Takes the lists away where they do not save half of what is read, and
/// all codes where they do not tell rows apart well enough to be of use. In parallel; one exact search and one of all codes.
void calibrate_codes(const ParameterRows& rows, const Activations& queries, CodedRows& codes);

}  // namespace glissade
