#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glissade/result.h>

#include "datasets/dataset.h"
#include "datasets/read.h"
#include "datasets/row_spill.h"

namespace CLI {
class App;
}

namespace glissade::apps {

/// Where the feature ids of libsvm files count from, if something else than a file and its option says so.
struct KnownBase {
  datasets::IdBase base = datasets::IdBase::detect;  ///< `detect`: nothing says it
  std::string source = {};                           ///< that says it, for messages: a file
  bool is_told = false;                              ///< if nothing says it, a line says what was detected
};

/// How data files are read; the same options for every command that reads some.
class DataOptions {
 public:
  void add_options(CLI::App& parser);

  /// Usage error if a name is unknown, or if options exclude each other. Call it also where no data are read.
  Result<void> check() const;

  /// Reads a whole data set. If `what` is not empty ("training data"), a line about its size and the time it took goes to
  /// standard error, and one about comments and the like that were skipped; what makes the rows differ from the text word for
  /// word is told in any case. Usage error if --id-base contradicts `known`.
  Result<datasets::Dataset> read(const std::string& path, const std::string& what, const KnownBase& known = {},
                                 datasets::ReadReport* report = nullptr) const;

  /// `data`, read from `path`, for a network of that shape. A file without header cannot state D and L: features that the network
  /// does not know are left out, labels that it does not know stay, as misses, and a line on standard error counts both. A file
  /// whose header states more than the network has is another data set: an error. `labels` = none: labels do not matter.
  Result<datasets::Dataset> fit(datasets::Dataset data, const std::string& path, std::uint32_t features,
                                std::optional<std::uint32_t> labels) const;

  /// Whether the files are running text: the format says so, or none is named and `otherwise` holds.
  bool is_text(bool otherwise) const noexcept { return format_.empty() ? otherwise : format_ == "text"; }
  /// Likewise whether they are sequences of items.
  bool is_sequence(bool otherwise) const noexcept { return format_.empty() ? otherwise : format_ == "sequence"; }
  bool names_format() const noexcept { return !format_.empty(); }
  /// Where rows of records go that are more than memory should hold. Usage error if $GLISSADE_READ_MEMORY is no size.
  Result<datasets::SpillPlace> spill_place() const;
  /// What --format names, "" = nothing.
  const std::string& format() const noexcept { return format_; }

  /// Usage error if a name is unknown, or if --id-base contradicts `known`.
  Result<datasets::ReadOptions> resolve(const KnownBase& known = {}) const;

 private:
  std::string format_;   ///< "" = xmc, or text where the command knows that
  std::string id_base_;  ///< "" = detect
  bool no_cache_ = false;
  std::string cache_directory_;
};

/// The format that `text`, the value of `option`, names.
Result<datasets::Format> choose_format(const std::string& option, const std::string& text);

/// Usage error if standard input ('-') is named more than once among the files that a command reads.
Result<void> check_standard_input(const std::vector<std::string>& inputs);

/// Error unless there are rows, and one of them has a label: a mean over none is no result.
Result<void> check_scorable(const DatasetView& data, const std::string& path);

/// Error unless the ids of `data`, read from `path`, fit a network of that shape.
Result<void> check_fits(const DatasetView& data, const std::string& path, std::uint32_t features, std::uint32_t labels);

/// "74,062 rows, D 40,200, L 16,237, 13.2 features and 1.2 labels per row".
std::string describe(const DatasetView& data);

}  // namespace glissade::apps
