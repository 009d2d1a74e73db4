#include "engine/evaluation/f1_sums.h"

#include <algorithm>

namespace glissade {

double F1Sums::Counts::f1() const noexcept {
  return given + wanted == 0 ? 0 : 2 * static_cast<double>(right) / static_cast<double>(given + wanted);
}

F1Sums::Counts& F1Sums::of(std::uint32_t label) {
  if (label >= labels_.size()) labels_.resize(label + std::size_t{1});
  return labels_[label];
}

void F1Sums::add(std::span<const std::uint32_t> given, std::span<const std::uint32_t> wanted) {
  Counts sample{0, given.size(), wanted.size()};
  for (const std::uint32_t label : wanted) ++of(label).wanted;
  for (const std::uint32_t label : given) {
    const bool right = std::ranges::find(wanted, label) != wanted.end();
    sample.right += right ? 1 : 0;
    of(label).right += right ? 1 : 0;
    ++of(label).given;
  }
  all_.right += sample.right;
  all_.given += sample.given;
  all_.wanted += sample.wanted;
  samples_f1_ += sample.f1();
  ++samples_;
}

F1 F1Sums::f1() const noexcept {
  double labels_f1 = 0;
  std::uint64_t met = 0;
  for (const Counts& label : labels_) {
    labels_f1 += label.f1();
    met += label.given + label.wanted != 0 ? 1 : 0;
  }
  return {all_.f1(), met == 0 ? 0 : labels_f1 / static_cast<double>(met),
          samples_ == 0 ? 0 : samples_f1_ / static_cast<double>(samples_)};
}

}  // namespace glissade
