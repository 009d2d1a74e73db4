#include "bench/train/probe.h"

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "engine/batches/batch.h"
#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "engine/samplers/cluster_index.h"
#include "engine/samplers/sampler.h"
#include "engine/search/search.h"
#include "hashing/group_codes.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kTop = 8;
constexpr std::size_t kGradientSamples = 64;  // of the batch: their gradients by all rows are compared
constexpr std::uint64_t kSeed = 77;

/// What two gradients have in common, summed piece by piece.
struct Comparison {
  double full = 0, estimate = 0, product = 0;

  void add(std::span<const float> a, std::span<const float> b) noexcept {
    for (std::size_t i = 0; i < a.size(); ++i) {
      full += double{a[i]} * a[i];
      estimate += double{b[i]} * b[i];
      product += double{a[i]} * b[i];
    }
  }
  Comparison& operator+=(const Comparison& other) noexcept {
    full += other.full;
    estimate += other.estimate;
    product += other.product;
    return *this;
  }
  double cosine() const noexcept { return product / std::sqrt(full * estimate); }
  double error() const noexcept { return std::sqrt(std::max(0.0, full + estimate - 2 * product) / full); }
};

/// One batch in front of the output layer, and the sets chosen for it.
class Probe {
 public:
  Probe(Model::Impl& model, const DatasetView& data) : model_(model), rows_(model.network.output) {
    std::vector<std::uint32_t> first(std::min<std::size_t>(model.config.training.batch, data.size()));
    std::iota(first.begin(), first.end(), 0u);
    batch_.gather(data, first, {});
    std::vector<Activations> hidden;
    model.network.forward(batch_.features(), {}, hidden, nullptr);
    hidden_ = std::move(hidden.back());
    samples_ = std::min(kGradientSamples, first.size());
    choose_sets();
  }

  double recall() const {
    Predictions best;
    best.k = static_cast<std::uint32_t>(std::min(kTop, rows_.rows()));
    best.labels.assign(hidden_.samples * best.k, Predictions::kNoLabel);
    best.scores.assign(hidden_.samples * best.k, 0.f);
    search_exact(rows_, hidden_, {best, 0, LossKind::softmax, false});
    std::size_t found = 0;
    for (std::size_t s = 0; s < samples_; ++s) {
      std::vector<std::uint32_t> sorted = set_of(s).ids;
      std::sort(sorted.begin(), sorted.end());
      for (std::size_t i = 0; i < best.k; ++i)
        found += set_of(s).everything || std::binary_search(sorted.begin(), sorted.end(), best.labels[s * best.k + i]);
    }
    return static_cast<double>(found) / static_cast<double>(samples_ * best.k);
  }

  void compare_gradients(Json& json) {
    compute_logits();
    estimate_ = std::vector<float>(samples_ * rows_.rows(), 0.f);
    for (std::size_t s = 0; s < samples_; ++s) differentiate(s);
    const auto [hidden, rows] = compare();
    json["hidden_cosine"] = hidden.cosine();
    json["hidden_error"] = hidden.error();
    json["rows_cosine"] = rows.cosine();
    json["rows_error"] = rows.error();
  }

 private:
  const ActiveSet& set_of(std::size_t sample) const noexcept { return sets_.size() == 1 ? sets_[0] : sets_[sample]; }

