#include "apps/training/block_order.h"

#include <fmt/format.h>

#include <glissade/row_order.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/message.h"

namespace glissade::apps {

void warn_of_order(const Config& config, const DatasetView& data, const std::string& path) {
  const std::size_t block = config.training.shuffle_block;
  if (block == 0 || config.training.batches == BatchKind::similar || data.size() <= kBlocksTogether * block) return;
  const RowOrder order = row_order(data.labels, block);
  if (!order.is_sorted()) return;
  const std::string common = order.far > 0
                                 ? fmt::format("{:.3g} times as many labels in common as two further apart", order.times())
                                 : "labels in common, and two further apart have none";
  note(
      fmt::format("warning: rows of {} lie in an order: two within {} rows have {}, which costs accuracy with --shuffle-block; "
                  "shuffle the file's rows once, or leave --shuffle-block out",
                  datasets::quoted(path), grouped(block), common));
}

}  // namespace glissade::apps
