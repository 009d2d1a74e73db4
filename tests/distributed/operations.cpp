// Run by mpirun: the operations of tests/engine/communication_checks.h over the transport that the launcher's environment asks
// for.

#include <cstdio>
#include <string>

#include "tests/engine/communication_checks.h"

int main() {
  auto ranks = glissade::Communicator::of_launcher();
  if (!ranks) return std::fprintf(stderr, "%s\n", ranks.error().message.c_str()), 1;
  const std::string difference = glissade::test::check_operations(*ranks);
  if (!difference.empty()) return std::fprintf(stderr, "rank %d: %s\n", ranks->rank(), difference.c_str()), 1;
  if (ranks->rank() == 0) std::printf("%d ranks agree\n", ranks->size());
  ranks->finish();
}
