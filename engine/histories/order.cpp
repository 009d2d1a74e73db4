#include <glissade/histories.h>

#include <algorithm>
#include <utility>

#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kOrderStream = 103;
constexpr std::size_t kMostPairs = 1'000'000;
constexpr int kDraws = 3;

using Pairs = std::vector<std::uint64_t>;

std::uint64_t equal_pairs(Pairs& pairs) {
  std::ranges::sort(pairs);
  std::uint64_t equal = 0;
  for (std::size_t begin = 0, end = 0; begin < pairs.size(); begin = end) {
    for (end = begin; end < pairs.size() && pairs[end] == pairs[begin]; ++end) equal += end - begin;
  }
  return equal;
}

void add_pairs(const std::vector<std::uint32_t>& line, Pairs& pairs) {
  for (std::size_t i = 1; i < line.size(); ++i) pairs.push_back(std::uint64_t{line[i - 1]} << 32 | line[i]);
}

/// Watches whether all pairs of names ascend, or descend: by bytes, or shorter ones first as numbers do.
class SortedNames {
 public:
  explicit SortedNames(std::span<const std::string> names) : names_(names) {}

  void see(const std::vector<std::uint32_t>& line) {
    for (std::size_t i = 1; i < line.size() && !names_.empty() && (up_ || down_ || longer_ || shorter_); ++i) {
      const std::string &first = names_[line[i - 1]], &second = names_[line[i]];
      const auto by_length = [](const std::string& name) {
        return std::pair<std::size_t, const std::string&>(name.size(), name);
      };
      up_ = up_ && first < second;
      down_ = down_ && second < first;
      longer_ = longer_ && by_length(first) < by_length(second);
      shorter_ = shorter_ && by_length(second) < by_length(first);
    }
  }
  bool sorted() const noexcept { return !names_.empty() && (up_ || down_ || longer_ || shorter_); }

 private:
  std::span<const std::string> names_;
  bool up_ = true, down_ = true, longer_ = true, shorter_ = true;
};

}  // namespace

OrderEvidence order_evidence(const Histories& histories, std::span<const std::string> names) {
  const std::size_t events = histories.items.size(), step = 1 + events / kMostPairs;
  Pairs found, drawn[kDraws];
  SortedNames sorted(names);
  std::vector<std::uint32_t> line, shuffled;
  std::vector<std::size_t> last_line;  // of each item
  for (std::size_t i = 0; i < histories.size(); i += step) {
    line.clear();
    for (const std::uint32_t item : histories.line(i)) {
      if (item >= last_line.size()) last_line.resize(std::size_t{item} + 1, histories.size());
      if (std::exchange(last_line[item], i) != i) line.push_back(item);
    }
    add_pairs(line, found);
    sorted.see(line);
    for (int draw = 0; draw < kDraws; ++draw) {
      hashing::Random random(hashing::derive(i, kOrderStream, static_cast<std::uint64_t>(draw)));
      shuffled = line;
      for (std::size_t left = shuffled.size(); left > 1; --left) std::swap(shuffled[left - 1], shuffled[random.below(left)]);
      add_pairs(shuffled, drawn[draw]);
    }
  }
  OrderEvidence evidence{equal_pairs(found), 0, sorted.sorted()};
  for (Pairs& pairs : drawn) evidence.by_chance += static_cast<double>(equal_pairs(pairs)) / kDraws;
  return evidence;
}

}  // namespace glissade
