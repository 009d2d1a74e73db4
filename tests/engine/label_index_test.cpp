#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "engine/samplers/label_codes.h"
#include "engine/samplers/label_index.h"
#include "hashing/group_codes.h"
#include "hashing/lift.h"
#include "tests/engine/models.h"
#include "tests/engine/thread_transport.h"
#include "tests/hashing/support.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kRows = 300;
constexpr std::size_t kIndexWidth = 12;

ParameterRows random_rows(std::uint64_t seed) {
  ParameterRows rows(kRows, kIndexWidth, {Storage::fp32, true, true, {}});
  rows.randomize(1.0, seed);
  hashing::Random random(hashing::mix(seed));
  for (std::uint32_t i = 0; i < kRows; ++i) rows.bias[i] = static_cast<float>(random.unit() - 0.5);
  return rows;
}

Config config_of(RehashKind kind) {
  Config config = small_config();
  config.rehash.kind = kind;
  config.rehash.period = 96;
  config.rehash.threshold = 0.3;
  return config;
}

bool up_to_date(const LabelIndex& index, const Config& config, const ParameterRows& rows) {
  LabelIndex fresh(config, rows);
  fresh.build();
  return hashing::test::same_buckets(index.tables(), fresh.tables());
}

}  // namespace

TEST_CASE("a re-hash begins when it is due, goes on in each step, and is done when the next one is due", "[unit]") {
  const Config config = config_of(RehashKind::fixed);
  ParameterRows rows = random_rows(3);
  LabelIndex index(config, rows);
  index.build();
  rows.randomize(1.0, 4);
  for (int step = 0; step < 3; ++step) CHECK(index.advance(32) == 0);  // the third begins one
  CHECK_FALSE(up_to_date(index, config, rows));
  CHECK(index.advance(32) + index.advance(32) + index.advance(32) == kRows);
  CHECK(up_to_date(index, config, rows));
}

TEST_CASE("a re-hash by drift reads the rows that moved, and no others", "[unit]") {
  const Config config = config_of(RehashKind::drift);
  ParameterRows rows = random_rows(3);
  LabelIndex index(config, rows);
  index.build();
  index.drift().add(7, 1e6f);
  index.drift().add(200, 1e6f);
  index.drift().add(9, 1e-9f);
  CHECK(index.advance(96) == 0);
  CHECK(index.advance(95) + index.advance(1) == 2);
  CHECK(index.advance(96) == 0);  // what was hashed starts again without drift
  CHECK(index.advance(96) == 0);
}

TEST_CASE("an epoch begins with empty tables, which are full after a small part of it", "[unit]") {
  Config config = config_of(RehashKind::fixed);
  config.rehash.period = 10'000;
  constexpr std::uint64_t kBatch = 25, kPart = 4 * kBatch, kSamples = kPart * LabelIndex::kFillingPart;
  ParameterRows rows = random_rows(3);
  LabelIndex index(config, rows);
  const auto stored = [&] {
    std::size_t ids = 0;
    for (std::uint32_t code = 0; code < std::uint32_t{1} << index.tables().bits(); ++code)
      ids += index.tables().bucket(0, code).size();
    return ids;
  };
  for (const bool before : {false, true}) {  // whether there is something to take out
    if (before) index.build();
    index.restart(0, kSamples, kBatch);
    CHECK(stored() == 0);
    std::size_t hashed = 0;
    for (std::uint64_t done = 0; done < kPart; done += kBatch) hashed += index.advance(kBatch);
    CHECK(hashed == kRows);
    CHECK(up_to_date(index, config, rows));
  }
  index.restart(0, kSamples, kBatch);
  index.advance(kBatch);
  index.ensure_begun();
  CHECK_FALSE(up_to_date(index, config, rows));
  CHECK_FALSE(index.full());
  index.build();
  CHECK(index.full());
  CHECK(up_to_date(index, config, rows));
}

TEST_CASE("new hash functions in every epoch are the same for the same epoch", "[unit]") {
  Config config = config_of(RehashKind::fixed);
  config.rehash.renew = GENERATE(true, false);
  const ParameterRows rows = random_rows(3);
  const auto full_after = [&](std::uint64_t epochs) {
    auto index = std::make_unique<LabelIndex>(config, rows);
    index->restart(epochs, 64, 32);
    index->advance(32);
    return index;
  };
  const auto same = [](const auto& a, const auto& b) { return hashing::test::same_buckets(a->tables(), b->tables()); };
  CHECK(same(full_after(1), full_after(1)));
  CHECK(same(full_after(1), full_after(2)) != config.rehash.renew);
}

TEST_CASE("a build drops the re-hash under way", "[unit]") {
  const Config config = config_of(RehashKind::fixed);
  ParameterRows rows = random_rows(3);
  LabelIndex index(config, rows);
  index.build();
  index.advance(96);
  index.advance(60);
  rows.randomize(1.0, 5);
  index.build();
  CHECK(index.advance(30) == 0);
  CHECK(up_to_date(index, config, rows));
}

