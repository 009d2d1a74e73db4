#include "apps/input/read_notes.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apps/console/numbers.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

std::string counted(std::uint64_t count, const char* one, const char* more) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : more);
}

std::string line(const std::string& path, const std::vector<std::string>& parts) {
  return parts.empty() ? "" : fmt::format("{}: {}", datasets::quoted(path), fmt::join(parts, ", "));
}

}  // namespace

std::string changes_text(const std::string& path, const datasets::ReadChanges& changes) {
  std::vector<std::string> parts;
  const auto add = [&parts](std::uint64_t count, const char* one, const char* more) {
    if (count > 0) parts.push_back(counted(count, one, more));
  };
  add(changes.duplicate_features, "duplicate feature was added up", "duplicate features were added up");
  add(changes.duplicate_labels, "duplicate label was counted once", "duplicate labels were counted once");
  add(changes.qids, "qid was skipped", "qid were skipped");
  add(changes.comments, "comment was skipped", "comments were skipped");
  add(changes.byte_order_marks, "byte-order mark was skipped", "byte-order marks were skipped");
  return line(path, parts);
}

std::string unknown_text(const std::string& path, std::uint64_t features, std::uint32_t known_features, std::uint64_t labels,
                         std::uint32_t known_labels) {
  std::vector<std::string> parts;
  if (features > 0)
    parts.push_back(fmt::format("{} beyond the {} of the model {} left out",
                                counted(features, "value of a feature", "values of features"), grouped(known_features),
                                features == 1 ? "was" : "were"));
  if (labels > 0)
    parts.push_back(fmt::format("{} beyond the {} of the model {}", counted(labels, "label", "labels"), grouped(known_labels),
                                labels == 1 ? "counts as a miss" : "count as misses"));
  return line(path, parts);
}

}  // namespace glissade::apps
