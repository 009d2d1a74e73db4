#include "apps/serve/metrics.h"

#include <unistd.h>

#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace glissade::apps {

void append_metric(std::string& text, const char* name, const char* type, const char* help, double value) {
  fmt::format_to(std::back_inserter(text), "# HELP glissade_{0} {1}\n# TYPE glissade_{0} {2}\nglissade_{0} {3}\n", name, help,
                 type, value);
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void Metrics::answered(const std::string& route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
  Latency& latency = latency_[route];
  for (std::size_t i = 0; i < kBounds.size(); ++i) latency.below[i] += seconds <= kBounds[i] ? 1 : 0;
  ++latency.count;
  latency.sum += seconds;
}

std::string Metrics::text() const {
  std::string text = "# HELP glissade_requests_total Requests that were answered.\n# TYPE glissade_requests_total counter\n";
  const auto out = std::back_inserter(text);
  const std::lock_guard lock(mutex_);
  for (const auto& [key, count] : requests_)
    fmt::format_to(out, "glissade_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", key.first, key.second, count);
  text +=
      "# HELP glissade_request_seconds From a request's first byte to its answer's last.\n"
      "# TYPE glissade_request_seconds histogram\n";
  for (const auto& [route, latency] : latency_) {
    for (std::size_t i = 0; i < kBounds.size(); ++i)
      fmt::format_to(out, "glissade_request_seconds_bucket{{route=\"{}\",le=\"{}\"}} {}\n", route, kBounds[i], latency.below[i]);
    fmt::format_to(out, "glissade_request_seconds_bucket{{route=\"{0}\",le=\"+Inf\"}} {1}\n", route, latency.count);
    fmt::format_to(out, "glissade_request_seconds_sum{{route=\"{}\"}} {}\n", route, latency.sum);
    fmt::format_to(out, "glissade_request_seconds_count{{route=\"{}\"}} {}\n", route, latency.count);
  }
  append_metric(text, "rows_total", "counter", "Rows that were answered.", static_cast<double>(rows_));
  append_metric(text, "unknown_total", "counter", "Words, items and features of requests that the model does not know.",
                static_cast<double>(unknown_));
  append_metric(text, "resident_bytes", "gauge", "Memory of the process.", static_cast<double>(resident_bytes()));
  return text;
}

}  // namespace glissade::apps
