#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glissade/explain.h>
#include <glissade/model.h>
#include <glissade/result.h>

namespace CLI {
class App;
}  // namespace CLI

namespace glissade::apps {

/// Which of the answers to a row are given: those of at least that probability, and the best ones in any case.
struct AnswerFilter {
  float least = 0;         ///< 0: all
  std::uint32_t best = 0;  ///< ranks below it are given in any case

  bool keeps(std::size_t rank, float probability) const noexcept { return least == 0 || rank < best || probability >= least; }
  void apply(std::vector<LabelReasons>& reasons) const;
};

/// The options --threshold and --min-labels.
class ThresholdOptions {
 public:
  static constexpr std::uint32_t kMostLabels = 100;  ///< of a row, unless --k says otherwise

  void add_options(CLI::App& parser);
  bool given() const noexcept { return automatic_ || least_; }
  /// For answers of `model` (in the file `path`), at most k of a row. Tells on standard error what was chosen. Usage error if the
  /// model cannot say which threshold is best, or the options do not go together. `probabilities`: that is what answers stand
  /// with.
  Result<AnswerFilter> filter(const Model& model, const std::string& path, std::uint32_t k, bool probabilities) const;

 private:
  bool automatic_ = false;
  std::optional<float> least_;
  std::uint32_t best_ = 0;
};

}  // namespace glissade::apps
