#include "engine/neighbours/neighbour_path.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>

#include "engine/candidates/soundness.h"
#include "engine/neighbours/nearest.h"
#include "engine/neighbours/votes.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kScored = 400;    ///< samples that the inverted index proposes and that are then scored exactly, at least
constexpr std::size_t kProposed = 100;  ///< candidates
constexpr std::size_t kAhead = 8;       ///< samples whose labels are asked for before their turn
constexpr std::size_t kSamplesAtOnce = 1024;
/// Exponent of the learned weights when two samples are compared. Both samples carry the weights, so the full power would count
/// them twice.
constexpr float kForSamples = 0.4f;

class NeighbourProposer final : public ProposingPath::Proposer {
 public:
  NeighbourProposer(const Config& config, std::size_t labels, const NeighbourPath& path)
      : config_(config), path_(path), votes_(labels) {}

  void propose(SparseQuery& query, const std::vector<bool>& unknown, CandidateSet& candidates) override {
    path_.find_near(config_, query, unknown, near_);
    votes_.clear();
    for (std::size_t i = 0; i < near_.size(); ++i) {
      if (i + 2 * kAhead < near_.size()) path_.ask_for_begin(near_[i + 2 * kAhead].sample);
      if (i + kAhead < near_.size()) path_.ask_for_labels(near_[i + kAhead].sample);
      votes_.add(near_[i].likeness, path_.weight_of(near_[i].sample), path_.labels_of(near_[i].sample));
    }
    votes_.propose(kProposed, candidates);
  }

  void describe(SparseQuery& /*query*/, CandidateSet& candidates) override { votes_.describe(candidates); }

  void tell(SparseQuery& query, const std::vector<bool>& unknown, ToldRows& told) override {
    path_.find_near(config_, query, unknown, near_);
    for (const auto& [sample, likeness] : near_) {
      const auto labels = path_.labels_of(sample);
      told.scores.push_back(likeness);
      told.rows.push_back(path_.owners.row_at(sample));
      told.weights.push_back(path_.weight_of(sample));
      told.counts.push_back(static_cast<std::uint32_t>(labels.size()));
      told.labels.insert(told.labels.end(), labels.begin(), labels.end());
    }
  }

  void hear(const ToldRows& told, CandidateSet& candidates) override {
    begins_.assign(1, 0);
    for (const std::uint32_t count : told.counts) begins_.push_back(begins_.back() + count);
    nearest_.choose(told.rows, told.scores, config_.candidates.neighbours);
    votes_.clear();
    for (std::size_t i = 0; i < nearest_.size(); ++i) {
      const std::uint32_t at = nearest_.place(i);
      votes_.add(nearest_.likeness(i), told.weights[at], std::span(told.labels).subspan(begins_[at], told.counts[at]));
    }
    votes_.propose(kProposed, candidates);
  }

  std::size_t numbers() const noexcept override { return 0; }
  void measure(SparseQuery& /*query*/, std::span<const std::uint32_t> /*places*/, std::vector<float>& /*out*/) override {}
  void describe(std::span<const float> /*measured*/, std::size_t /*stride*/, CandidateSet& candidates) override {
    votes_.describe(candidates);
  }

 private:
  const Config& config_;
  const NeighbourPath& path_;
  Votes votes_;
  std::vector<NeighbourPath::Near> near_;
  std::vector<std::uint32_t> begins_;  ///< of what was told
  Nearest nearest_;
};

}  // namespace

std::unique_ptr<ProposingPath::Proposer> NeighbourPath::proposer(const Config& config, std::size_t labels) const {
  return std::make_unique<NeighbourProposer>(config, labels, *this);
}

void NeighbourPath::find_near(const Config& config, SparseQuery& query, const std::vector<bool>& unknown,
                              std::vector<Near>& out) const {
  const std::size_t most = owners.likely_share(config.candidates.neighbours);
  const std::size_t scored = owners.likely_share(std::max<std::size_t>(kScored, 2 * config.candidates.neighbours));
  auto& scratch = query.find(weights, sample_index, owners.share(config.candidates.list_budget), scored, fresh);
  if (!unknown.empty()) scratch.drop(unknown);
  const auto& found = scratch.found();
  const auto fresh_row = [this](std::uint32_t sample) {
    return sample < samples.rows() ? SparseRowView{} : fresh_samples->row(sample - samples.rows());
  };
  const std::span<const float> likeness =
      fresh_samples == nullptr ? query.products_of_found(weights, samples) : query.products_of_found(weights, samples, fresh_row);
  static thread_local std::vector<std::uint32_t> places;
  static thread_local std::vector<float> values;
  places.resize(most);
  values.resize(most);
  const std::size_t count = simd::kernels().topk_f32(likeness.data(), found.size(), most, places.data(), values.data());
  out.clear();
  for (std::size_t i = 0; i < count; ++i) out.push_back({found[places[i]], values[i]});
}

