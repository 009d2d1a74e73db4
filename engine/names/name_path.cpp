#include "engine/names/name_path.h"

#include <algorithm>
#include <cmath>

#include <glissade/label_names.h>

#include "engine/candidates/soundness.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kScored = 200;   ///< names that the inverted index proposes and that are then scored exactly
constexpr std::size_t kProposed = 20;  ///< of these, candidates

class NameProposer final : public ProposingPath::Proposer {
 public:
  NameProposer(const Config& config, const NamePath& path) : config_(config), path_(path) {}

  void propose(SparseQuery& query, const std::vector<bool>& /*unknown*/, CandidateSet& candidates) override {
    const auto& found = query.find(path_.weights, path_.row_index, config_.candidates.list_budget, kScored).found();
    candidates.add_best(found, query.products_of_found(path_.weights, path_.rows), kProposed);
  }

  void describe(SparseQuery& query, CandidateSet& candidates) override {
    measured_.clear();
    measure(query, candidates.labels(), measured_);
    describe(measured_, numbers(), candidates);
  }

  void tell(SparseQuery& query, const std::vector<bool>& /*unknown*/, ToldRows& told) override {
    const RowOwners& owners = path_.owners;
    const auto& found =
        query.find(path_.weights, path_.row_index, owners.share(config_.candidates.list_budget), owners.likely_share(kScored))
            .found();
    told.tell_best(found, query.products_of_found(path_.weights, path_.rows), owners.likely_share(kProposed), owners);
  }

  void hear(const ToldRows& told, CandidateSet& candidates) override { candidates.add_best(told.labels, told.scores, kProposed); }

  std::size_t numbers() const noexcept override { return 2; }

  void measure(SparseQuery& query, std::span<const std::uint32_t> places, std::vector<float>& out) override {
    const std::span<const float> likeness = query.products(path_.weights, path_.rows, places);
    const std::span<const float> sample = query.spread_sample(path_.weights);
    for (std::size_t i = 0; i < places.size(); ++i) {
      out.push_back(likeness[i]);
      out.push_back(share_of(places[i], sample));
    }
  }

  void describe(std::span<const float> measured, std::size_t stride, CandidateSet& candidates) override {
    const std::size_t count = candidates.labels().size();
    float best = 0;
    for (std::size_t c = 0; c < count; ++c) best = std::max(best, measured[c * stride]);
    for (std::size_t c = 0; c < count; ++c) {
      CandidateFeatures& features = candidates.features()[c];
      features[CandidateFeature::name_likeness] = measured[c * stride];
      features[CandidateFeature::name_share] = measured[c * stride + 1];
      features[CandidateFeature::best_name] = best;
    }
  }

 private:
  /// The part of a name, by the squares of its row, that a sample has.
  float share_of(std::uint32_t label, std::span<const float> sample) const noexcept {
    float share = 0;
    for (std::uint64_t j = path_.rows.offsets[label]; j < path_.rows.offsets[label + 1]; ++j) {
      const float value = widened(path_.rows.values[j]);
      if (sample[path_.rows.ids[j]] != 0.f) share += value * value;
    }
    return share;
  }

  const Config& config_;
  const NamePath& path_;
  std::vector<float> measured_;
};

/// The view without the rows that are no samples.
DatasetView samples_of(DatasetView data) noexcept {
  const std::size_t samples = data.size() - data.added;
  data.features.offsets = data.features.offsets.first(samples + 1);
  data.labels.offsets = data.labels.offsets.first(samples + 1);
  data.added = 0;
  return data;
}

}  // namespace

std::unique_ptr<ProposingPath::Proposer> NamePath::proposer(const Config& config, std::size_t /*labels*/) const {
  return std::make_unique<NameProposer>(config, *this);
}

void NamePath::build(const PathSource& source, WorkMonitor& monitor) {
  if (source.names == nullptr || source.names->labels() != source.data.label_count || monitor.stopped()) return;
  const NameFeatures& names = *source.names;
  const DatasetView samples = samples_of(source.data);
  if (!name_evidence(names, samples).tells()) return;
  weights = FeatureWeights(SparseWeighting::idf, samples);
  std::vector<std::uint32_t> lengths(owners.count(names.labels()));
  const auto words_of = [&](std::size_t place) { return names.of(owners.row_at(static_cast<std::uint32_t>(place))); };
  for (std::size_t place = 0; place < lengths.size(); ++place)
    lengths[place] = static_cast<std::uint32_t>(words_of(place).size());
  rows = matrix_of(lengths);
  std::vector<float> weighted;
  for (std::size_t place = 0; place < lengths.size(); ++place) {
    const std::uint64_t begin = rows.offsets[place];
    std::ranges::copy(words_of(place), rows.ids.data() + begin);
    weights.weigh(words_of(place), {}, weighted);
    simd::kernels().narrow_nearest(weighted.data(), rows.values.data() + begin, weighted.size());
  }
}

NamePath NamePath::shared() const {
  NamePath same;
  same.owners = owners;
  same.weights = weights.shared();
  same.rows = rows.shared();
  same.row_index = row_index.shared();
  return same;
}

void NamePath::index(std::size_t features) {
  if (!rows.empty()) row_index = FeatureIndex(rows, features);
}

std::size_t NamePath::memory_bytes() const noexcept {
  return weights.weights.bytes() + rows.memory_bytes() + row_index.memory_bytes();
}

std::vector<StoredArray> NamePath::arrays() {
  using model_file::SectionKind;
  using enum StoredArray::Layout;
  return {{SectionKind::sparse_offsets, 3, &rows.offsets, false, begins, &rows.offsets},
          {SectionKind::sparse_ids, 3, &rows.ids, false, per_entry, &rows.offsets},
          {SectionKind::sparse_values, 3, &rows.values, false, per_entry, &rows.offsets},
          {SectionKind::feature_weights, 2, &weights.weights}};
}

std::string_view NamePath::defect(const Shape& shape) const noexcept {
  if (const std::string_view wrong = rows.defect(shape.features); !wrong.empty()) return wrong;
  if (rows.empty()) return {};
  if (rows.rows() != owners.count(shape.labels) || weights.weights.size() != shape.features)
    return "its rows of names are not one per label";
  return {};
}

std::optional<Error> NamePath::not_finite() const {
  if (auto error = not_finite_error("the frequency", "feature", weights.weights)) return error;
  return not_finite_error("the name", "label", rows);
}

}  // namespace glissade
