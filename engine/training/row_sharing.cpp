#include "engine/training/row_sharing.h"

#include "engine/losses/shard_sums.h"

namespace glissade {

void RowSharing::add_up(OutputReport& report) {
  rows_.tell(report.loss);
  rows_.tell(static_cast<double>(report.rows_touched));
  rows_.tell(report.ok ? 0 : 1);
  rows_.tell(stop_.own ? 1 : 0);
  rows_.tell(static_cast<double>(inputs_.different()));
  rows_.tell(static_cast<double>(report.active_rows));
  rows_.exchange();
  rows_.end_sum();
  if (rows_.error()) return;
  const std::size_t own = rows_.heard_count() - 6;
  report.hits = ShardSums::hits(rows_, own / 2);
  report.loss = rows_.heard_sum(own);
  report.rows_touched = static_cast<std::uint64_t>(rows_.heard_sum(own + 1));
  report.ok = rows_.heard_sum(own + 2) == 0;
  features_touched_ = static_cast<std::uint64_t>(rows_.heard_sum(own + 4));
  report.active_rows = static_cast<std::uint64_t>(rows_.heard_sum(own + 5));
  stop_.is_agreed = rows_.heard_sum(own + 3) != 0;
}

void RowSharing::add_up(Waited& waited) {
  rows_.tell(static_cast<double>(waited.features));
  rows_.tell(static_cast<double>(waited.rows));
  rows_.tell(waited.square);
  rows_.exchange();
  if (rows_.error()) return;
  waited = {static_cast<std::uint64_t>(rows_.heard_sum(0)), static_cast<std::uint64_t>(rows_.heard_sum(1)), rows_.heard_sum(2)};
}

}  // namespace glissade
