#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace glissade::apps {

/// What the server counts of itself. Thread-safe.
class Metrics {
 public:
  /// A request that was answered. `route` is one of those that there are, or "other".
  void answered(const std::string& route, int status, double seconds);
  void add_rows(std::uint64_t rows) noexcept { rows_ += rows; }
  void add_unknown(std::uint64_t things) noexcept { unknown_ += things; }

  /// In the text format of Prometheus.
  std::string text() const;

 private:
  static constexpr std::array<double, 14> kBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                     0.1,    0.25,  0.5,    1,     2.5,  5,     10};
  struct Latency {
    std::array<std::uint64_t, kBounds.size()> below = {};  ///< requests of at most that many seconds
    std::uint64_t count = 0;
    double sum = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::map<std::string, Latency> latency_;
  std::atomic<std::uint64_t> rows_ = 0, unknown_ = 0;
};

/// Appends one number in that format. `type`: "counter" or "gauge".
void append_metric(std::string& text, const char* name, const char* type, const char* help, double value);

/// Bytes of memory that this process has.
std::uint64_t resident_bytes();

}  // namespace glissade::apps
