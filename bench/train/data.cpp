#include "bench/train/data.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "datasets/message.h"
#include "datasets/split.h"

namespace glissade::bench {
namespace {

Json reading_json(const datasets::ReadReport& report) {
  const double seconds = std::max(report.total_seconds, 1e-9);
  return {{"from_cache", report.from_cache},
          {"file_bytes", report.file_bytes},
          {"text_bytes", report.text_bytes},
          {"decompress_seconds", report.decompress_seconds},
          {"parse_seconds", report.parse_seconds},
          {"seconds", report.total_seconds},
          {"text_mb_per_second", static_cast<double>(report.text_bytes) * 1e-6 / seconds}};
}

Result<void> check_fits(const Arguments& arguments, const Data& data) {
  const DatasetView& train = data.train->view();
  const DatasetView& test = data.test->view();
  if (test.feature_count <= train.feature_count && test.label_count <= train.label_count) return {};
  return runtime_error(fmt::format("{} has D {}, L {}, the training data only D {}, L {}; use files of the same data set",
                                   datasets::quoted(arguments.test), test.feature_count, test.label_count, train.feature_count,
                                   train.label_count));
}

}  // namespace

Result<Data> load_data(const Arguments& arguments, bool time_text) {
  Data data;
  datasets::ReadReport report;
  auto whole = datasets::read_dataset(arguments.train, arguments.read, &report);
  if (!whole) return whole.error();
  if (time_text && report.from_cache) {
    datasets::ReadOptions text = arguments.read;
    text.use_cache = false;
    if (auto parsed = datasets::read_dataset(arguments.train, text, &report); !parsed) return parsed.error();
  }
  data.reading = reading_json(report);
  if (arguments.test.empty()) {
    auto [kept, held_out] = datasets::hold_out(whole->view(), arguments.holdout, arguments.config.run.seed);
    data.train = std::move(kept);
    data.test = std::move(held_out);
    return data;
  }
  auto test = datasets::read_dataset(arguments.test, arguments.read);
  if (!test) return test.error();
  data.train = std::move(*whole);
  data.test = std::move(*test);
  if (auto fits = check_fits(arguments, data); !fits) return fits.error();
  return data;
}

Json describe(const DatasetView& view) {
  const double rows = std::max<double>(1.0, static_cast<double>(view.size()));
  return {{"rows", view.size()},
          {"features", view.feature_count},
          {"labels", view.label_count},
          {"features_per_row", static_cast<double>(view.features.ids.size()) / rows},
          {"labels_per_row", static_cast<double>(view.labels.ids.size()) / rows}};
}

}  // namespace glissade::bench
