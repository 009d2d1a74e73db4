// Labels' names as a path: what it proposes and says, that it is part of a model, and rankers from before it.
#include "engine/names/name_path.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>

#include <glissade/label_names.h>
#include <glissade/metrics.h>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kFeatures = 60, kLabels = 20;

/// Label l is named by feature l; its samples have that feature and two of 40 others that say nothing. Label 19 has no sample.
Data named_data(std::size_t samples, std::uint64_t seed, std::uint32_t labels = kLabels - 1) {
  hashing::Random random(seed);
  Data data;
  data.features = kFeatures;
  data.labels = kLabels;
  for (std::size_t row = 0; row < samples; ++row) {
    const auto label = static_cast<std::uint32_t>(random.below(labels));
    const auto a = static_cast<std::uint32_t>(20 + random.below(20)), b = static_cast<std::uint32_t>(40 + random.below(20));
    data.x.add(std::array{label, a, b}, std::array{1.f, 1.f, 1.f});
    data.y.add(std::array{label});
  }
  return data;
}

constexpr std::uint32_t kRare = 3000;

/// Likewise with many labels of about two samples each. Those that 10 divides have none, unless `unseen` asks for these alone.
Data rare_data(std::size_t samples, std::uint64_t seed, bool unseen) {
  hashing::Random random(seed);
  Data data;
  data.features = kRare + 40;
  data.labels = kRare;
  while (data.size() < samples) {
    const auto label = static_cast<std::uint32_t>(random.below(kRare));
    if ((label % 10 == 0) != unseen) continue;
    const auto a = static_cast<std::uint32_t>(kRare + random.below(20)),
               b = static_cast<std::uint32_t>(kRare + 20 + random.below(20));
    data.x.add(std::array{label, a, b}, std::array{1.f, 1.f, 1.f});
    data.y.add(std::array{label});
  }
  return data;
}

std::vector<std::string> names(const char* kind, std::uint32_t count) {
  std::vector<std::string> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(kind + std::to_string(i));
  return all;
}

/// `texts`: words of the labels that the trainer is told; null: none.
Model trained(const Data& data, bool match, bool named = true, const NameFeatures* texts = nullptr) {
  Config config = small_config();
  config.candidates.neighbours = 10;
  config.candidates.name_match = match;
  config.training.epochs = 1;
  Model model = make_model(config, data);
  if (named) {
    must(model.set_label_names(names("w", data.labels)));
    must(model.set_feature_names(names("W", data.features)));
  }
  Trainer trainer = must(Trainer::create(model, data.size()));
  trainer.know_labels(texts);
  must(trainer.train_epoch(data.view()));
  return model;
}

/// Label l is told to have the word l.
NameFeatures own_words(std::uint32_t labels) {
  NameFeatures words;
  for (std::uint32_t label = 0; label <= labels; ++label) words.offsets.push_back(label);
  for (std::uint32_t label = 0; label < labels; ++label) words.ids.push_back(label);
  return words;
}

}  // namespace

TEST_CASE("words that a trainer is told take the place of those of names", "[unit]") {
  const Data data = named_data(2000, 3);
  const NameFeatures words = own_words(kLabels);
  CHECK(impl_of(trained(data, true, false)).paths.names.empty());
  const Model told = trained(data, true, false, &words), named = trained(data, true);
  CHECK_FALSE(impl_of(told).paths.names.empty());
  CHECK(impl_of(trained(data, false, false, &words)).paths.names.empty());
  const Data test = named_data(200, 5);
  CHECK(must(told.predict(test.x.view())).scores == must(named.predict(test.x.view())).scores);
  NameFeatures shifted = words;  // each label has the word of another: they tell nothing
  for (std::uint32_t& id : shifted.ids) id = (id + 7) % kLabels;
  CHECK(impl_of(trained(data, true, true, &shifted)).paths.names.empty());
}

TEST_CASE("where labels are rare, those that no sample has are found by their names alone", "[unit]") {
  const Data data = rare_data(6000, 3, false), unseen = rare_data(200, 5, true);
  const auto first_is_right = [&](bool match) {
    return must(evaluate(trained(data, match), unseen.view(), {})).metrics.precision[0];
  };
  CHECK(first_is_right(true) > 0.9);
  CHECK(first_is_right(false) < 0.1);
}

