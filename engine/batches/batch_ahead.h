#pragma once

#include <oneapi/tbb/task_group.h>

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/batches/batch.h"

namespace glissade {

/// The batch of a step, and that of the next one, which is copied out of the data set while the first is trained on.
/// One thread calls; the copying runs in that thread's arena.
class BatchAhead {
 public:
  struct Request {
    const DatasetView& data;
    std::span<const std::uint32_t> rows;
    Batch::Dropout dropout;
    const FeatureTransform* transform = nullptr;  ///< the same for all requests; outlives the copying
  };

  /// Copying that goes on; its end waits for that.
  class Copying {
   public:
    explicit Copying(BatchAhead& batches) noexcept : batches_(batches) {}
    Copying(const Copying&) = delete;
    Copying& operator=(const Copying&) = delete;
    ~Copying() { finish(); }
    /// Waits now.
    void finish() noexcept {
      if (!finished_) batches_.wait();
      finished_ = true;
    }

   private:
    BatchAhead& batches_;
    bool finished_ = false;
  };

  /// The batch of `request`, valid until the next take(): what start() copied if that was the same request, else copied now.
  const Batch& take(const Request& request);

  /// Begins to copy the batch of `request`, whose data and rows must stay until the result's end. Nothing for no rows.
  [[nodiscard]] Copying start(const Request& request);

 private:
  void wait() noexcept;
  bool holds(const Request& request) const;

  Batch current_, next_;
  tbb::task_group copying_;
  std::vector<std::uint32_t> next_rows_;
  const std::uint64_t* next_offsets_ = nullptr;  ///< of the data set that `next_` was copied from; null if `next_` holds nothing
  std::uint64_t next_seed_ = 0;
};

}  // namespace glissade
