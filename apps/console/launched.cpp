#include "apps/console/launched.h"

#include "apps/console/interrupt.h"
#include "apps/console/output.h"

namespace glissade::apps {

Result<Communicator> join_launched() {
  const auto launch = launch_in_environment();
  if (!launch) return Communicator();
  speak_for_rank(launch->rank);
  if (launch->rank > 0) leave_interrupts_to_parent();
  return Communicator::of_launcher();
}

}  // namespace glissade::apps
