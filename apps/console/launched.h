#pragma once

#include <glissade/communicator.h>
#include <glissade/result.h>

namespace glissade::apps {

/// The processes that a launcher such as mpirun has started beside this one; alone where none did. From then on only rank 0
/// speaks and answers signals. Runtime error if MPI cannot be had. Once in a process.
Result<Communicator> join_launched();

}  // namespace glissade::apps
