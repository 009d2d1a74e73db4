#pragma once

#include <glissade/result.h>
#include <tbb/info.h>
#include <tbb/parallel_pipeline.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "datasets/text_sink.h"

namespace glissade::datasets {

/// Formats rows [0, rows) in blocks on all threads and writes the blocks in order, so the file does not depend on the threads; a
/// few blocks are in memory at a time. `format(first, last, text)` appends the text of rows [first, last) and returns an
/// optional<Error>; the first error in row order stops the work.
template <class FormatBlock>
Result<void> write_ordered(std::uint64_t rows, std::uint64_t block_rows, TextSink& sink, std::uint64_t& text_bytes,
                           const FormatBlock& format) {
  struct Block {
    std::string text;
    std::optional<Error> error;
  };
  std::uint64_t next = 0;
  std::optional<Error> failed;        // touched by the serial stages only
  std::atomic<bool> stopping{false};  // lets the first stage, on another thread, hand out no more blocks
  const auto hand_out = [&](tbb::flow_control& flow) -> std::uint64_t {
    if (next >= rows || stopping.load(std::memory_order_relaxed)) {
      flow.stop();
      return 0;
    }
    const std::uint64_t first = next;
    next = first + std::min(block_rows, rows - first);
    return first;
  };
  const auto fill = [&](std::uint64_t first) {
    Block block;
    block.error = format(first, first + std::min(block_rows, rows - first), block.text);
    return block;
  };
  const auto put = [&](const Block& block) {
    if (failed) return;
    if (block.error) {
      failed = block.error;
    } else if (auto written = sink.write(block.text); !written) {
      failed = written.error();
    }
    text_bytes += block.text.size();
    if (failed) stopping.store(true, std::memory_order_relaxed);
  };
  const auto in_flight = static_cast<std::size_t>(std::max(1, tbb::info::default_concurrency())) * 3;
  tbb::parallel_pipeline(in_flight, tbb::make_filter<void, std::uint64_t>(tbb::filter_mode::serial_in_order, hand_out) &
                                        tbb::make_filter<std::uint64_t, Block>(tbb::filter_mode::parallel, fill) &
                                        tbb::make_filter<Block, void>(tbb::filter_mode::serial_in_order, put));
  if (failed) return *failed;
  return {};
}

}  // namespace glissade::datasets
