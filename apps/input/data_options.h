#pragma once

#include <string>

#include <glissade/result.h>

#include "datasets/dataset.h"
#include "datasets/read.h"

namespace CLI {
class App;
}

namespace glissade::apps {

/// How data files are read; the same options for every command that reads some.
class DataOptions {
 public:
  void add_options(CLI::App& parser);

  /// Reads a whole data set. If `what` is not empty ("training data"), a line about its size and the time it took goes to
  /// standard error.
  Result<datasets::Dataset> read(const std::string& path, const std::string& what, datasets::ReadReport* report = nullptr) const;

  /// Whether the files are running text: the format says so, or none is named and `otherwise` holds.
  bool is_text(bool otherwise) const noexcept { return format_.empty() ? otherwise : format_ == "text"; }
  bool names_format() const noexcept { return !format_.empty(); }

  /// Usage error if a name is none of the known ones.
  Result<datasets::ReadOptions> resolve() const;

 private:
  std::string format_;  ///< "" = xmc, or text where the command knows that
  std::string id_base_ = "detect";
  bool no_cache_ = false;
  std::string cache_directory_;
};

/// The format that `text`, the value of `option`, names.
Result<datasets::Format> choose_format(const std::string& option, const std::string& text);

/// Error unless the ids of `data`, read from `path`, fit a network of that shape.
Result<void> check_fits(const DatasetView& data, const std::string& path, std::uint32_t features, std::uint32_t labels);

/// "74,062 rows, D 40,200, L 16,237, 13.2 features and 1.2 labels per row".
std::string describe(const DatasetView& data);

}  // namespace glissade::apps
