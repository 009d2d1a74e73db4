#include <glissade/learner.h>

#include <fmt/format.h>

#include <new>
#include <utility>

#include "engine/learning/living_model.h"
#include "engine/learning/publisher.h"
#include "engine/model/access.h"
#include "engine/model/shared_slot.h"
#include "engine/progress/stopwatch.h"
#include "engine/serving/state.h"

namespace glissade {

class Learner::Impl {
 public:
  Impl(Model model, const LearnerOptions& options) : living_(std::move(model), options) { publish(); }

  Result<void> learn(const DatasetView& events) {
    const Stopwatch watch;
    auto done = living_.learn(events, publisher_);
    living_.report().seconds += watch.seconds();
    return done;
  }

  Snapshot publish() {
    std::shared_ptr<const Snapshot::State> state;
    living_.execute([&] { state = publisher_.publish(living_.model(), living_.begin_generation(), version_++); });
    current_.store(state);  // the last one may come back by this
    publisher_.keep_spare(state);
    living_.report().whole_copies = whole_copies_ + publisher_.whole_copies();
    return SnapshotAccess::make(std::move(state));
  }

  Snapshot current() const { return SnapshotAccess::make(current_.load()); }

  Result<void> save(const std::string& path) {
    Publisher anew;  // copies of the old one share what is merged; nothing may fail between the two
    if (auto merged = living_.merge(); !merged) return merged;
    whole_copies_ += publisher_.whole_copies();
    publisher_ = std::move(anew);
    publisher_.prepare(living_.model(), living_.codes());
    return living_.save(path);
  }

  LivingModel& living() noexcept { return living_; }
  Publisher& publisher() noexcept { return publisher_; }

 private:
  LivingModel living_;
  Publisher publisher_;
  std::uint64_t version_ = 1, whole_copies_ = 0;
  SharedSlot<const Snapshot::State> current_;
};

namespace {

template <class Call>
auto guarded(const char* doing, const Call& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return runtime_error(fmt::format("out of memory while {}; what was published before stays good", doing));
  }
}

}  // namespace

Learner::Learner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Learner::Learner(Learner&&) noexcept = default;
Learner& Learner::operator=(Learner&&) noexcept = default;
Learner::~Learner() = default;

Result<Learner> Learner::create(Model model, const LearnerOptions& options) {
  if (auto fit = LivingModel::check(model, options); !fit) return fit.error();
  return guarded("making a learner",
                 [&]() -> Result<Learner> { return Learner(std::make_unique<Impl>(std::move(model), options)); });
}

Result<Model> Learner::read(const std::string& path) {
  auto model = Model::load(path, LoadFor::training);
  // The one usage error is that there is no training state.
  if (!model && model.error().kind == Error::Kind::usage) return Model::load(path);
  return model;
}

Result<Learner> Learner::load(const std::string& path, const LearnerOptions& options) {
  auto model = read(path);
  if (!model) return model.error();
  return create(std::move(*model), options);
}

Result<void> Learner::check(const DatasetView& events) const {
  return guarded("checking events", [&] { return impl_->living().check(events); });
}

Result<void> Learner::learn(const DatasetView& events) {
  return guarded("learning", [&] { return impl_->learn(events); });
}

Result<std::uint32_t> Learner::add_labels(std::uint32_t count, std::vector<std::string> names) {
  return guarded("adding labels", [&] { return impl_->living().add_labels(count, std::move(names), impl_->publisher()); });
}

Result<std::uint32_t> Learner::add_features(std::uint32_t count, std::vector<std::string> names) {
  return guarded("adding features", [&] { return impl_->living().add_features(count, std::move(names)); });
}

Result<void> Learner::retire(std::span<const std::uint32_t> labels) {
  return guarded("retiring labels", [&] { return impl_->living().show(labels, false); });
}

Result<void> Learner::restore(std::span<const std::uint32_t> labels) {
  return guarded("restoring labels", [&] { return impl_->living().show(labels, true); });
}

Result<Snapshot> Learner::publish() {
  return guarded("publishing", [&]() -> Result<Snapshot> {
    if (auto whole = impl_->living().check_whole(); !whole) return whole.error();
    return impl_->publish();
  });
}

Snapshot Learner::current() const { return impl_->current(); }

Result<void> Learner::save(const std::string& path) {
  return guarded("saving", [&] { return impl_->save(path); });
}

const LearnReport& Learner::report() const noexcept { return impl_->living().report(); }
Shape Learner::shape() const noexcept { return impl_->living().model().shape; }
std::uint64_t Learner::memory() const noexcept { return impl_->living().memory_bytes() + impl_->publisher().memory_bytes(); }

}  // namespace glissade
