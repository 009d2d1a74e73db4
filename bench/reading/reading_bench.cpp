// reading_bench FILE COLUMN ...: how fast records are read, block by block, on one thread and on all; the best of some rounds.
// Then how fast they become rows: the last column holds labels, the others texts; on one thread, as training data (a pipeline is
// fitted) and as data for a pipeline that is known. The file is read once before, so that it comes from memory.
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include <glissade/pipeline.h>

#include "datasets/record_rows.h"
#include "datasets/records/record_files.h"

namespace {

using namespace glissade;
using namespace glissade::datasets;

/// Of the calling thread: what other programs take does not count.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double cpu_seconds_of(const auto& work) {
  const double start = cpu_seconds();
  work();
  return cpu_seconds() - start;
}

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Totals {
  std::atomic<std::uint64_t> records = 0, problems = 0, text_bytes = 0;
};

void read(const RecordFiles& files, std::size_t number, RecordBlock& block, Totals& totals) {
  files.read(number, block);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    for (const auto& field : block.record(i)) {
      for (const auto text : field) bytes += text.size();
    }
  }
  totals.records += block.size();
  totals.problems += block.problems().size();
  totals.text_bytes += bytes;
}

/// CPU seconds of rows as training data, and by the pipeline that comes of it. One thread.
std::pair<double, double> make_rows(const RecordFiles& files, const RecordOptions& options, int rounds) {
  RecordColumns columns;
  columns.labels = options.columns.back();
  for (std::size_t i = 0; i + 1 < options.columns.size(); ++i)
    columns.features.columns.push_back({options.columns[i], ColumnKind::text});
  columns.label_separator = find_label_separator(files, columns);  // as train does
  double fit = 1e9, known = 1e9;
  tbb::task_arena(1).execute([&] {
    for (int round = 0; round < rounds; ++round) {
      std::optional<Result<RecordRows>> rows;
      fit = std::min(fit, cpu_seconds_of([&] { rows.emplace(fit_record_rows(files, columns)); }));
      if (!*rows) continue;
      const auto pipeline = Pipeline::make((*rows)->fitted, (*rows)->feature_names);
      if (!pipeline) continue;
      known = std::min(known, cpu_seconds_of([&] { (void)known_record_rows(files, columns, *pipeline, (*rows)->label_names); }));
    }
  });
  return {fit, known};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    fmt::print(stderr, "usage: reading_bench FILE COLUMN ...\n");
    return 2;
  }
  RecordOptions options;
  options.columns.assign(arguments + 2, arguments + count);
  const auto warm = RecordFiles::open(arguments[1], options);
  if (!warm) {
    fmt::print(stderr, "{}\n", warm.error().message);
    return 1;
  }
  double open = 1e9, one = 1e9, all = 1e9;
  Totals totals;
  constexpr int kRounds = 1;
  for (int round = 0; round < kRounds; ++round) {
    open = std::min(open, cpu_seconds_of([&] { (void)RecordFiles::open(arguments[1], options); }));
    one = std::min(one, cpu_seconds_of([&] {
                     RecordBlock block;
                     for (std::size_t i = 0; i < warm->blocks(); ++i) read(*warm, i, block, totals);
                   }));
    all = std::min(all, seconds_of([&] {
                     tbb::parallel_for(tbb::blocked_range<std::size_t>(0, warm->blocks()), [&](const auto& range) {
                       RecordBlock block;
                       for (std::size_t i = range.begin(); i < range.end(); ++i) read(*warm, i, block, totals);
                     });
                   }));
  }
  const double megabytes = static_cast<double>(warm->text_bytes()) / 1e6;
  fmt::print(
      "| {} | {:.0f} MB | {} records | open {:.3f} s | {:.0f} MB/s of one thread's CPU time | {:.0f} MB/s all threads | {} "
      "problems |\n",
      warm->format_text(), megabytes, totals.records / (2 * kRounds), open, megabytes / one, megabytes / all,
      totals.problems / (2 * kRounds));
  if (options.columns.size() > 1) {
    const auto [fit, known] = make_rows(*warm, options, 3);
    fmt::print("rows of it, MB/s of one thread's CPU time: {:.0f} as training data, {:.0f} for a pipeline that is known\n",
               megabytes / fit, megabytes / known);
  }
  return 0;
}
