#include "engine/learning/publisher.h"

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <new>
#include <utility>

#include "engine/model/sections.h"

namespace glissade {
namespace {

bool is_large(std::uint32_t layer, std::uint32_t output) noexcept { return layer == 0 || layer == output; }

/// What the forward pass reads, of all rows that a step after `step` has touched.
void take_changed(ParameterRows& to, const ParameterRows& from, std::uint64_t step) {
  constexpr std::size_t kGrain = 1024;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, from.rows(), kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      if (from.row_steps[row] > step) to.take_forward(from, row);
    }
  });
}

/// Calls visit(layer, to, from) for each block of parameters; the index of the layer is that of the sections.
template <class Visit>
void for_each_pair(Network& to, const Network& from, const Visit& visit) {
  std::vector<const ParameterRows*> sources;
  for_each_layer(from, [&](std::uint32_t, const ParameterRows& rows) { sources.push_back(&rows); });
  auto source = sources.begin();
  for_each_layer(to, [&](std::uint32_t layer, ParameterRows& rows) { visit(layer, rows, **source++); });
}

}  // namespace

void Publisher::Log::add(std::uint32_t what) {
  constexpr std::size_t kMost = std::size_t{1} << 22;
  if (entries_.size() >= kMost) {
    entries_.erase(entries_.begin(), entries_.begin() + kMost / 2);
    forgotten_ += kMost / 2;
  }
  entries_.push_back(what);
}

Publisher::Copy::~Copy() {
  if (memory) *memory -= impl->network.memory_bytes();
}

std::uint64_t Publisher::memory_bytes() const noexcept { return *memory_; }

void Publisher::Pool::put(std::unique_ptr<Copy> copy) {
  const std::lock_guard lock(mutex);
  if (free.size() < kMost) free.push_back(std::move(copy));
}

std::unique_ptr<Publisher::Copy> Publisher::Pool::take() {
  const std::lock_guard lock(mutex);
  const auto best = std::ranges::max_element(free, {}, [](const auto& copy) { return std::pair(copy->step, copy->changed); });
  if (best == free.end()) return nullptr;
  std::unique_ptr<Copy> copy = std::move(*best);
  free.erase(best);
  return copy;
}

std::unique_ptr<Publisher::Copy> Publisher::copy_of(const Model::Impl& from, const CodedRows* codes, const Memory& memory) {
  // Some room, which costs nothing before it is used, so that labels and features which come later do not move the others.
  constexpr std::uint32_t kPart = 8;
  const Shape roomy{from.shape.features + from.shape.features / kPart, from.shape.labels + from.shape.labels / kPart,
                    from.shape.vector_width};
  auto copy = std::make_unique<Copy>();
  copy->impl = std::make_unique<Model::Impl>(from.config, roomy, false, nullptr, from.network.is_compact());
  Model::Impl& impl = *copy->impl;
  impl.shape = from.shape;
  impl.network.output.grow(from.shape.labels);
  impl.network.input.rows.grow(from.shape.features);
  for_each_pair(impl.network, from.network,
                [](std::uint32_t, ParameterRows& to, const ParameterRows& rows) { to.take_forward(rows); });
  impl.transform.share(from.transform);
  impl.set_paths(from.paths.shared());
  if (codes != nullptr) impl.codes = codes->shared();
  impl.label_counts = from.label_counts;
  impl.feature_labels = from.feature_labels;
  impl.data_notes = from.data_notes;
  copy->memory = memory;
  *memory += impl.network.memory_bytes();
  return copy;
}

/// One that may be brought up to date, or one that is.
std::unique_ptr<Publisher::Copy> Publisher::take(Model::Impl& model, const CodedRows* codes) {
  std::unique_ptr<Copy> copy = pool_->take();
  if (copy && changed_.knows(copy->changed) && started_.knows(copy->started)) {
    update(*copy, model);
    return copy;
  }
  copy.reset();
  ++whole_copies_;
  return copy_of(model, codes, memory_);
}

void Publisher::prepare(const Model::Impl& model, const CodedRows* codes) {
  std::unique_ptr<Copy> copy = copy_of(model, codes, memory_);
  copy->step = model.step;
  copy->changed = changed_.end();
  copy->started = started_.end();
  pool_->put(std::move(copy));
}

