#include "apps/input/record_rows.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/cache_limit.h"
#include "datasets/mapped_file.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

void tell_changes(const std::string& path, const datasets::RecordRows& rows) {
  const std::string file = datasets::quoted(path);
  if (rows.replaced > 0) note(replaced_text(file, rows.replaced));
  if (rows.unknown_labels > 0)
    note(fmt::format("{}: {} of {} labels are unknown to the model; they count as misses", file, grouped(rows.unknown_labels),
                     grouped(rows.labels)));
  if (rows.no_numbers > 0)
    note(fmt::format("{}: {} rows have a text where a number should be, which counts for nothing; the first is {}", file,
                     grouped(rows.no_numbers), rows.first_no_number));
  if (rows.words > 0 && 2 * rows.unknown_words > rows.words)
    note(fmt::format("{}: {} of {} words are unknown to the model; are the columns those that it was trained on?", file,
                     grouped(rows.unknown_words), grouped(rows.words)));
}

}  // namespace

std::string replaced_text(const std::string& name, std::uint64_t texts) {
  return fmt::format("{}: {} not UTF-8, and U+FFFD stands for what is none; convert the file, for instance with iconv", name,
                     texts == 1 ? "a text is" : grouped(texts) + " texts are");
}

bool holds_records(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;  // a pipe can be read only once
  const auto file = datasets::MappedFile::open(path);
  if (!file) return false;
  std::string_view text = file->bytes();
  text = text.substr(0, text.find('\n'));
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin != std::string_view::npos && (text[begin] == '{' || text.substr(begin).starts_with("__label__"));
}

void report_records(const datasets::RecordFiles& file, double seconds, datasets::ReadReport& report) {
  report = {};
  report.text_bytes = file.text_bytes();
  report.total_seconds = report.parse_seconds = seconds;
}

void tell_spilled(const std::string& path, const datasets::RecordRows& rows) {
  if (!rows.data.cache_file()) return;
  const std::string folder = std::filesystem::path(rows.data.cache_file()->path).parent_path().string();
  note(fmt::format("{}: rows are more than memory should hold ($GLISSADE_READ_MEMORY) and lie in the cache {}",
                   datasets::quoted(path), datasets::quoted(folder)));
  keep_cache_limit({&rows.data});
}

std::string describe(const datasets::RecordFiles& file, const DatasetView& rows, double seconds) {
  return fmt::format("{}, {}; read in {} ({:.0f} MB/s)", file.format_text(), describe(rows), duration_text(seconds),
                     static_cast<double>(file.text_bytes()) * 1e-6 / std::max(seconds, 1e-9));
}

Result<datasets::RecordRows> read_known_records(const std::string& path, const std::string& what, const RecordOptions& options,
                                                const DataOptions& data, const RecordNotes& notes, const Pipeline& pipeline,
                                                const std::vector<std::string>& label_names, datasets::ReadReport* report) {
  const auto place = data.spill_place();
  if (!place) return place.error();
  auto reading = options.reading(data.format(), notes);
  if (!reading) return reading.error();
  reading->place = *place;
  const auto begin = std::chrono::steady_clock::now();
  const auto file = datasets::RecordFiles::open(path, *reading);
  if (!file) return file.error();
  options.warn_of_separator(file->format());
  auto rows = datasets::known_record_rows(*file, notes.columns, pipeline, label_names, *place);
  if (!rows) return rows;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!what.empty()) note(fmt::format("{} {}: {}", what, datasets::quoted(path), describe(*file, rows->data.view(), seconds)));
  tell_changes(path, *rows);
  tell_spilled(path, *rows);
  if (report != nullptr) report_records(*file, seconds, *report);
  return rows;
}

}  // namespace glissade::apps
