#include "engine/inference/search_some.h"

#include <memory>

#include "engine/inference/search_lsh.h"
#include "engine/search/search_coded.h"

namespace glissade {

Search search_for(const Model::Impl& impl, const PredictOptions& options) noexcept {
  constexpr std::size_t kLongPart = 8;  // from this part of the rows on, reading them one by one costs as much as reading all
  if (options.search != Search::automatic) return options.search;
  if (impl.codes.empty()) return Search::exact;
  const std::size_t listed = impl.codes.shortlist(impl.paths.empty() ? options.k : 0);
  return listed < impl.codes.rows() / kLongPart ? Search::learned : Search::exact;
}

void search_some(Model::Impl& impl, Search by, const Activations& hidden, const SearchTarget& target) {
  if (by == Search::learned) {
    search_coded(impl.network.output, impl.codes, hidden, target);
  } else {
    const std::shared_ptr<const LabelIndex> index = impl.search_index();
    search_lsh(impl.network.output, *index, hidden, target);
  }
}

Search Model::search_for(const PredictOptions& options) const noexcept { return glissade::search_for(*impl_, options); }

}  // namespace glissade
