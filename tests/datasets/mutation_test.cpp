// Whatever the bytes, a reader answers with a sound data set or with one line. Run it under AddressSanitizer too.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "datasets/decompress.h"
#include "datasets/parse.h"
#include "datasets/read.h"
#include "hashing/seeds.h"
#include "tests/datasets/archives.h"
#include "tests/datasets/helpers.h"
#include "tests/datasets/soundness.h"

namespace {

using namespace glissade::datasets;
using glissade::hashing::Random;
using testing::one_line;
using testing::sound;

const std::string kXmc = "5 40 9\n0,4 1:0.5 9:-2 17:1e-3\n 3:1\n1,8,3 4:1.25 39:0.0625\r\n7\n2 10:7 20:0.123456789 30:5\n";
const std::string kSvm = "# c\n0,4.0,4 qid:1 1:0.5 1:2 9:-2 17:1e-3\n 3:1\n1,8,3 4:1.25 39:0.0625\n2 10:7 20:0.12 30:5";

std::string mutated(std::string text, Random& random) {
  static constexpr std::string_view kAlphabet = "0123456789999 \n\n\r\t:,,.-+eEnaif##xqd";
  for (std::uint64_t edits = 1 + random.below(4); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = random.below(text.size());
    const char byte = random.below(8) == 0 ? static_cast<char>(random.next()) : kAlphabet[random.below(kAlphabet.size())];
    switch (random.below(6)) {
      case 0: text[at] = byte; break;
      case 1: text.insert(at, 1, byte); break;
      case 2: text.erase(at, 1 + random.below(4)); break;
      case 3: text.resize(at); break;
      case 4: text.insert(at, text.substr(random.below(text.size()), random.below(20))); break;
      default: text.insert(at, random.below(30), byte); break;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("no text makes the parser fail in any other way than one line", "[property]") {
  Random random(7);
  int accepted = 0;
  constexpr int kRounds = 20'000;
  for (int i = 0; i < kRounds; ++i) {
    const bool xmc = i % 2 == 0;
    const std::string text = mutated(xmc ? kXmc : kSvm, random);
    const auto copy = std::make_unique<char[]>(text.size());
    text.copy(copy.get(), text.size());
    const ParseOptions options{xmc ? Format::xmc : Format::libsvm, IdBase::detect, random.below(2) == 0 ? 8u : 1000u};
    const auto result = parse_dataset({copy.get(), text.size()}, "t.txt", options);
    INFO(text);
    if (result) {
      ++accepted;
      if (!sound(result->view())) FAIL("accepted, but the data set is not sound");
    } else if (!one_line(result.error().message)) {
      FAIL(result.error().message);
    }
  }
  // The mutations reach both sides.
  CHECK(accepted > kRounds / 50);
  CHECK(accepted < kRounds / 2);
}

TEST_CASE("no damage to a compressed file makes the reader fail in any other way than one line", "[property]") {
  const testing::TemporaryFolder folder;
  Random random(8);
  std::string body;
  for (int i = 0; i < 300; ++i) body += "1,2 3:0." + std::to_string(1000 + random.below(9000)) + " 7:1\n";
  const std::string text = "300 40 9\n" + body;
  for (const std::string& packed : {testing::zstd_of(text), testing::gzip_of(text), testing::packed_by("bzip2", text),
                                    testing::packed_by("xz", text), testing::tar_of({{"a", text}})}) {
    int refused = 0;
    for (int i = 0; i < 400; ++i) {
      std::string damaged = packed;
      if (i % 4 == 0) damaged.resize(random.below(packed.size()));
      // The first four bytes tell the kind; without them the file is just not XMC.
      for (std::uint64_t edits = random.below(4); edits > 0 && damaged.size() > 4; --edits) {
        damaged[4 + random.below(damaged.size() - 4)] = static_cast<char>(random.next());
      }
      const auto result = read_dataset(folder.file("d", damaged), {.use_cache = false});
      if (result && !sound(result->view())) FAIL("accepted, but the data set is not sound");
      if (!result && !one_line(result.error().message)) FAIL(result.error().message);
      refused += !result;
    }
    CHECK(refused > 100);
  }
}
