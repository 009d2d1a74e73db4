#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine/model_file/container.h"
#include "engine/samplers/cluster_index.h"
#include "engine/samplers/label_index.h"

namespace glissade {

/// Sections of a model file about to be written. Those that are no array of the model's are kept here until then.
class StateSections {
 public:
  template <class T>
  void add(model_file::SectionKind kind, std::uint32_t index, std::span<const T> values) {
    if (!values.empty()) list.push_back({kind, index, std::as_bytes(values)});
  }
  template <class T>
  void keep(model_file::SectionKind kind, std::uint32_t index, const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    kept_.emplace_back(bytes.begin(), bytes.end());
    add(kind, index, std::span<const std::byte>(kept_.back()));
  }

  std::vector<model_file::Section> list;

 private:
  std::deque<std::vector<std::byte>> kept_;  ///< its elements stay where they are
};

/// Hash tables and learned tables during training, with the re-hash under way: what a run needs that goes on between two
/// steps as if it had never stopped. At the begin of a pass tables follow from the weights, and none of this is saved.
class TableState {
 public:
  static void save(LabelIndex& index, StateSections& out);
  static void save(const ClusterIndex& clusters, StateSections& out);

  /// False if the sections are not whole or do not fit the tables.
  static bool load(const model_file::Reader& file, LabelIndex& index);
  static bool load(const model_file::Reader& file, ClusterIndex& clusters);

 private:
  static bool load_buckets(const model_file::Reader& file, ClusterIndex& clusters);
};

}  // namespace glissade