void NeighbourPath::take_samples(const DatasetView& data, WorkMonitor& monitor) {
  std::vector<std::uint32_t> lengths(owners.count(data.size()));
  const auto row_of = [&](std::size_t i) { return owners.row_at(static_cast<std::uint32_t>(i)); };
  for (std::size_t i = 0; i < lengths.size(); ++i)
    lengths[i] = static_cast<std::uint32_t>(data.features.row_ids(row_of(i)).size());
  samples = matrix_of(lengths);
  tbb::parallel_for(std::size_t{0}, (lengths.size() + kSamplesAtOnce - 1) / kSamplesAtOnce, [&](std::size_t block) {
    if (monitor.stopped()) return;
    std::vector<float> weighted;
    const std::size_t end = std::min(lengths.size(), (block + 1) * kSamplesAtOnce);
    for (std::size_t i = block * kSamplesAtOnce; i < end; ++i) {
      const auto ids = data.features.row_ids(row_of(i));
      weights.weigh(ids, data.features.row_values(row_of(i)), weighted);
      std::ranges::copy(ids, samples.ids.data() + samples.offsets[i]);
      simd::kernels().narrow_nearest(weighted.data(), samples.values.data() + samples.offsets[i], ids.size());
    }
    monitor.advance((end - block * kSamplesAtOnce) * owners.ranks);
  });
}

void NeighbourPath::take_labels(const DatasetView& data) {
  const std::size_t own = owners.count(data.size());
  const auto row_of = [&](std::size_t i) { return owners.row_at(static_cast<std::uint32_t>(i)); };
  label_begins = Array<std::uint64_t>(own + 1);
  for (std::size_t i = 0; i < own; ++i) label_begins[i + 1] = label_begins[i] + data.labels.row_ids(row_of(i)).size();
  labels = Array<std::uint32_t>(label_begins[own]);
  for (std::size_t i = 0; i < own; ++i) std::ranges::copy(data.labels.row_ids(row_of(i)), labels.data() + label_begins[i]);
  if (data.weights.empty()) return;
  sample_weights = Array<float>(own);
  for (std::size_t i = 0; i < own; ++i) sample_weights[i] = data.weights[row_of(i)];
}

void NeighbourPath::build(const PathSource& source, WorkMonitor& monitor) {
  weights = source.weighting.times(source.learned, kForSamples);
  if (source.config.candidates.neighbours == 0 || !monitor.begin(Activity::neighbours, source.data.size(), {0, kBuilt})) return;
  take_samples(source.data, monitor);
  take_labels(source.data);
}

NeighbourPath NeighbourPath::shared() const {
  NeighbourPath same;
  same.owners = owners;
  same.weights = weights.shared();
  same.samples = samples.shared();
  same.label_begins = label_begins.shared();
  same.labels = labels.shared();
  same.sample_weights = sample_weights.shared();
  same.sample_index = sample_index.shared();
  same.fresh_samples = fresh_samples;
  same.fresh = fresh;
  return same;
}

void NeighbourPath::index(std::size_t features) {
  if (!samples.empty()) sample_index = FeatureIndex(samples, features);
}

std::size_t NeighbourPath::memory_bytes() const noexcept {
  return weights.weights.bytes() + samples.memory_bytes() + label_begins.bytes() + labels.bytes() + sample_weights.bytes() +
         sample_index.memory_bytes();
}

std::vector<StoredArray> NeighbourPath::arrays() {
  using model_file::SectionKind;
  using enum StoredArray::Layout;
  return {{SectionKind::sparse_offsets, 1, &samples.offsets, false, begins, &samples.offsets},
          {SectionKind::sparse_ids, 1, &samples.ids, false, per_entry, &samples.offsets},
          {SectionKind::sparse_values, 1, &samples.values, false, per_entry, &samples.offsets},
          {SectionKind::sample_label_begins, 0, &label_begins, false, begins, &label_begins},
          {SectionKind::sample_labels, 0, &labels, false, per_entry, &label_begins},
          {SectionKind::sample_weights, 0, &sample_weights, false, per_row, &samples.offsets},
          {SectionKind::feature_weights, 1, &weights.weights}};
}

std::string_view NeighbourPath::defect(const Shape& shape) const noexcept {
  if (const std::string_view wrong = samples.defect(shape.features); !wrong.empty()) return wrong;
  if (!are_offsets(label_begins, labels.size())) return "labels of its samples do not fit together";
  if (!samples.empty() && label_begins.size() != samples.rows() + 1) return "its samples and their labels do not fit together";
  if (!sample_weights.empty() && sample_weights.size() != samples.rows())
    return "its samples and their weights do not fit together";
  const auto known = [&](std::uint32_t label) { return label < shape.labels; };
  if (!std::all_of(labels.data(), labels.data() + labels.size(), known)) return "a sample has a label beyond the model's";
  return {};
}

std::optional<Error> NeighbourPath::not_finite() const {
  if (auto error = not_finite_error("the learned weight", "feature", weights.weights)) return error;
  if (auto error = not_finite_error("the weight", "row", sample_weights)) return error;
  return not_finite_error("the kept features", "row", samples);
}

}  // namespace glissade
