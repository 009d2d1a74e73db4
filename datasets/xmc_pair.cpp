#include "datasets/xmc_pair.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>
#include <utility>
#include <vector>

#include "datasets/message.h"
#include "datasets/parse.h"

namespace glissade::datasets {
namespace {

bool exists(const std::string& path) noexcept {
  struct stat state {};
  return ::stat(path.c_str(), &state) == 0;
}

/// What the rows of a pair lie in.
struct Pair {
  Dataset features;
  Dataset labels;
  std::vector<std::uint64_t> offsets;  ///< where some labels are none
  std::vector<std::uint32_t> ids;
};

}  // namespace

std::string labels_beside(const std::string& path) {
  constexpr std::string_view kFeatures = "_X_Xf.", kLabels = "_X_Y.";
  const std::size_t at = path.rfind(kFeatures);
  if (at == std::string::npos || path.find('/', at) != std::string::npos) return "";
  const std::string labels = path.substr(0, at) + std::string(kLabels) + path.substr(at + kFeatures.size());
  if (exists(labels)) return labels;
  for (const std::string_view ending : {".zst", ".gz", ".xz", ".bz2"}) {
    const std::string other =
        labels.ends_with(ending) ? labels.substr(0, labels.size() - ending.size()) : labels + std::string(ending);
    if (exists(other)) return other;
  }
  return "";
}

Result<Dataset> parse_xmc_pair(std::string_view features, const std::string& features_path, std::string_view labels,
                               const std::string& labels_path) {
  auto rows = parse_dataset(features, features_path, {.columns_only = true});
  if (!rows) return rows.error();
  auto marks = parse_dataset(labels, labels_path, {.columns_only = true});
  if (!marks) return marks.error();
  if (rows->view().size() != marks->view().size())
    return runtime_error(fmt::format("{} has {} rows, and {} has {}; give files of the same rows", quoted(labels_path),
                                     marks->view().size(), quoted(features_path), rows->view().size()));
  auto pair = std::make_shared<Pair>(Pair{std::move(*rows), std::move(*marks), {0}, {}});
  const DatasetView& of_labels = pair->labels.view();
  for (std::size_t row = 0; row < of_labels.size(); ++row) {
    const auto ids = of_labels.features.row_ids(row);
    const auto values = of_labels.features.row_values(row);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (values[i] != 0) pair->ids.push_back(ids[i]);
    }
    pair->offsets.push_back(pair->ids.size());
  }
  DatasetView view = pair->features.view();
  view.label_count = of_labels.feature_count;
  view.labels = {pair->offsets, pair->ids, {}};
  ReadFacts facts = pair->features.facts();
  facts.changes += pair->labels.facts().changes;
  return Dataset(view, std::move(pair), nullptr, facts);
}

}  // namespace glissade::datasets
