#include "engine/training/pass_reader.h"

#include <span>

namespace glissade {

std::unique_ptr<WindowReader> pass_reader(const Model::Impl& model, const RowPager* pager, std::size_t rows,
                                          const TrainingStep& step) {
  const Config::Training& training = model.config.training;
  if (pager == nullptr || training.shuffle_block == 0 || training.batches == BatchKind::similar) return nullptr;
  const std::span<const std::uint32_t> order = model.pass.order;
  return std::make_unique<WindowReader>(
      *pager, order, rows, training.shuffle_block, training.loader_threads,
      [&step, samples = order.size()](std::size_t position) { return step.goes_through(position, samples); });
}

}  // namespace glissade
