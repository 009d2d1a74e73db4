// What ranks that share a model's paths out do together, part by part.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "engine/batches/label_share.h"
#include "engine/communication/byte_message.h"
#include "engine/neighbours/nearest.h"
#include "engine/ranking/linear_ranker.h"
#include "engine/ranking/ranker.h"
#include "hashing/seeds.h"
#include "tests/engine/data.h"
#include "tests/engine/thread_transport.h"

namespace glissade::test {
namespace {

/// Candidates of which a label is likelier where the features that paths say are larger.
RankingExamples made_up_examples(std::size_t samples, std::uint64_t seed) {
  hashing::Random random(seed);
  RankingExamples examples;
  for (std::size_t i = 0; i < samples; ++i) {
    std::vector<CandidateFeatures> features(6 + random.below(8));
    std::vector<std::uint32_t> labels(features.size());
    std::vector<float> targets;
    std::iota(labels.begin(), labels.end(), 0u);
    for (CandidateFeatures& one : features) {
      for (float& value : one) value = static_cast<float>(2 * random.unit() - 1);
      targets.push_back(one[0] + 0.5f * one[2] - one[3] > 0.6f ? 1.f : 0.f);
    }
    examples.add(features, labels, targets, static_cast<float>(0.5 + random.unit()));
  }
  return examples;
}

/// Samples first to end - 1 of them.
RankingExamples part_of(RankingExamples& all, std::size_t first, std::size_t end) {
  RankingExamples part;
  for (std::size_t i = first; i < end; ++i)
    part.add(all.features_of(i), all.labels_of(i), std::span(all.targets).subspan(all.begin_of(i), all.labels_of(i).size()),
             all.weights[i]);
  return part;
}

double distance(const Array<float>& some, const Array<float>& others) {
  double most = some.size() == others.size() ? 0 : 1e9;
  for (std::size_t i = 0; i < std::min(some.size(), others.size()); ++i)
    most = std::max(most, std::abs(double{some[i]} - double{others[i]}));
  return most;
}

}  // namespace

TEST_CASE("ranks that have some examples each fit the rankers of one that has all", "[unit]") {
  RankingExamples all = made_up_examples(400, 3);
  const LinearRanker linear = LinearRanker::fit(all);
  const Ranker ranker = Ranker::fit(all, linear, 7);
  CHECK(std::abs(linear.weights[0]) > 0.5f);
  for (const int count : {2, 3}) {
    std::vector<double> by_linear(static_cast<std::size_t>(count)), by_ranker(by_linear);
    ThreadRanks(count).run([&](Communicator& ranks) {
      const auto rank = static_cast<std::size_t>(ranks.rank());
      RowShards shards(ranks);
      const RankingExamples own =
          part_of(all, 400 * rank / static_cast<std::size_t>(count), 400 * (rank + 1) / static_cast<std::size_t>(count));
      const LinearRanker found = LinearRanker::fit(own, WorkMonitor::silent(), &shards);
      by_linear[rank] = distance(found.weights, linear.weights);
      by_ranker[rank] = distance(Ranker::fit(own, linear, 7, WorkMonitor::silent(), {}, &shards).weights, ranker.weights);
    });
    for (const double one : by_linear) CHECK(one < 1e-4);
    for (const double one : by_ranker) CHECK(one < 1e-2);
  }
}

TEST_CASE("a rank without examples helps the others to fit", "[unit]") {
  RankingExamples all = made_up_examples(60, 5);
  const LinearRanker linear = LinearRanker::fit(all);
  std::vector<double> far(2);
  ThreadRanks(2).run([&](Communicator& ranks) {
    RowShards shards(ranks);
    const RankingExamples own = ranks.rank() == 0 ? all : RankingExamples();
    far[static_cast<std::size_t>(ranks.rank())] =
        distance(LinearRanker::fit(own, WorkMonitor::silent(), &shards).weights, linear.weights);
  });
  CHECK(far[0] < 1e-4);
  CHECK(far[1] < 1e-4);
}

TEST_CASE("of equally near neighbours those with the lower numbers are chosen, wherever they stand", "[unit]") {
  Nearest nearest;
  const std::vector<float> likeness = {0.5f, 0.9f, 0.5f, 0.5f, 0.7f, 0.5f};
  const auto chosen = [&](const std::vector<std::uint32_t>& rows, std::size_t most) {
    nearest.choose(rows, likeness, most);
    std::vector<std::uint32_t> out;
    for (std::size_t i = 0; i < nearest.size(); ++i) {
      out.push_back(rows[nearest.place(i)]);
      CHECK(nearest.likeness(i) == likeness[nearest.place(i)]);
    }
    return out;
  };
  CHECK(chosen({40, 8, 10, 30, 9, 20}, 4) == std::vector<std::uint32_t>{8, 9, 10, 20});
  CHECK(chosen({10, 8, 40, 20, 9, 30}, 3) == std::vector<std::uint32_t>{8, 9, 10});
  CHECK(chosen({10, 8, 40, 20, 9, 30}, 2) == std::vector<std::uint32_t>{8, 9});
  CHECK(chosen({10, 8, 40, 20, 9, 30}, 9).size() == 6);
  nearest.choose({}, {}, 3);
  CHECK(nearest.size() == 0);
}

TEST_CASE("a rank's share of the best of all is hardly ever too small", "[unit]") {
  CHECK(RowOwners{0, 1}.likely_share(400) == 400);
  CHECK(RowOwners{0, 4}.likely_share(0) == 0);
  CHECK(RowOwners{0, 2}.likely_share(3) == 3);
  for (const std::uint32_t ranks : {2u, 5u, 16u}) {
    const std::size_t share = RowOwners{0, ranks}.likely_share(100);
    CHECK(share < 100);
    hashing::Random random(9);
    std::size_t too_many = 0;
    for (int draw = 0; draw < 1000; ++draw) {
      std::size_t own = 0;
      for (int i = 0; i < 100; ++i) own += random.below(ranks) == 0 ? 1 : 0;
      too_many += own > share ? 1 : 0;
    }
    CHECK(too_many < 10);
  }
}

TEST_CASE("each rank's labels are numbered by their places, and all samples stay", "[unit]") {
  const Data data = planted_data(60, 30, 17, 4);
  std::vector<std::vector<std::vector<std::uint32_t>>> seen(3);
  ThreadRanks(3).run([&](Communicator& ranks) {
    RowShards shards(ranks);
    const LabelShare share(data.view(), &shards);
    auto& own = seen[static_cast<std::size_t>(ranks.rank())];
    for (std::size_t row = 0; row < share.own().size(); ++row) {
      own.emplace_back();
      for (const std::uint32_t place : share.own().labels.row_ids(row)) {
        if (place < share.own().label_count) own.back().push_back(share.owners().row_at(place));
      }
    }
  });
  for (std::size_t row = 0; row < data.size(); ++row) {
    const auto labels = data.view().labels.row_ids(row);
    std::vector<std::uint32_t> wanted(labels.begin(), labels.end()), together;
    for (const auto& rank : seen) {
      REQUIRE(rank.size() == data.size());
      together.insert(together.end(), rank[row].begin(), rank[row].end());
    }
    std::ranges::sort(wanted);
    std::ranges::sort(together);
    CHECK(together == wanted);
  }
}

TEST_CASE("bytes of sizes that only the sender knows reach the rank that they are for", "[unit]") {
  constexpr int kRanks = 3;
  std::vector<int> wrong(kRanks);
  ThreadRanks(kRanks).run([&](Communicator& ranks) {
    const auto rank = static_cast<std::uint32_t>(ranks.rank());
    std::vector<std::vector<std::byte>> out(kRanks), in;
    for (std::uint32_t to = 0; to < kRanks; ++to) {
      put_array(out[to], std::vector<std::uint32_t>(rank * 2 + to, 10 * rank + to));
      put_array(out[to], std::vector<float>{0.5f});
    }
    if (!ranks.all_to_all_unknown(out, in)) wrong[rank] = 1000;
    for (std::uint32_t from = 0; from < in.size(); ++from) {
      ByteMessage message(in[from]);
      wrong[rank] += message.array<std::uint32_t>() != std::vector<std::uint32_t>(from * 2 + rank, 10 * from + rank) ? 1 : 0;
      wrong[rank] += message.is_at_end() ? 1 : 0;
      wrong[rank] += message.array<float>() != std::vector<float>{0.5f} ? 1 : 0;
      wrong[rank] += message.is_at_end() ? 0 : 1;
    }
  });
  CHECK(wrong == std::vector<int>(kRanks));
}

}  // namespace glissade::test
