#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <glissade/result.h>

namespace glissade::apps {

/// `--tensorboard`: the numbers of the event log as a TensorBoard event file (TFRecords of Event messages that hold scalars). The
/// step of a scalar is the number of samples trained on, which means the same at any batch size and goes on after --resume.
class TensorBoard {
 public:
  /// A new event file in `folder`, which is created if missing.
  static Result<TensorBoard> open(const std::string& folder);

  /// The scalars of a "progress" or "epoch" event; others have none. Each is flushed, so that a dashboard follows the run. A full
  /// disk must not end the run: the first failure is reported on standard error.
  void write(const nlohmann::ordered_json& event);

 private:
  using Scalars = std::vector<std::pair<std::string, double>>;
  struct Closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  bool write_record(const std::string& message);
  bool write_scalars(std::uint64_t samples, const Scalars& scalars);

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  bool failed_ = false;
};

}  // namespace glissade::apps
