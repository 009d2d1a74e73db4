#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <glissade/histories.h>

#include "engine/c_api/handles.h"

using glissade::c_api::fail;
using glissade::c_api::give_struct;
using glissade::c_api::guarded;
using glissade::c_api::missing;
using glissade::c_api::take_struct;

struct glissade_history_rows {
  glissade::HistoryRows made;
};

namespace {

/// "" if the arrays are legal, else what is wrong with them.
std::string wrong_with(const glissade_histories& of) {
  if (of.items == 0 || of.items > 0x7fffffffu - 1) return std::to_string(of.items) + " items; there must be 1 to 2147483646";
  if (of.offsets[0] != 0) return "offsets begin with " + std::to_string(of.offsets[0]) + "; they must begin with 0";
  for (std::uint64_t user = 0; user < of.users; ++user) {
    if (of.offsets[user] > of.offsets[user + 1])
      return "offsets go down at history " + std::to_string(user) + "; they must ascend";
  }
  const std::span<const std::uint32_t> items(of.item, of.offsets[of.users]);
  if (const auto beyond = std::ranges::find_if(items, [&](std::uint32_t item) { return item > of.items; }); beyond != items.end())
    return "an item is " + std::to_string(*beyond) + "; they go from 0 to " + std::to_string(of.items - 1);
  for (std::size_t i = 0; of.weights != nullptr && i < items.size(); ++i) {
    if (!(of.weights[i] > 0 && of.weights[i] <= 1e18f))
      return "a weight is " + std::to_string(of.weights[i]) + "; give numbers above 0";
  }
  const bool numbers = of.decay >= 0 && of.decay <= 1 && of.half_life >= 0 && of.mean_weight > 0 && of.window > 0;
  return numbers ? "" : "decay must be 0 to 1, half_life 0 or more, mean_weight above 0, window 1 or more";
}

std::vector<glissade::EventTime> times_of(const glissade_histories& of) {
  std::vector<glissade::EventTime> times;
  if (of.times == nullptr) return times;
  times.resize(of.offsets[of.users]);
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = {of.times[i], of.fractions == nullptr ? 0 : of.fractions[i]};
  return times;
}

/// The histories as this build knows them, checked.
glissade_status take_histories(glissade_context* context, const glissade_histories& given, glissade_histories& of) {
  glissade_histories_init(&of);
  if (!take_struct(&given, of)) return fail(context, GLISSADE_USAGE, "the histories have no size; use glissade_histories_init()");
  if (of.offsets == nullptr || (of.item == nullptr && of.offsets[of.users] != 0)) return missing(context);
  const std::string wrong = wrong_with(of);
  return wrong.empty() ? GLISSADE_OK : fail(context, GLISSADE_USAGE, wrong.c_str());
}

}  // namespace

extern "C" {

void glissade_histories_init_sized(glissade_histories* histories, std::size_t size) {
  const glissade::HistoryRules rules;
  glissade_histories usual{};
  usual.decay = rules.decay;
  usual.window = rules.window;
  usual.mean_weight = rules.mean_weight;
  give_struct(usual, histories, size);
}

glissade_status glissade_histories_order_tells(glissade_context* context, const glissade_histories* histories,
                                               const char* const* names, int* out) {
  if (histories == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    glissade_histories of;
    if (const glissade_status status = take_histories(context, *histories, of); status != GLISSADE_OK) return status;
    std::vector<std::string> known;
    if (names != nullptr) known.assign(names, names + of.items);
    const std::span<const std::uint32_t> items(of.item, of.offsets[of.users]);
    if (!known.empty() && std::ranges::find(items, of.items) != items.end()) known.emplace_back();  // unknown ones
    *out = glissade::order_evidence({.offsets = {of.offsets, of.users + 1}, .items = items}, known).tells() ? 1 : 0;
    return GLISSADE_OK;
  });
}

glissade_status glissade_history_rows_new(glissade_context* context, const glissade_histories* histories, int training,
                                          glissade_history_rows** out) {
  if (histories == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    glissade_histories of;
    if (const glissade_status status = take_histories(context, *histories, of); status != GLISSADE_OK) return status;
    const std::vector<glissade::EventTime> times = times_of(of);
    const std::size_t events = of.offsets[of.users];
    const glissade::Histories view{.offsets = {of.offsets, of.users + 1},
                                   .items = {of.item, events},
                                   .weights = of.weights == nullptr ? std::span<const float>() : std::span(of.weights, events),
                                   .times = times};
    const glissade::HistoryRules rules{of.decay, of.window, of.half_life, of.mean_weight, of.unordered == 0};
    auto rows = std::make_unique<glissade_history_rows>();
    if (training != 0 && !rules.ordered) {
      std::vector<std::size_t> counts(of.users);
      for (std::size_t user = 0; user < counts.size(); ++user) counts[user] = view.line(user).size();
      rows->made.rows = set_rows(view, counts, rules, of.items);
      if (rows->made.rows.label_ids.empty())
        return fail(context, GLISSADE_USAGE,
                    "no user has two different items, and a row needs one beside another; give more events");
    } else if (training != 0) {
      std::vector<glissade::HistoryPlaces> places(of.users);
      for (std::size_t user = 0; user < places.size(); ++user)
        places[user] = {1, std::max<std::size_t>(1, view.line(user).size())};
      rows->made = history_rows(view, places, rules, of.items);
      if (rows->made.rows.label_ids.empty())
        return fail(context, GLISSADE_USAGE, "no user has two events, and a row needs one before another; give longer histories");
    } else {
      glissade::OwnedRows& made = rows->made.rows;
      made.feature_count = rules.item_features(of.items);
      made.feature_offsets.push_back(0);
      for (std::size_t user = 0; user < of.users; ++user) {
        append_history(view.first(user, view.line(user).size()), rules, of.items, made.feature_ids, made.feature_values);
        made.feature_offsets.push_back(made.feature_ids.size());
      }
    }
    *out = rows.release();
    return GLISSADE_OK;
  });
}

void glissade_history_rows_free(glissade_history_rows* rows) { delete rows; }

void glissade_history_rows_view(const glissade_history_rows* rows, glissade_rows* features, glissade_rows* labels) {
  const glissade::OwnedRows& made = rows->made.rows;
  if (features != nullptr)
    *features = {made.feature_offsets.size() - 1, made.feature_offsets.data(), made.feature_ids.data(),
                 made.feature_values.empty() ? nullptr : made.feature_values.data()};
  if (labels != nullptr)
    *labels = {made.label_offsets.empty() ? 0 : made.label_offsets.size() - 1, made.label_offsets.data(), made.label_ids.data(),
               nullptr};
}

int glissade_history_rows_never_repeat(const glissade_history_rows* rows) { return rows->made.never_repeats() ? 1 : 0; }

}  // extern "C"
