#include "engine/inference/search_some.h"

#include <memory>

#include "engine/inference/search_lsh.h"
#include "engine/search/search_coded.h"

namespace glissade {

Search search_for(const Model::Impl& impl, const PredictOptions& options) noexcept {
  constexpr float kMostError = 0.01f;  // of a probability
  if (options.search != Search::automatic) return options.search;
  if (impl.codes.empty()) return Search::exact;
  // Codes tell the best labels; the sum over all others, which a probability is divided by, they estimate, better or worse. With
  // paths the candidates share a probability among them, and little is left to the others.
  const bool needs_sum = options.probabilities && impl.paths.empty() && is_softmax(impl.config.network.loss);
  if (needs_sum && impl.codes.log_sum_error() > kMostError) return Search::exact;
  const std::size_t listed = impl.codes.shortlist(impl.paths.empty() ? options.k : 0);
  return listed < impl.codes.rows() / CodedRows::kLongPart ? Search::learned : Search::exact;
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