TEST_CASE("with the simple transform rows are hashed at the length of the longest one", "[unit]") {
  Config config = config_of(RehashKind::fixed);
  config.hash_tables.transform = HashTransform::simple;
  ParameterRows rows = random_rows(6);
  for (std::size_t d = 0; d < kIndexWidth; ++d) rows.weights.data()[17 * rows.stride() + d] *= 5.f;
  LabelIndex index(config, rows);
  index.build();
  double longest = 0;
  for (std::uint32_t i = 0; i < kRows; ++i) {
    double square = double{rows.bias[i]} * rows.bias[i];
    for (std::size_t d = 0; d < kIndexWidth; ++d) square += std::pow(double{rows.weights.data()[i * rows.stride() + d]}, 2);
    longest = std::max(longest, std::sqrt(square));
  }
  const auto family = hashing::Family::make(family_params(config, kIndexWidth));
  std::vector<float> block(family->params().dimension * hashing::kLanes);
  std::vector<std::uint32_t> codes(config.hash_tables.count * hashing::kLanes);
  for (const std::uint32_t i : {0u, 17u, 299u}) {
    hashing::transpose_block(rows.weights.data() + i * rows.stride(), rows.stride(), 1, kIndexWidth, block.data());
    block[kIndexWidth * hashing::kLanes] = rows.bias[i];
    hashing::lift(block.data(), kIndexWidth + 1, 1, static_cast<float>(longest));
    family->codes(block.data(), codes.data());
    for (std::uint32_t t = 0; t < config.hash_tables.count; ++t) {
      const auto bucket = index.tables().bucket(t, codes[t * hashing::kLanes]);
      CHECK(std::binary_search(bucket.begin(), bucket.end(), i));
    }
  }
}

TEST_CASE("ranks that share the rows out find a batch's labels where one process finds them", "[unit]") {
  const Config config = config_of(RehashKind::fixed);
  const ParameterRows rows = random_rows(3);
  const LabelIndex whole(config, rows);
  const std::vector<std::uint64_t> offsets = {0, 3, 3, 5, 9};
  const std::vector<std::uint32_t> labels = {7, 200, 7, 8, 299, 7, 10, 4, 1};  // of three ranks the last has 8 and 200
  const SparseRows batch{offsets, labels, {}};
  const int size = GENERATE(2, 3);
  std::vector<int> wrong(static_cast<std::size_t>(size));
  ThreadRanks(size).run([&](Communicator& ranks) {
    RowShards shards(ranks);
    const RowOwners owners = shards.owners();
    ParameterRows own(owners.count(kRows), kIndexWidth, {Storage::fp32, true, true, {}});
    for (std::uint32_t place = 0; place < own.rows(); ++place) {
      const std::uint32_t row = owners.row_at(place);
      std::copy_n(rows.weights.data() + row * rows.stride(), kIndexWidth, own.weights.data() + place * own.stride());
      own.bias[place] = rows.bias[row];
    }
    const LabelIndex index(config, own);
    LabelCodes codes(index, shards, kRows);
    codes.gather(batch);
    std::vector<std::uint32_t> scratch, expected;
    const auto differ = [&](const hashing::GroupCodes& found, std::vector<std::uint32_t> ids) {
      if (found.samples != ids.size()) return 1;
      const std::size_t stride = hashing::padded(ids.size()), tables = index.tables().tables();
      expected.resize(stride * tables);
      whole.row_codes(ids, expected.data(), stride);
      int count = 0;
      for (std::size_t table = 0; table < tables; ++table) {
        for (std::size_t i = 0; i < ids.size(); ++i)
          count += found.codes[table * found.stride + i] != expected[table * stride + i];
      }
      return count;
    };
    int& count = wrong[static_cast<std::size_t>(ranks.rank())];
    count += differ(codes.of(0, 1, scratch), {7, 200, 7}) + differ(codes.of(3, 1, scratch), {7, 10, 4, 1}) +
             differ(codes.of(2, 2, scratch), {8, 299, 7, 10, 4, 1}) + differ(codes.of(1, 1, scratch), {});
    std::vector<std::uint32_t> in_order;  // by rank, and there as they come
    for (int rank = 0; rank < size; ++rank) {
      for (const std::uint32_t label : {7u, 200u, 8u, 299u, 10u, 4u, 1u}) {
        if (label % static_cast<unsigned>(size) == static_cast<unsigned>(rank)) in_order.push_back(label);
      }
    }
    count += differ(codes.of(0, 4, scratch), in_order);
    const std::vector<std::uint64_t> one_offset = {0, 1};
    const std::vector<std::uint32_t> one_label = {10};
    codes.gather({one_offset, one_label, {}});
    count += differ(codes.of(0, 1, scratch), one_label);
    codes.gather(batch);  // nothing is left of another batch
    count += differ(codes.of(0, 4, scratch), in_order);
  });
  CHECK(wrong == std::vector<int>(static_cast<std::size_t>(size)));
}

}  // namespace glissade::test
