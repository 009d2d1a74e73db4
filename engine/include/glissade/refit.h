#pragma once

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>

namespace glissade {

/// Whether a model has paths beside the hidden one, so that there is something to weigh.
bool has_ranker(const Model& model) noexcept;

/// Weighs anew what the paths of a model say of candidates: after something else about the paths has changed, say that weights
/// were pruned. The paths stay as they are; their weights, the ranker and its calibration become those of `rows`, labelled rows
/// that the model was not trained on. The ranker goes on from that of `start`, usually the model as it was before, or the model
/// itself: so some thousand rows are enough. The same rows and the same start make the same ranker, for any number of threads.
///
/// Usage error if the model has no ranker, or is a shard; runtime error if the rows are none that it takes, or hold no label. On
/// an error the model stays as it was. No thread may use the model meanwhile. Takes about as long as an evaluation of the rows.
Result<void> refit_ranker(Model& model, const DatasetView& rows, const Model& start);

}  // namespace glissade
