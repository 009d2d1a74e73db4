#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>

namespace glissade {

/// What a model has that speaks for a label.
enum class Speaker : std::size_t {
  hidden,       ///< the hidden layers
  sparse_rows,  ///< the label's sparse row over the features
  neighbours,   ///< training samples like the row
  names,        ///< words of the label's name
  co_labels,    ///< other likely labels that share samples with it
  prior,        ///< how frequent the label is, and how many features the row has
};
inline constexpr std::size_t kSpeakers = 6;
/// "hidden", "sparse-rows", ... in the order of Speaker.
std::string_view speaker_name(Speaker speaker) noexcept;

/// Why a label is an answer.
struct LabelReasons {
  std::uint32_t label = 0;
  float score = 0;        ///< what Model::predict() gives it
  float probability = 0;  ///< likewise
  bool candidate = true;  ///< false: no path but the hidden one named it, and `base` is the lowest candidate's score

  /// The score is base + the sum of `shares`, but for rounding. With a ranker `base` is the score of an average candidate, and
  /// the shares are Shapley values (Shapley 1953; Lundberg & Lee 2017) over the speakers: a speaker's share is what its features
  /// add to the score, on average over all orders in which the speakers' features can take the place of an average candidate's;
  /// exact, over all 2^6 sets of speakers. Without sparse paths `base` is the label's bias, and the hidden layers say all else.
  float base = 0;
  std::array<float, kSpeakers> shares = {};

  /// A feature of the row, and what it does for the label by the answer to the row without it (occlusion: Zeiler & Fergus 2014;
  /// Robnik-Sikonja & Kononenko 2008). All parts of the model count. A score has an arbitrary part that all labels of a row
  /// share, which a probability has not; so both are told.
  struct Feature {
    std::uint32_t feature = 0;
    float by = 0;        ///< log of the label's share among the candidates, less that without the feature: 0.69 doubles the share
    float by_score = 0;  ///< the label's score less that without the feature

    bool speaks_for() const noexcept { return by > 0 && by_score > 0; }
    bool speaks_against() const noexcept { return by < 0 && by_score < 0; }
  };
  /// Those that speak for it first, those that speak against it last; among equals largest `by` first.
  std::vector<Feature> features;

  /// A training sample that has the label and is among the neighbours of the row.
  struct Neighbour {
    std::uint64_t row = 0;  ///< its number from 0 among the rows that were trained on
    bool is_name = false;   ///< no sample, but a row that was made of a label's name (DatasetView::added)
    float likeness = 0;     ///< cosine under the model's feature weights, 0 .. 1
    std::vector<std::uint32_t> labels;
    std::vector<std::uint32_t> shared;  ///< features that both have, those that make them most alike first
  };
  std::vector<Neighbour> neighbours;  ///< likest first
};

struct ExplainOptions {
  std::uint32_t k = 5;                  ///< the best labels, 1 .. 1000
  Search search = Search::automatic;    ///< not tables
  std::size_t most_neighbours = 3;      ///< per label
  std::uint64_t row_number = 0;         ///< of the row in messages
  const LabelFilter* filter = nullptr;  ///< as PredictOptions::filter
  SparseRows excluded = {};             ///< one row, as PredictOptions::excluded
};

/// The labels that predict() answers `row` with (one row), best first, and why. Fails as predict() does; usage error on
/// Search::tables. Costs one prediction for each feature of the row, side by side. Thread-safe.
Result<std::vector<LabelReasons>> explain(const Model& model, const InputRows& row, const ExplainOptions& options = {});

}  // namespace glissade
