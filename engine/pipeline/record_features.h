#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/pipeline.h>

#include "engine/pipeline/words.h"

namespace glissade {

/// Takes what a record's fields hold, by the names that features have.
class FeatureTaker : public WordTaker {
 public:
  // take(): a word or a category
  virtual void take_number(std::size_t column, double value) = 0;

 protected:
  ~FeatureTaker() = default;
};

/// Cuts records into named features. Of one thread at a time. Allocates nothing once it has met records as long.
class RecordFeatures {
 public:
  /// `runs`: see WordCutter.
  explicit RecordFeatures(const PipelineOptions& options, const RunFilter* runs = nullptr);
  /// The first column of numbers whose text is none, or -1.
  std::int32_t cut(Record record, FeatureTaker& taker);

 private:
  const std::vector<PipelineColumn>* columns_;
  std::vector<std::string> prefixes_;  ///< of each column's features
  WordCutter words_;
};

/// The name of the feature that a column of numbers is.
std::string number_feature(const PipelineColumn& column);

}  // namespace glissade
