#include <fmt/format.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <new>

#include <glissade/communicator.h>
#include <glissade/options.h>
#include <glissade/runtime.h>
#include <glissade/tuning.h>

#include "engine/model/impl.h"
#include "engine/model/sections.h"

namespace glissade {

std::shared_ptr<const LabelIndex> Model::Impl::search_index() {
  if (index_ && index_->full()) return {std::shared_ptr<const void>(), index_.get()};
  // Averaging and the last weighing change rows without a step, but with the epoch.
  const std::pair rows{step, epochs_done};
  auto searched = search_index_.load();
  if (!searched || searched->built_at != rows) {
    auto made = std::make_shared<SearchTables>(config, network.output, rows);
    // Isolated: a thread that waits in here must not take up another query of the caller's loop, which would build tables, too.
    tbb::this_task_arena::isolate([&] { made->index.build(); });
    std::shared_ptr<const SearchTables> ready = std::move(made);
    // Another thread may have been faster.
    searched = search_index_.replace(searched, std::move(ready));
  }
  return {searched, &searched->index};
}

Result<void> Model::Impl::check_whole(const char* what) const {
  if (!shards) return {};
  return usage_error(fmt::format("{} needs all rows in one process; start one alone, or load the model whole", what));
}

LabelIndex& Model::Impl::training_index() {
  if (!index_) index_ = std::make_unique<LabelIndex>(config, network.output);
  return *index_;
}

ClusterIndex& Model::Impl::training_clusters() {
  if (!clusters_) clusters_ = std::make_unique<ClusterIndex>(config, network.output);
  return *clusters_;
}

std::unique_ptr<CandidateSearch> Model::Impl::take_search() {
  {
    const std::lock_guard lock(search_mutex_);
    if (!searches_.empty()) {
      auto search = std::move(searches_.back());
      searches_.pop_back();
      return search;
    }
  }
  return std::make_unique<CandidateSearch>(config, paths, network.output, shape.labels, label_counts, own_labels());
}

void Model::Impl::give_back(std::unique_ptr<CandidateSearch> search) {
  const std::lock_guard lock(search_mutex_);
  searches_.push_back(std::move(search));
}

void Model::Impl::set_paths(RankedPaths made) {
  const std::lock_guard lock(search_mutex_);
  searches_.clear();
  paths = std::move(made);
}

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Result<Model> Model::create(const Config& config, const Shape& shape, std::vector<std::uint32_t> feature_labels) {
  Communicator alone;
  return create_shard(alone, config, shape, std::move(feature_labels));
}

Result<Model> Model::create_shard(Communicator& ranks, const Config& config, const Shape& shape,
                                  std::vector<std::uint32_t> feature_labels) {
  if (auto environment = check_environment(); !environment) return environment.error();
  if (auto valid = validate(config, shape, !feature_labels.empty()); !valid) return valid.error();
  if (const std::string_view wrong = defect_of(feature_labels, shape); !wrong.empty())
    return usage_error(fmt::format("the labels that features are: {}; give the table of relate_rows(), or none", wrong));
  if (const auto few = std::min(shape.features, shape.labels); few < static_cast<std::uint32_t>(ranks.size()))
    return usage_error(
        fmt::format("{} features and {} labels are too few for {} ranks to share out; start fewer, or let them share "
                    "samples (--distribute data)",
                    shape.features, shape.labels, ranks.size()));
  Config tuned = config;
  tune_tables(tuned, shape);
  const MemoryEstimate need = estimate_training_memory(tuned, shape, static_cast<std::uint32_t>(ranks.size()));
  if (auto enough = check_memory(need); !enough) return enough.error();
  try {
    auto impl = std::make_unique<Impl>(tuned, shape, true, &ranks);
    impl->network.randomize(config.run.seed, impl->owners());
    impl->feature_labels = std::move(feature_labels);
    return Model(std::move(impl));
  } catch (const std::bad_alloc&) {
    return runtime_error(fmt::format(
        "out of memory: {} MiB for a new model could not be had; use fewer hidden units or another storage", need.total() >> 20));
  }
}

const Config& Model::config() const noexcept { return impl_->config; }
Shape Model::shape() const noexcept { return impl_->shape; }
std::uint64_t Model::step() const noexcept { return impl_->step; }
std::uint32_t Model::epochs_done() const noexcept { return impl_->epochs_done; }
std::uint64_t Model::pass_done() const noexcept { return impl_->pass.done; }
std::uint64_t Model::pass_rows() const noexcept { return impl_->pass.done == 0 ? 0 : impl_->pass.data_rows; }
const std::string& Model::run_notes() const noexcept { return impl_->run_notes; }
void Model::set_run_notes(std::string notes) { impl_->run_notes = std::move(notes); }
std::span<const std::uint32_t> Model::feature_labels() const noexcept { return impl_->feature_labels; }
std::uint64_t Model::data_fingerprint() const noexcept { return impl_->data_fingerprint; }
const std::string& Model::data_notes() const noexcept { return impl_->data_notes; }
void Model::set_data_notes(std::string notes) { impl_->data_notes = std::move(notes); }

Result<void> Model::set_epochs(std::uint32_t epochs) {
  const std::uint32_t done = impl_->epochs_done + (impl_->pass.done > 0 ? 1 : 0);
  if (epochs == 0 || epochs < done)
    return usage_error(
        fmt::format("option 'epochs': '{}' is fewer than were begun, {}; allowed: {} or more", epochs, done, std::max(1u, done)));
  impl_->config.training.epochs = epochs;
  return {};
}

void Model::set_machine_options(const Config& config) {
  impl_->config.run.threads = config.run.threads;
  impl_->config.training.loader_threads = config.training.loader_threads;
  impl_->config.run.deterministic = config.run.deterministic;
}

bool Model::is_shard() const noexcept { return impl_->shards != nullptr; }

Result<void> Model::tell(const Told& what) { return impl_->shards->tell(what); }

bool Model::has_codes() const noexcept { return !impl_->codes.empty(); }
bool Model::trainable() const noexcept { return impl_->trainable; }
std::uint64_t Model::parameters() const noexcept {
  const Network& network = impl_->network;
  const std::uint64_t features = impl_->shape.features - network.input.rows.rows();
  const std::uint64_t labels = impl_->shape.labels - network.output.rows();
  return network.parameters() + features * network.input.rows.kept(0) + labels * (network.output.kept(0) + 1);
}
std::uint64_t Model::memory_bytes() const noexcept {
  return impl_->network.memory_bytes() + impl_->paths.memory_bytes() + impl_->index_bytes();
}
const std::vector<std::string>& Model::label_names() const noexcept { return impl_->label_names; }
const std::vector<std::string>& Model::feature_names() const noexcept { return impl_->feature_names; }
std::span<const std::uint32_t> Model::label_counts() const noexcept { return impl_->label_counts; }
std::uint64_t Model::training_samples() const noexcept { return impl_->training_samples; }

namespace {

Result<void> set_names(std::vector<std::string> names, std::size_t expected, const char* what, std::vector<std::string>& target) {
  if (!names.empty() && names.size() != expected) {
    return usage_error(fmt::format("{} {} names for {} {}s; give one name per {}", names.size(), what, expected, what, what));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].find('\n') != std::string::npos) {
      return usage_error(fmt::format("{} name {} contains a line break; names are single lines", what, i));
    }
  }
  target = std::move(names);
  return {};
}

}  // namespace

Result<void> Model::set_label_names(std::vector<std::string> names) {
  return set_names(std::move(names), impl_->shape.labels, "label", impl_->label_names);
}

Result<void> Model::set_feature_names(std::vector<std::string> names) {
  return set_names(std::move(names), impl_->shape.features, "feature", impl_->feature_names);
}

}  // namespace glissade
