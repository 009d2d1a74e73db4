#include "apps/training/event_log.h"

#include <unistd.h>

#include <cerrno>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/console/output.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {

Result<EventLog> EventLog::open(const std::string& path) {
  EventLog log;
  if (path.empty()) return log;
  log.path_ = path;
  log.file_.reset(std::fopen(path.c_str(), "ae"));
  if (log.file_ == nullptr) {
    return runtime_error(fmt::format("cannot write {}: {}; choose another place for --log-json", datasets::quoted(path),
                                     system::error_text(errno)));
  }
  return log;
}

void EventLog::restart() {
  if (file_ != nullptr && ftruncate(fileno(file_.get()), 0) != 0) failed_ = failed_ || errno == EIO;
}

void EventLog::drop_half_line() {
  if (file_ == nullptr) return;
  std::ifstream text(path_, std::ios::binary);
  off_t end = 0;
  for (std::string line; std::getline(text, line) && !text.eof();) end += static_cast<off_t>(line.size()) + 1;
  if (ftruncate(fileno(file_.get()), end) != 0) failed_ = failed_ || errno == EIO;
}

void EventLog::write(const nlohmann::ordered_json& event) {
  if (file_ == nullptr || failed_) return;
  // Paths need not be UTF-8, JSON must be.
  const std::string line = event.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() && std::fflush(file_.get()) == 0) return;
  failed_ = true;
  complain(
      fmt::format("cannot write {}: {}; training goes on without this log", datasets::quoted(path_), system::error_text(errno)));
}

}  // namespace glissade::apps
