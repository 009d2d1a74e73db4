#pragma once

#include <string>

#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/input/data_options.h"
#include "apps/training/part_names.h"
#include "datasets/dataset.h"
#include "datasets/format.h"
#include "datasets/read.h"

namespace glissade::apps {

/// Where the rows of a run come from.
class RowSource {
 public:
  virtual ~RowSource() = default;

  /// The training file, first of all. A line about it goes to standard error unless `quiet`.
  virtual Result<datasets::Dataset> read_train(const std::string& path, bool quiet, datasets::ReadReport& report) = 0;
  /// Another file for the same network. `what` it is, for the line about it; "" = no line.
  virtual Result<datasets::Dataset> read_other(const std::string& path, const std::string& what, const Shape& shape,
                                               datasets::ReadReport& report) = 0;
  /// What the files bring along, empty if nothing. After read_train(), once.
  virtual PartNames take_names() { return {}; }
  /// How the files are read, for Model::set_data_notes(). After read_train().
  virtual std::string notes() const = 0;
  /// Whether features are words and the like, with their counts as values.
  virtual bool has_words() const { return false; }
};

/// Files of ids: XMC, libsvm.
class IdRows : public RowSource {
 public:
  /// `known`: of a model that is trained on. `options` must outlive it.
  IdRows(const DataOptions& options, KnownBase known) : options_(options), known_(std::move(known)) {}

  Result<datasets::Dataset> read_train(const std::string& path, bool quiet, datasets::ReadReport& report) override;
  Result<datasets::Dataset> read_other(const std::string& path, const std::string& what, const Shape& shape,
                                       datasets::ReadReport& report) override;
  std::string notes() const override;

 private:
  const DataOptions& options_;
  KnownBase known_;
  datasets::Format format_ = datasets::Format::xmc;
};

}  // namespace glissade::apps
