#pragma once

#include <string>

#include <glissade/communicator.h>

namespace glissade::test {

/// Every operation of a communicator, with sizes from nothing to several pieces, against what each rank can work out alone. The
/// first difference in words; "" if there is none. Collective.
std::string check_operations(Communicator& ranks);

}  // namespace glissade::test
