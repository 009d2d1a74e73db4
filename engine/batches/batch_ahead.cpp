#include "engine/batches/batch_ahead.h"

#include <algorithm>
#include <utility>

namespace glissade {

const Batch& BatchAhead::take(const Request& request) {
  if (holds(request)) {
    std::swap(current_, next_);
  } else {
    current_.gather(request.data, request.rows, request.dropout, request.transform);
  }
  next_offsets_ = nullptr;
  return current_;
}

BatchAhead::Copying BatchAhead::start(const Request& request) {
  next_rows_.assign(request.rows.begin(), request.rows.end());
  next_seed_ = request.dropout.seed;
  next_offsets_ = nullptr;
  if (!request.rows.empty()) {
    copying_.run([this, &data = request.data, dropout = request.dropout, transform = request.transform] {
      next_.gather(data, next_rows_, dropout, transform);
      next_offsets_ = data.features.offsets.data();
    });
  }
  return Copying(*this);
}

void BatchAhead::wait() noexcept {
  try {
    copying_.wait();
  } catch (...) {
    next_offsets_ = nullptr;  // out of memory; take() copies that batch itself, and reports what is wrong then
  }
}

bool BatchAhead::holds(const Request& request) const {
  return next_offsets_ != nullptr && next_offsets_ == request.data.features.offsets.data() &&
         next_seed_ == request.dropout.seed && std::ranges::equal(next_rows_, request.rows);
}

}  // namespace glissade
