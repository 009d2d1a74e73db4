#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <glissade/explain.h>

#include "engine/c_api/handles.h"

using glissade::c_api::fail;
using glissade::c_api::guarded;
using glissade::c_api::missing;
using glissade::c_api::told;
using glissade::c_api::view_of;

struct glissade_explanation {
  std::vector<std::uint32_t> label;
  std::vector<float> score, probability, base, shares;
  std::vector<std::uint64_t> feature_offsets = {0};
  std::vector<std::uint32_t> feature;
  std::vector<float> by, by_score;
  std::vector<std::uint64_t> neighbour_offsets = {0};
  std::vector<std::uint64_t> neighbour;
  std::vector<float> likeness;

  void add(const glissade::LabelReasons& reasons) {
    label.push_back(reasons.label);
    score.push_back(reasons.score);
    probability.push_back(reasons.probability);
    base.push_back(reasons.base);
    shares.insert(shares.end(), reasons.shares.begin(), reasons.shares.end());
    for (const auto& one : reasons.features) {
      feature.push_back(one.feature);
      by.push_back(one.by);
      by_score.push_back(one.by_score);
    }
    feature_offsets.push_back(feature.size());
    for (const auto& one : reasons.neighbours) {
      if (one.is_name) continue;  // made of a label's name: no training row of the caller's
      neighbour.push_back(one.row);
      likeness.push_back(one.likeness);
    }
    neighbour_offsets.push_back(neighbour.size());
  }
};

extern "C" {

glissade_status glissade_explain(glissade_context* context, const glissade_model* model, const glissade_rows* row,
                                 std::uint32_t k, glissade_explanation** out) {
  return glissade_explain_with_vectors(context, model, row, nullptr, k, out);
}

glissade_status glissade_explain_with_vectors(glissade_context* context, const glissade_model* model, const glissade_rows* row,
                                              const glissade_vectors* vector, std::uint32_t k, glissade_explanation** out) {
  if (model == nullptr || row == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    if (row->rows != 1) return fail(context, GLISSADE_USAGE, "an explanation is of one row; give one");
    glissade::ExplainOptions options;
    options.k = k;
    const auto reasons = glissade::explain(*model->model, {view_of(*row), view_of(vector)}, options);
    if (!reasons) return told(context, reasons.error());
    auto explanation = std::make_unique<glissade_explanation>();
    for (const glissade::LabelReasons& one : *reasons) explanation->add(one);
    *out = explanation.release();
    return GLISSADE_OK;
  });
}
void glissade_explanation_free(glissade_explanation* explanation) { delete explanation; }

void glissade_explanation_view(const glissade_explanation* explanation, glissade_reasons* out) {
  const glissade_explanation& of = *explanation;
  const std::uint32_t size = out->size;
  const glissade_reasons all{size,
                             static_cast<std::uint32_t>(of.label.size()),
                             of.label.data(),
                             of.score.data(),
                             of.probability.data(),
                             of.base.data(),
                             of.shares.data(),
                             of.feature_offsets.data(),
                             of.feature.data(),
                             of.by.data(),
                             of.by_score.data(),
                             of.neighbour_offsets.data(),
                             of.neighbour.data(),
                             of.likeness.data()};
  std::memcpy(out, &all, std::min<std::size_t>(size, sizeof all));
}

}  // extern "C"
