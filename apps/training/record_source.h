#pragma once

#include <optional>
#include <string>

#include <glissade/model.h>
#include <glissade/pipeline.h>

#include "apps/input/data_options.h"
#include "apps/input/record_options.h"
#include "apps/training/row_source.h"

namespace glissade::apps {

/// Records (CSV, TSV, JSON lines, fastText), of whose columns a pipeline makes rows. A run that goes on reads them by the
/// pipeline of its model; another run makes one.
class RecordSource : public RowSource {
 public:
  /// `resumed`: the model of a run that goes on, or null. All must outlive it.
  RecordSource(const RecordOptions& options, const DataOptions& data, const Model* resumed, bool quiet)
      : options_(options), data_(data), resumed_(resumed), quiet_(quiet) {}

  Result<datasets::Dataset> read_train(const std::string& path, bool quiet, datasets::ReadReport& report) override;
  Result<datasets::Dataset> read_other(const std::string& path, const std::string& what, const Shape& shape,
                                       datasets::ReadReport& report) override;
  PartNames take_names() override;
  std::string notes() const override { return notes_.text(); }
  bool has_words() const override;

 private:
  Result<RecordNotes> columns_of(const std::string& path) const;
  Result<datasets::Dataset> fit(const std::string& path, datasets::ReadReport& report);

  const RecordOptions& options_;
  const DataOptions& data_;
  const Model* resumed_;
  bool quiet_;
  RecordNotes notes_;
  PartNames names_;  ///< of a fit: kept until they are taken, and copied for the other files
};

}  // namespace glissade::apps
