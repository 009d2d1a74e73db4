#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/training/background_save.h"

namespace glissade::apps {

/// When states of a training are written beside its model file, and how many stay.
struct CheckpointSettings {
  double minutes = 10;          ///< from one to the next; 0 = not by time
  std::uint64_t steps = 0;      ///< likewise in steps
  std::uint32_t epochs = 1;     ///< the model file itself is written at the end of each so many epochs
  bool between_passes = false;  ///< steps do not write: whoever trains ends the pass where is_due(), and calls save_step()
  std::uint32_t keep = 0;       ///< files that stay, also when training is over; 0 = the last one, while it goes on
};

/// A state that was written, for the log.
struct CheckpointReport {
  std::string path;
  std::uint64_t step = 0;
  double pause_seconds = 0;  ///< for which training waited
  double save_seconds = 0;
  std::uint64_t bytes = 0;
};

/// The files MODEL.checkpoint-STEP of a run, and the model file as far as it is one more state to go on from. All of them are
/// whole model files. A failed write is reported, and training goes on.
class Checkpoints {
 public:
  /// Called for each file that was written, and for each that could not be.
  struct Listener {
    std::function<void(const CheckpointReport&)> on_written;
    std::function<void(const std::string& message)> on_trouble;
  };
  Checkpoints(const Model& model, std::string model_path, const CheckpointSettings& settings, Listener listener);

  /// To be called between two steps: writes a checkpoint if one is due, and collects one that was being written.
  void after_step();
  /// Whether a checkpoint is due that is not written between two steps.
  bool is_due() const { return settings_.between_passes && due(); }
  /// Writes it now. A failed write is reported.
  void save_step();
  /// Seconds for which after_step() and save_model() have kept training waiting at the longest, since the last call of this.
  double take_longest_pause() noexcept;

  /// Writes the model file, in the background, if this epoch is one for it or `always`. False if that cannot be: then the file is
  /// as it was.
  void save_model(bool always);
  /// Writes a checkpoint at the end of a pass, in the background, if this epoch is one for it or `always`.
  void save_pass_end(bool always);
  /// Writes the model file now, with its training state or without.
  Result<void> save_last(bool with_training_state);
  /// Whether the last save_model() came to a good end; waits for it.
  bool model_saved();

  /// A state of the run that a file holds.
  struct Saved {
    std::string path;
    std::uint64_t step = 0;
    std::uint32_t epochs = 0;  ///< that were done
  };
  /// The newest one, if there is any; waits for what is being written.
  std::optional<Saved> last_saved();
  /// `path` holds the state that the model is in now: the run goes on from it.
  void begins_with(const std::string& path);

  /// Writes a checkpoint now, also beside one that is under way. Returns its path.
  Result<std::string> save_now();
  /// Waits until all is written, and removes the checkpoints that a finished run does not need.
  void finish();

  /// The files that a run may go on from, newest first: the model file and its checkpoints. `model_path` if there is none.
  static std::vector<std::string> newest_first(const std::string& model_path);
  /// Removes what killed runs have left of files that they were writing.
  static void remove_abandoned(const std::string& model_path);
  /// The checkpoints of a model file, newest first.
  static std::vector<std::string> files_of(const std::string& model_path);

 private:
  using Clock = std::chrono::steady_clock;
  bool due() const;
  std::string path_of_step() const;
  void start(const std::string& path);
  void collect(std::optional<BackgroundSave::Outcome> outcome);
  void keep_copy(const std::string& path) const;
  void prune(std::size_t keep) const;
  void waited(Clock::time_point since);

  const Model& model_;
  std::string model_path_;
  CheckpointSettings settings_;
  Listener listener_;
  BackgroundSave background_;
  std::string writing_;
  std::uint64_t writing_step_ = 0;
  std::uint32_t writing_epochs_ = 0;
  std::optional<Saved> saved_;
  double writing_pause_ = 0;
  std::uint64_t last_step_;
  Clock::time_point last_time_ = Clock::now();
  double longest_pause_ = 0;
  bool model_saved_ = true;
};

}  // namespace glissade::apps
