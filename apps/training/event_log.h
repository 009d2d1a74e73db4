#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include <glissade/result.h>

namespace glissade::apps {

/// `--log-json`: one JSON object per line, each flushed as it is written. Without a path nothing is written.
class EventLog {
 public:
  /// Opens `path` for appending (created if missing); "" means no log.
  static Result<EventLog> open(const std::string& path);

  /// Whether anybody reads it.
  bool active() const noexcept { return file_ != nullptr; }

  /// Empties the file: a new run does not continue an old log.
  void restart();

  /// Cuts off what a killed run has left of a line.
  void drop_half_line();

  /// A full disk must not end a training run: the first failure is reported on standard error, later ones are not.
  void write(const nlohmann::ordered_json& event);

 private:
  struct Closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  bool failed_ = false;
};

}  // namespace glissade::apps