  void choose_sets() {
    const Config& config = model_.config;
    LabelIndex* index = nullptr;
    std::vector<std::uint32_t> codes;
    const bool shared = config.active_set.scope == Scope::shared || config.active_set.sampler == SamplerMix(SamplerKind::full);
    const std::size_t every = shared ? config.active_set.query_every : 1;
    const std::size_t asking = (hidden_.samples + every - 1) / every, stride = hashing::padded(asking);
    if (uses_tables(config.active_set.sampler)) {
      index = &model_.training_index();
      if (!index->full()) index->build();
      codes.resize(stride * index->tables().tables());
      index->codes(hidden_, {0, asking, every}, codes.data(), stride);
    }
    std::optional<ClusterIndex> clusters;
    if (uses_clusters(config.active_set.sampler)) {
      clusters.emplace(config, rows_);
      clusters->restart(model_.epochs_done, 1, 1);  // a pass at once
      clusters->advance(hidden_);
    }
    const auto sampler =
        make_sampler(config, static_cast<std::uint32_t>(rows_.rows()), {index, &rows_, clusters ? &*clusters : nullptr});
    sampler->count_labels(model_.label_counts);
    hashing::StampSet seen(rows_.rows());
    sets_.resize(shared ? 1 : samples_);
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      const std::size_t count = shared ? hidden_.samples : 1;
      const hashing::GroupCodes own{codes.data() + i, stride, shared ? asking : 1};
      sampler->select({batch_.labels(), i, count, own, hashing::derive(kSeed, i), &hidden_, every}, seen, sets_[i]);
    }
  }

  template <class Body>
  void over_rows(const Body& body) const {
    tbb::parallel_for(std::size_t{0}, rows_.rows(), [&](std::size_t row) {
      static thread_local std::vector<float> values;
      values.resize(rows_.stride());
      rows_.read_forward(row, values.data());
      body(row, values);
    });
  }

  void compute_logits() {
    samples_in_order_.resize(samples_);
    std::iota(samples_in_order_.begin(), samples_in_order_.end(), 0u);
    full_.resize(samples_ * rows_.rows());
    over_rows([&](std::size_t row, const std::vector<float>& values) {
      static thread_local std::vector<float> out;
      out.resize(samples_);
      simd::kernels().dots_f32(values.data(), hidden_.values.data(), hidden_.stride, samples_in_order_.data(), samples_,
                               rows_.width(), out.data());
      for (std::size_t s = 0; s < samples_; ++s) full_[s * rows_.rows() + row] = out[s] + rows_.bias[row];
    });
  }

  /// Logits in, gradients by the logits out: full and estimated.
  void differentiate(std::size_t sample) {
    const simd::Kernels& kernels = simd::kernels();
    float* const z = full_.data() + sample * rows_.rows();
    float* const estimate = estimate_.data() + sample * rows_.rows();
    const ActiveSet& set = set_of(sample);
    const auto labels = batch_.labels().row_ids(sample);
    std::vector<float> active;
    for (std::size_t j = 0; j < set.ids.size(); ++j) {
      const bool weighted = j >= set.exact && !set.log_weights.empty();
      active.push_back(z[set.ids[j]] + (weighted ? set.log_weights[j - set.exact] : 0.f));
    }
    const float full_sum = kernels.logsumexp_f32(z, rows_.rows());
    if (!set.everything) kernels.exp_shift_f32(active.data(), active.size(), kernels.logsumexp_f32(active.data(), active.size()));
    kernels.exp_shift_f32(z, rows_.rows(), full_sum);
    for (std::size_t j = 0; j < set.ids.size(); ++j) estimate[set.ids[j]] = active[j];
    if (set.everything) std::copy_n(z, rows_.rows(), estimate);
    for (const std::uint32_t label : labels) {
      z[label] -= 1.f / static_cast<float>(labels.size());
      estimate[label] -= 1.f / static_cast<float>(labels.size());
    }
  }

  /// The logits' gradients by the hidden vectors, and those by the rows.
  std::pair<Comparison, Comparison> compare() const {
    const std::size_t width = rows_.width();
    struct Sums {
      Comparison rows;
      std::vector<float> full_hidden, estimated_hidden;
    };
    tbb::enumerable_thread_specific<Sums> all([&] {
      return Sums{{}, std::vector<float>(samples_ * width), std::vector<float>(samples_ * width)};
    });
    over_rows([&](std::size_t row, const std::vector<float>& values) {
      const simd::Kernels& kernels = simd::kernels();
      Sums& sums = all.local();
      static thread_local std::vector<float> weights, full, estimate;
      weights.resize(samples_);
      full.resize(width);
      estimate.resize(width);
      const auto by_row = [&](const std::vector<float>& gradients, std::vector<float>& hidden, std::vector<float>& out) {
        for (std::size_t s = 0; s < samples_; ++s) {
          weights[s] = gradients[s * rows_.rows() + row];
          if (weights[s] != 0.f) kernels.axpy_f32(weights[s], values.data(), hidden.data() + s * width, width);
        }
        kernels.bag_f32(hidden_.values.data(), hidden_.stride, samples_in_order_.data(), weights.data(), samples_, width,
                        out.data());
      };
      by_row(full_, sums.full_hidden, full);
      by_row(estimate_, sums.estimated_hidden, estimate);
      sums.rows.add(full, estimate);
    });
    std::vector<float> full(samples_ * width), estimate(samples_ * width);
    Comparison hidden, rows;
    for (const Sums& sums : all) {
      rows += sums.rows;
      simd::kernels().axpy_f32(1.f, sums.full_hidden.data(), full.data(), full.size());
      simd::kernels().axpy_f32(1.f, sums.estimated_hidden.data(), estimate.data(), estimate.size());
    }
    hidden.add(full, estimate);
    return {hidden, rows};
  }

  Model::Impl& model_;
  const ParameterRows& rows_;
  Batch batch_;
  Activations hidden_;
  std::size_t samples_ = 0;  ///< whose gradients are compared
  std::vector<ActiveSet> sets_;
  std::vector<std::uint32_t> samples_in_order_;
  std::vector<float> full_, estimate_;  ///< [sample * rows + row]
};

}  // namespace

void probe_active_sets(Model& model, const DatasetView& data, Json& json) {
  if (model.config().network.loss != LossKind::softmax) return;
  Probe probe(impl_of(model), data);
  json["recall@8"] = probe.recall();
  probe.compare_gradients(json);
}

}  // namespace glissade::bench
