// Which labels are answered at all, and how labels of few and of many training rows are found.
#include "engine/evaluation/answered_labels.h"

#include <catch2/catch.hpp>

#include <vector>

namespace glissade {
namespace {

/// Four samples, the last without labels, of labels 0 .. 7 of which 7 is unknown to training.
struct Answered {
  Answered() {
    predictions.k = 3;
    predictions.labels = {0, 1, 2, 1, 0, Predictions::kNoLabel, 1, 4, 5, 6, 6, 6};
  }
  SparseRows labels() const { return {offsets, ids, {}}; }
  Predictions predictions;
  std::vector<std::uint64_t> offsets = {0, 2, 3, 5, 5};
  std::vector<std::uint32_t> ids = {0, 2, 3, 4, 9};
};

const std::vector<std::uint32_t> kRows = {9, 15, 1, 2, 3, 0, 8};  ///< training rows of labels 0 .. 6
const std::vector<std::uint32_t> kDepths = {3, 1};

}  // namespace

TEST_CASE("coverage is the share of labels that are answered at least once", "[unit]") {
  const Answered data;
  AnsweredLabels answered({7, kRows, 40, {}}, kDepths, false);
  answered.add(data.predictions, data.labels());
  CHECK(answered.coverage(1) == Approx(2.0 / 7));
  CHECK(answered.coverage(2) == Approx(3.0 / 7));
  CHECK(answered.coverage(3) == Approx(5.0 / 7));  // label 6 stands in a row without labels, which does not count
  CHECK(answered.buckets().empty());
  CHECK(AnsweredLabels({0, {}, 0, {}}, kDepths, true).coverage(1) == 0);
}

TEST_CASE("labels are counted in buckets of their training rows", "[unit]") {
  const Answered data;
  AnsweredLabels answered({7, kRows, 40, {}}, kDepths, true);
  answered.add(data.predictions, data.labels());
  const auto buckets = answered.buckets();
  REQUIRE(buckets.size() == 4);  // none, 1, 2 .. 3, 8 .. 15
  using Counts = std::vector<std::uint64_t>;
  CHECK(buckets[0].least == 0);
  CHECK(buckets[0].most == 0);
  CHECK(buckets[0].labels == 1);
  CHECK(buckets[0].true_labels == 1);  // 9, which training did not know
  CHECK(buckets[0].answered == Counts{1, 0});
  CHECK(buckets[0].found == Counts{0, 0});
  CHECK(buckets[1].least == 1);
  CHECK(buckets[1].most == 1);
  CHECK(buckets[1].found == Counts{1, 0});
  CHECK(buckets[2].least == 2);
  CHECK(buckets[2].most == 3);
  CHECK(buckets[2].labels == 2);
  CHECK(buckets[2].true_labels == 2);
  CHECK(buckets[2].found == Counts{1, 0});
  CHECK(buckets[3].least == 8);
  CHECK(buckets[3].most == 15);
  CHECK(buckets[3].labels == 3);
  CHECK(buckets[3].true_labels == 1);
  CHECK(buckets[3].answered == Counts{5, 3});
  CHECK(buckets[3].found == Counts{1, 1});
}

TEST_CASE("without training counts there are no buckets", "[unit]") {
  const Answered data;
  AnsweredLabels answered({7, {}, 0, {}}, kDepths, true);
  answered.add(data.predictions, data.labels());
  CHECK(answered.buckets().empty());
}

TEST_CASE("the most frequent label has a bucket", "[unit]") {
  const std::vector<std::uint32_t> rows = {0xffffffffu, 0x80000000u, 0x7fffffffu};
  const auto buckets = AnsweredLabels({3, rows, 40, {}}, kDepths, true).buckets();
  REQUIRE(buckets.size() == 2);
  CHECK(buckets[0].most == 0x7fffffffu);
  CHECK(buckets[1].least == 0x80000000u);
  CHECK(buckets[1].most == 0xffffffffu);
  CHECK(buckets[1].labels == 2);
}

}  // namespace glissade