TEST_CASE("a label that no sample has is a candidate by its name, whatever the ranker makes of it", "[unit]") {
  const Data data = named_data(2000, 3);
  const Model model = trained(data, true);
  SparseQuery query;
  CandidateSet candidates(kLabels);
  const std::vector<std::uint32_t> ids = {19, 25, 45};
  const std::vector<float> values = {1.f, 1.f, 1.f};
  query.begin(ids, values);
  impl_of(model).paths.names.proposer(model.config(), kLabels)->propose(query, {}, candidates);
  CHECK(candidates.labels() == std::vector<std::uint32_t>{19});
}

TEST_CASE("what the path says is the cosine by rarity and the share of the name", "[unit]") {
  const Data data = named_data(400, 3);
  Config config = small_config();
  NamePath path;
  NameFeatures words;
  words.offsets.push_back(0);
  for (std::uint32_t label = 0; label < kLabels; ++label) {
    words.ids.push_back(label);
    if (label == 2) words.ids.push_back(30);
    words.offsets.push_back(words.ids.size());
  }
  const FeatureWeights plain(SparseWeighting::given, data.view());
  const std::vector<std::uint32_t> all;
  path.build({config, data.view(), all, plain, {}, &words}, WorkMonitor::silent());
  REQUIRE_FALSE(path.empty());
  path.index(kFeatures);
  SparseQuery query;
  CandidateSet candidates(kLabels);
  const std::vector<std::uint32_t> ids = {2, 7, 50};
  const std::vector<float> values = {9.f, 1.f, 1.f};  // words count once, whatever their values
  query.begin(ids, values);
  const auto proposer = path.proposer(config, kLabels);
  proposer->propose(query, {}, candidates);
  REQUIRE(candidates.labels().size() == 2);
  candidates.add(4);
  candidates.begin_features();
  proposer->describe(query, candidates);
  std::vector<double> idf;
  for (const std::uint32_t f : {2u, 7u, 50u, 30u}) {
    double count = 0;
    for (std::size_t row = 0; row < data.size(); ++row) {
      const auto row_ids = data.view().features.row_ids(row);
      count += std::ranges::find(row_ids, f) != row_ids.end() ? 1 : 0;
    }
    idf.push_back(std::log(401 / (count + 1)));
  }
  const double sample = std::sqrt(idf[0] * idf[0] + idf[1] * idf[1] + idf[2] * idf[2]);
  const double two = std::sqrt(idf[0] * idf[0] + idf[3] * idf[3]);
  for (std::size_t c = 0; c < 3; ++c) {
    const CandidateFeatures& said = candidates.features()[c];
    const std::uint32_t label = candidates.labels()[c];
    const double likeness = label == 2 ? idf[0] * idf[0] / two / sample : label == 7 ? idf[1] / sample : 0;
    const double share = label == 2 ? idf[0] * idf[0] / two / two : label == 7 ? 1 : 0;
    CHECK(said[CandidateFeature::name_likeness] == Approx(likeness).epsilon(0.01));
    CHECK(said[CandidateFeature::name_share] == Approx(share).epsilon(0.01));
    CHECK(said[CandidateFeature::best_name] == Approx(std::max(idf[1] / sample, idf[0] * idf[0] / two / sample)).epsilon(0.01));
  }
}

TEST_CASE("names that tell nothing, or none, make no path", "[unit]") {
  Data data = named_data(400, 3);
  CHECK(impl_of(trained(data, true)).paths.names.rows.rows() == kLabels);
  CHECK(impl_of(trained(data, false)).paths.names.empty());
  CHECK(impl_of(trained(data, true, false)).paths.names.empty());
  std::ranges::rotate(data.y.ids, data.y.ids.begin() + 1);  // labels of other samples
  CHECK(impl_of(trained(data, true)).paths.names.empty());
}

TEST_CASE("the path of names is part of the model file, with and without its training state", "[unit]") {
  const Data data = named_data(600, 3), test = named_data(50, 4, kLabels);
  const Model model = trained(data, true);
  const TemporaryFolder folder;
  for (const bool with_state : {true, false}) {
    must(model.save(folder.file("m.glsd"), with_state));
    const Model loaded = must(Model::load(folder.file("m.glsd")));
    const Predictions a = must(model.predict(test.x.view())), b = must(loaded.predict(test.x.view()));
    CHECK(a.labels == b.labels);
    CHECK(a.scores == b.scores);
  }
}

TEST_CASE("a ranker has the numbers it had before names counted, unless they count", "[unit]") {
  const Data data = named_data(600, 3);
  CHECK(impl_of(trained(data, true)).paths.ranker.weights.size() == Ranker::kSize);
  for (const bool named : {false, true}) {
    const Model model = trained(data, !named, named);
    CHECK(impl_of(model).paths.ranker.weights.size() == Ranker::kSizeWithoutNames);
  }
}

}  // namespace glissade::test
