#include "datasets/generate.h"

#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "datasets/ordered_blocks.h"
#include "datasets/planted.h"
#include "datasets/text_sink.h"

namespace glissade::datasets {
namespace {

constexpr std::size_t kLongestLabel = 12;    // ten digits and a separator
constexpr std::size_t kLongestFeature = 20;  // blank, ten digits, ':', "0.12345"

char* put_value(char* p, std::uint32_t units) noexcept {
  static_assert(Planted::kValueUnits == 100'000, "five decimals");
  *p++ = static_cast<char>('0' + units / Planted::kValueUnits);
  *p++ = '.';
  std::uint32_t rest = units % Planted::kValueUnits;
  for (int i = 4; i >= 0; --i, rest /= 10) p[i] = static_cast<char>('0' + rest % 10);
  return p + 5;
}

void append(const Planted::Sample& sample, std::string& text) {
  const std::size_t start = text.size();
  text.resize(start + sample.labels.size() * kLongestLabel + sample.features.size() * kLongestFeature + 2);
  char* p = text.data() + start;
  char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < sample.labels.size(); ++i) {
    if (i > 0) *p++ = ',';
    p = std::to_chars(p, end, sample.labels[i]).ptr;
  }
  if (sample.features.empty()) *p++ = ' ';
  for (const std::uint64_t feature : sample.features) {
    *p++ = ' ';
    p = std::to_chars(p, end, feature >> 32).ptr;
    *p++ = ':';
    p = put_value(p, static_cast<std::uint32_t>(feature));
  }
  *p++ = '\n';
  text.resize(static_cast<std::size_t>(p - text.data()));
}

class Totals {
 public:
  void add(const Planted::Sample& sample) noexcept {
    features_.fetch_add(sample.features.size(), std::memory_order_relaxed);
    labels_.fetch_add(sample.labels.size(), std::memory_order_relaxed);
  }
  std::uint64_t features() const noexcept { return features_.load(std::memory_order_relaxed); }
  std::uint64_t labels() const noexcept { return labels_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> features_{0};
  std::atomic<std::uint64_t> labels_{0};
};

Result<void> write_split(const GenerateSpec& spec, std::uint64_t split, std::uint64_t samples, TextSink& sink, Totals& totals) {
  constexpr std::uint64_t kBlockSamples = 512;
  if (auto written = sink.write(fmt::format("{} {} {}\n", samples, spec.features, spec.labels)); !written) return written;
  std::uint64_t text_bytes = 0;
  return write_ordered(samples, kBlockSamples, sink, text_bytes,
                       [&](std::uint64_t first, std::uint64_t last, std::string& text) -> std::optional<Error> {
                         Planted planted(spec);
                         for (std::uint64_t i = first; i < last; ++i) {
                           const Planted::Sample& sample = planted.sample(split, i);
                           totals.add(sample);
                           append(sample, text);
                         }
                         return std::nullopt;
                       });
}

}  // namespace

Result<GenerateReport> generate(const GenerateSpec& spec, const std::string& prefix) {
  const auto start = std::chrono::steady_clock::now();
  if (auto sound = check_shape(spec); !sound) return sound.error();
  auto train = TextSink::create(prefix + ".train.txt");
  if (!train) return train.error();
  auto test = TextSink::create(prefix + ".test.txt");
  if (!test) return test.error();
  Totals totals;
  if (auto written = write_split(spec, 0, spec.train, *train, totals); !written) return written.error();
  if (auto written = write_split(spec, 1, spec.test, *test, totals); !written) return written.error();
  if (auto committed = train->commit(); !committed) return committed.error();
  if (auto committed = test->commit(); !committed) return committed.error();
  GenerateReport report;
  report.samples = spec.train + spec.test;
  report.features = totals.features();
  report.labels = totals.labels();
  report.bytes = train->file_bytes() + test->file_bytes();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace glissade::datasets
