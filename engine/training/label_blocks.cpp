#include "engine/training/label_blocks.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/search/row_lists.h"
#include "engine/search/scaled_rows.h"

namespace glissade {

bool share_connections(ParameterRows& output, bool are_means, const std::function<bool()>& set_means, WorkMonitor& monitor) {
  if (!output.is_open() || monitor.stopped()) return true;
  ParameterRows aside;
  if (!are_means) {
    ParameterRows::Options options = output.options().connected();
    options.state = {};
    aside = ParameterRows(output.rows(), output.width(), options);
    std::swap(output, aside);
    if (!set_means()) return false;
  }
  const std::size_t block = are_means ? output.block() : aside.block();
  std::vector<std::uint32_t> order;
  if (!monitor.stopped()) {
    const Activations none;
    order = cluster_rows(ScaledRows(output, none, 0), (output.rows() + block - 1) / block, monitor).order;
  }
  if (!are_means) std::swap(output, aside);
  if (monitor.stopped()) return true;
  output.share_connections(order, are_means);
  // Means lost what their blocks have no connection for: they get back their length, and biases that go with what is left.
  return !are_means || output.options().starts_whole || set_means();
}

}  // namespace glissade
