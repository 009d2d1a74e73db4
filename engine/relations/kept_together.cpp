#include "engine/relations/kept_together.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <glissade/row_relations.h>

#include "engine/relations/baskets.h"

namespace glissade {

std::vector<std::uint64_t> kept_together(const Config& config, const DatasetView& data, const OwnLabels& own) {
  if (!data.groups.empty()) return {data.groups.begin(), data.groups.end()};
  if (config.candidates.sibling_rows == SiblingRows::none) return {};
  const bool finds = config.candidates.sibling_rows == SiblingRows::find;
  if (config.candidates.exclude_input && (!finds || !own.has_table())) return baskets(data, own);
  return finds && !data.groups_known ? relate_rows(data).groups : std::vector<std::uint64_t>();
}

std::uint64_t fingerprint_of(std::span<const std::uint64_t> groups) noexcept {
  return groups.empty() ? 0 : XXH3_64bits(groups.data(), groups.size_bytes()) | 1;
}

}  // namespace glissade
