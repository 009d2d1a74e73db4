#include "datasets/write.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "datasets/ordered_blocks.h"
#include "datasets/text_sink.h"

namespace glissade::datasets {
namespace {

/// The longest token: a 10-digit id, ':' and a float ("-1.17549435e-38"), a blank; with room to spare.
constexpr std::size_t kLongestToken = 48;

/// Appends rows to a string through one buffer that grows by rows, not by tokens.
class RowWriter {
 public:
  RowWriter(const DatasetView& view, Format format) noexcept : view_(view), first_id_(format == Format::libsvm ? 1 : 0) {}

  std::optional<Error> append(std::uint64_t row, std::string& text) const {
    const auto labels = view_.labels.row_ids(row);
    const auto ids = view_.features.row_ids(row);
    const auto values = view_.features.row_values(row);
    const std::size_t start = text.size();
    text.resize(start + (labels.size() + ids.size() + 1) * kLongestToken);
    char* p = text.data() + start;
    char* const end = text.data() + text.size();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (i > 0) *p++ = ',';
      p = std::to_chars(p, end, labels[i]).ptr;
    }
    if (ids.empty()) *p++ = ' ';  // so that a row of nothing is not an empty line, which the end of a file may lose
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const float value = values.empty() ? 1.0f : values[i];
      if (!std::isfinite(value)) {
        return runtime_error(fmt::format(
            "sample {} cannot be written: the value {} of feature {} is not finite; correct the data", row, value, ids[i]));
      }
      *p++ = ' ';
      p = std::to_chars(p, end, std::uint64_t{ids[i]} + first_id_).ptr;
      *p++ = ':';
      p = std::to_chars(p, end, value).ptr;
    }
    *p++ = '\n';
    text.resize(static_cast<std::size_t>(p - text.data()));
    return std::nullopt;
  }

 private:
  const DatasetView& view_;
  std::uint64_t first_id_;
};

}  // namespace

Result<WriteReport> write_dataset(const DatasetView& view, const std::string& path, Format format) {
  constexpr std::uint64_t kBlockRows = 512;
  const auto start = std::chrono::steady_clock::now();
  auto sink = TextSink::create(path);
  if (!sink) return sink.error();
  WriteReport report;
  if (format == Format::xmc) {
    const std::string header = fmt::format("{} {} {}\n", view.size(), view.feature_count, view.label_count);
    if (auto written = sink->write(header); !written) return written.error();
    report.text_bytes = header.size();
  }
  const RowWriter writer(view, format);
  auto rows = write_ordered(view.size(), kBlockRows, *sink, report.text_bytes,
                            [&writer](std::uint64_t first, std::uint64_t last, std::string& text) {
                              std::optional<Error> error;
                              for (std::uint64_t row = first; row < last && !error; ++row) error = writer.append(row, text);
                              return error;
                            });
  if (!rows) return rows.error();
  if (auto committed = sink->commit(); !committed) return committed.error();
  report.file_bytes = sink->file_bytes();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace glissade::datasets