void Publisher::keep_spare(const std::shared_ptr<const Snapshot::State>& last) {
  {
    const std::lock_guard lock(pool_->mutex);
    if (!pool_->free.empty() || pool_->makes_spare) return;
    pool_->makes_spare = true;
  }
  const auto make = [pool = pool_, memory = memory_, last, changed = changed_.end(), started = started_.end()] {
    std::unique_ptr<Copy> copy;
    try {
      const Model::Impl& from = *last->impl;
      copy = copy_of(from, from.codes.empty() ? nullptr : &from.codes, memory);
      copy->step = from.step;
      copy->changed = changed;
      copy->started = started;
      pool->put(std::move(copy));
    } catch (const std::bad_alloc&) {  // then the next publication makes its copy, or says that it cannot
    }
    const std::lock_guard lock(pool->mutex);
    pool->makes_spare = false;
  };
  try {
    // What is enqueued is run even where no thread but the caller's may work. Nobody waits for it.
    tbb::task_arena(1, 0).enqueue(make);
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(pool_->mutex);
    pool_->makes_spare = false;
  }
}

void Publisher::update(Copy& copy, Model::Impl& model) const {
  Model::Impl& impl = *copy.impl;
  if (impl.shape.labels != model.shape.labels || impl.shape.features != model.shape.features) {
    const std::uint64_t before = impl.network.memory_bytes();
    impl.shape = model.shape;
    impl.network.output.grow(model.shape.labels);
    impl.network.input.rows.grow(model.shape.features);
    impl.transform.share(model.transform);
    impl.label_counts.resize(model.label_counts.size());
    impl.feature_labels = model.feature_labels;
    impl.set_paths(model.paths.shared());
    *memory_ += impl.network.memory_bytes() - before;
  }
  if (model.step > copy.step) {
    const auto output = static_cast<std::uint32_t>(2 + model.network.dense.size());
    for_each_pair(impl.network, model.network, [&](std::uint32_t layer, ParameterRows& to, const ParameterRows& from) {
      if (is_large(layer, output)) {
        take_changed(to, from, copy.step);
      } else {
        to.take_forward(from);
      }
    });
    impl.drop_index();
  }
  for (const std::uint32_t row : started_.since(copy.started)) impl.network.output.take_forward(model.network.output, row);
  const bool has_rows = !impl.paths.label_rows.changed.empty();
  for (const std::uint32_t label : changed_.since(copy.changed)) {
    impl.label_counts[label] = model.label_counts[label];
    if (has_rows) impl.paths.label_rows.changed.put(label, model.paths.label_rows.changed.at(label));
  }
}

std::shared_ptr<const Snapshot::State> Publisher::publish(Model::Impl& model, const Parts& parts, std::uint64_t version) {
  std::unique_ptr<Copy> copy = take(model, parts.codes);
  copy->step = model.step;
  copy->changed = changed_.end();
  copy->started = started_.end();
  Model::Impl& impl = *copy->impl;
  impl.step = model.step;
  impl.training_samples = model.training_samples;
  impl.paths.label_rows.fresh = model.paths.label_rows.fresh;
  impl.paths.neighbours.fresh_samples = model.paths.neighbours.fresh_samples;
  impl.paths.neighbours.fresh = model.paths.neighbours.fresh;
  impl.paths.linear.weights = model.paths.linear.weights.shared();
  impl.paths.ranker.weights = model.paths.ranker.weights.shared();
  impl.paths.calibration.numbers = model.paths.calibration.numbers.shared();
  auto state = std::make_shared<Snapshot::State>();
  state->version = version;
  state->label_names = parts.label_names;
  state->feature_names = parts.feature_names;
  state->shown = parts.shown;
  state->keeps = parts.keeps;
  Copy* const held = copy.release();
  state->impl = std::shared_ptr<Model::Impl>(held->impl.get(),
                                             [pool = pool_, held](Model::Impl*) { pool->put(std::unique_ptr<Copy>(held)); });
  return state;
}

}  // namespace glissade
