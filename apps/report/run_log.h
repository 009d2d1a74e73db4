#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <glissade/result.h>

namespace glissade::apps {

/// What `--log-json` wrote, event by event.
struct RunLog {
  std::string path;
  std::vector<nlohmann::ordered_json> events;
};

/// Reads a log. A last line that is not whole yet, of a run that goes on or was killed, is left out; fails on any other line that
/// is no event, and where there is no start.
Result<RunLog> read_run_log(const std::string& path);

/// Names for runs that tell them apart: the file's name without its ending, with as many folders before it as it takes.
std::vector<std::string> run_names(const std::vector<RunLog>& runs);

/// Pairs of runs next to each other, by their names, whose epochs are scored on different rows: their P@k cannot be compared.
/// Runs whose logs do not say on what (of earlier versions, of running texts) are passed over.
std::vector<std::pair<std::string, std::string>> scored_apart(const std::vector<RunLog>& runs);

/// The report on these runs, one page that needs nothing beside itself, and below them each of `examples` (evaluations.h).
std::string report_page(const std::vector<RunLog>& runs, const std::vector<nlohmann::ordered_json>& examples = {});

}  // namespace glissade::apps
