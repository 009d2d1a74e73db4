#include "engine/sparse_rows/label_row_path.h"

#include <algorithm>

#include "engine/candidates/soundness.h"
#include "engine/sparse_rows/label_rows.h"

namespace glissade {
namespace {

constexpr std::size_t kScored = 400;    ///< rows that the inverted index proposes and that are then scored exactly
constexpr std::size_t kProposed = 100;  ///< of these, candidates
constexpr std::size_t kMany = 512;      ///< more candidates than paths propose: somebody asks about many labels

struct ChangedLabels {
  const ChangedRows& rows;
  SparseRowView operator()(std::uint32_t label) const noexcept {
    const SparseRow* const row = rows.find(label);
    return row == nullptr ? SparseRowView{} : row->view();
  }
};

class RowProposer final : public ProposingPath::Proposer {
 public:
  RowProposer(const Config& config, const LabelRowPath& path) : config_(config), path_(path) {}

  void propose(SparseQuery& query, const std::vector<bool>& /*unknown*/, CandidateSet& candidates) override {
    const auto& found = query.find(path_.weights, path_.row_index, config_.candidates.list_budget, kScored, path_.fresh).found();
    const std::span<const float> direct = path_.changed.empty()
                                              ? query.products_of_found(path_.weights, path_.rows)
                                              : query.products_of_found(path_.weights, path_.rows, ChangedLabels{path_.changed});
    candidates.add_best(found, direct, kProposed);
  }

  void describe(SparseQuery& query, CandidateSet& candidates) override {
    describe(products(query, candidates.labels()), 1, candidates);
  }

  void tell(SparseQuery& query, const std::vector<bool>& /*unknown*/, ToldRows& told) override {
    const RowOwners& owners = path_.owners;
    const auto& found = query
                            .find(path_.weights, path_.row_index, owners.share(config_.candidates.list_budget),
                                  owners.likely_share(kScored), path_.fresh)
                            .found();
    told.tell_best(found, query.products_of_found(path_.weights, path_.rows), owners.likely_share(kProposed), owners);
  }

  void hear(const ToldRows& told, CandidateSet& candidates) override { candidates.add_best(told.labels, told.scores, kProposed); }

  std::size_t numbers() const noexcept override { return 1; }

  void measure(SparseQuery& query, std::span<const std::uint32_t> places, std::vector<float>& out) override {
    const std::span<const float> direct = products(query, places);
    out.insert(out.end(), direct.begin(), direct.end());
  }

  void describe(std::span<const float> direct, std::size_t stride, CandidateSet& candidates) override {
    const std::size_t count = candidates.labels().size();
    float largest = 0;
    for (std::size_t c = 0; c < count; ++c) largest = std::max(largest, direct[c * stride]);
    for (std::size_t c = 0; c < count; ++c) {
      const float product = direct[c * stride];
      CandidateFeatures& features = candidates.features()[c];
      features[CandidateFeature::direct] = product;
      features[CandidateFeature::direct_share] = largest > 0 ? product / largest : 0.f;
      features[CandidateFeature::direct_best] = largest;
    }
  }

 private:
  std::span<const float> products(SparseQuery& query, std::span<const std::uint32_t> labels) {
    if (labels.size() >= kMany) return products_of_many(query, labels);
    if (path_.changed.empty()) return query.products(path_.weights, path_.rows, labels);
    return query.products(path_.weights, path_.rows, labels, ChangedLabels{path_.changed});
  }

  std::span<const float> products_of_many(SparseQuery& query, std::span<const std::uint32_t> labels) {
    const std::span<const float> as_made = query.products(path_.weights, path_.rows, path_.row_index, labels);
    if (path_.changed.empty()) return as_made;
    direct_.assign(as_made.begin(), as_made.end());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (const SparseRow* const row = path_.changed.find(labels[i])) direct_[i] = query.product(path_.weights, row->view());
    }
    return direct_;
  }

  const Config& config_;
  const LabelRowPath& path_;
  std::vector<float> direct_;
};

}  // namespace

std::unique_ptr<ProposingPath::Proposer> LabelRowPath::proposer(const Config& config, std::size_t /*labels*/) const {
  return std::make_unique<RowProposer>(config, *this);
}

void LabelRowPath::build(const PathSource& source, WorkMonitor& monitor) {
  const Config& config = source.config;
  weights = source.weighting.times(source.learned, 1.f);
  if (config.sparse_rows.fan_in == 0 || monitor.stopped()) return;
  const DatasetView& data = source.own();
  monitor.begin(Activity::sparse_rows, label_blocks(data.label_count));
  LabelRows made = label_rows(data, source.samples, weights, config.sparse_rows.fan_in, monitor, source.work);
  if (monitor.stopped() || source.work.error()) return;
  rows = std::move(made.rows);
  if (config.sparse_rows.epochs == 0) return;
  row_index = FeatureIndex(rows, data.feature_count);
  RowTraining(config, data, source.samples, made, {weights, rows, row_index, row_state}, source.labels).run(monitor, source.work);
}

LabelRowPath LabelRowPath::shared() const {
  LabelRowPath same;
  same.owners = owners;
  same.weights = weights.shared();
  same.rows = rows.shared();
  same.row_index = row_index.shared();
  same.changed = changed;
  same.fresh = fresh;
  return same;
}

void LabelRowPath::index(std::size_t features) {
  if (!rows.empty()) row_index = FeatureIndex(rows, features);
}

std::size_t LabelRowPath::memory_bytes() const noexcept {
  return weights.weights.bytes() + rows.memory_bytes() + row_state.memory_bytes() + row_index.memory_bytes() +
         changed.memory_bytes();
}

std::vector<StoredArray> LabelRowPath::arrays() {
  using model_file::SectionKind;
  using enum StoredArray::Layout;
  return {{SectionKind::sparse_offsets, 0, &rows.offsets, false, begins, &rows.offsets},
          {SectionKind::sparse_ids, 0, &rows.ids, false, per_entry, &rows.offsets},
          {SectionKind::sparse_values, 0, &rows.values, false, per_entry, &rows.offsets},
          {SectionKind::sparse_low, 0, &row_state.low, true, per_entry, &rows.offsets},
          {SectionKind::sparse_second_moment, 0, &row_state.second_moments, true, per_row, &rows.offsets},
          {SectionKind::feature_weights, 0, &weights.weights}};
}

std::string_view LabelRowPath::defect(const Shape& shape) const noexcept {
  if (const std::string_view wrong = rows.defect(shape.features); !wrong.empty()) return wrong;
  if (!rows.empty() && rows.rows() != owners.count(shape.labels)) return "its sparse rows are not one per label";
  const auto fits = [](std::size_t size, std::size_t whole) { return size == 0 || size == whole; };
  if (!fits(row_state.low.size(), rows.entries()) || !fits(row_state.second_moments.size(), rows.rows()))
    return "the training state of its sparse rows does not fit them";
  return {};
}

std::optional<Error> LabelRowPath::not_finite() const {
  if (auto error = not_finite_error("the learned weight", "feature", weights.weights)) return error;
  return not_finite_error("the sparse row", "label", rows);
}

}  // namespace glissade
