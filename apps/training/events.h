#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/trainer.h>
#include <glissade/views.h>

#include "apps/training/checkpoints.h"
#include "datasets/read.h"

namespace glissade::apps {

/// A data set as the log describes it.
struct DataEvent {
  std::string role;  ///< "train", "test" or "validation"
  std::string path;
  DatasetView view;
  datasets::ReadReport read;
  std::uint64_t tokens = 0;  ///< of a running text; the view then only says how wide the model is
};

/// One finished epoch.
struct EpochEvent {
  EpochReport report;
  std::optional<Evaluation> evaluation;
  bool on_all_rows = true;              ///< evaluated so, see EvaluationRows
  double save_seconds = 0;              ///< for which training waited at the end of the epoch
  double checkpoint_pause_seconds = 0;  ///< the longest wait for a checkpoint within the epoch
  double peak_rss_mib = 0;
};

/// All epochs of this run, for the last event.
struct DoneEvent {
  std::vector<EpochEvent> epochs;
  std::optional<Evaluation> test;  ///< of the model that is the result
  bool stopped_early = false;
  double total_seconds = 0;
  std::string model_path;
  std::uint64_t model_bytes = 0;
  double peak_rss_mib = 0;
};

/// P@k, nDCG@k and PSP@k from 0 to 1; null where there was no evaluation.
nlohmann::ordered_json start_json(const Model& model, const std::vector<DataEvent>& data, std::uint64_t memory_need,
                                  std::uint32_t threads);
nlohmann::ordered_json checkpoint_json(const CheckpointReport& report);
nlohmann::ordered_json epoch_json(const EpochEvent& event);
nlohmann::ordered_json done_json(const DoneEvent& event);

}  // namespace glissade::apps
