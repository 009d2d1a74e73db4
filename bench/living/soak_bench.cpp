// Two threads ask, one learns, for minutes: are all answers those of the snapshot that they come from, how long do they take
// beside learning and alone, does memory stay? Prints one JSON object; exit status 1 where an answer was wrong.

#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/learner.h>

#include "datasets/dataset.h"
#include "datasets/read.h"

namespace glissade {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& message) {
  fmt::print(stderr, "soak_bench: {}\n", message);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

DatasetView rows_of(DatasetView view, std::size_t first, std::size_t count) {
  view.features.offsets = view.features.offsets.subspan(first, count + 1);
  view.labels.offsets = view.labels.offsets.subspan(first, count + 1);
  return view;
}

double resident_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

/// One thread that asks, row after row, and asks old snapshots again.
class Asker {
 public:
  Asker(const Learner& learner, const DatasetView& rows, std::size_t first) : learner_(learner), rows_(rows), at_(first) {}

  void run(const std::atomic<bool>& done) {
    while (!done) ask();
  }
  std::vector<float> ms;
  std::uint64_t wrong = 0, checked = 0;

 private:
  void ask() {
    const SparseRows row = rows_of(rows_, at_++ % rows_.size(), 1).features;
    const Snapshot snapshot = learner_.current();
    const auto start = Clock::now();
    if (!snapshot.top_k(row, query_, workspace_, found_).ok()) ++wrong;
    ms.push_back(1e3f * std::chrono::duration<float>(Clock::now() - start).count());
    for (std::size_t i = 0; i < found_.k; ++i) wrong += found_.labels[i] == Predictions::kNoLabel ? 1 : 0;
    if (ms.size() % 64 != 0) return;
    if (kept_) {
      ++checked;
      if (!kept_->top_k(kept_row_, query_, workspace_, found_).ok() || found_.labels != kept_answer_.labels ||
          found_.scores != kept_answer_.scores)
        ++wrong;
    }
    if (!snapshot.top_k(row, query_, workspace_, kept_answer_).ok()) ++wrong;
    kept_ = snapshot;
    kept_row_ = row;
  }

  const Learner& learner_;
  DatasetView rows_;
  std::size_t at_;
  Query query_{.k = 10};
  Workspace workspace_;
  Predictions found_, kept_answer_;
  std::optional<Snapshot> kept_;
  SparseRows kept_row_;
};

Json spread(std::vector<float> ms) {
  std::ranges::sort(ms);
  if (ms.empty()) return {};
  return {{"queries", ms.size()}, {"p50_ms", ms[ms.size() / 2]}, {"p99_ms", ms[ms.size() * 99 / 100]}};
}

/// How many output rows are others than in `before`; takes the new ones.
std::size_t changed_rows(LabelVectors& before, LabelVectors now) {
  std::size_t changed = 0;
  for (std::size_t label = 0; label < now.labels; ++label) {
    const std::span<const float> row = std::span(now.rows).subspan(label * now.width, now.width);
    changed += label >= before.labels || !std::ranges::equal(row, std::span(before.rows).subspan(label * now.width, now.width));
  }
  before = std::move(now);
  return changed;
}

/// Publications after some steps of the hidden path each, and how many output rows these touch. The last `held` snapshots are
/// held, so that copies do not come back at once. The first ones, which make copies, are left out.
Json publications_after_steps(const std::string& model, const DatasetView& events, std::size_t steps, std::size_t held) {
  constexpr std::size_t kFirst = 8, kPublications = 60;
  const LearnerOptions options;
  const std::size_t count = std::min<std::size_t>(steps * options.batch, events.size());
  Learner learner = must(Learner::load(model, options));
  std::vector<Snapshot> last;
  std::vector<double> ms;
  std::vector<std::size_t> changed;
  LabelVectors rows = learner.current().label_vectors();
  for (std::size_t i = 0; i < kFirst + kPublications; ++i) {
    must(learner.learn(rows_of(events, i * count % (events.size() - count + 1), count)));
    const auto start = Clock::now();
    Snapshot snapshot = must(learner.publish());
    const double took = 1e3 * std::chrono::duration<double>(Clock::now() - start).count();
    const std::size_t touched = changed_rows(rows, snapshot.label_vectors());
    if (i >= kFirst) ms.push_back(took);
    if (i >= kFirst) changed.push_back(touched);
    last.insert(last.begin(), std::move(snapshot));
    last.erase(last.begin() + static_cast<std::ptrdiff_t>(std::min(held, last.size())), last.end());
  }
  std::ranges::sort(ms);
  std::ranges::sort(changed);
  return {{"steps", steps},
          {"held", held},
          {"output rows touched, median", changed[changed.size() / 2]},
          {"p50_ms", ms[ms.size() / 2]},
          {"p90_ms", ms[ms.size() * 9 / 10]},
          {"max_ms", ms.back()},
          {"whole copies", learner.report().whole_copies}};
}

int run(const std::string& model, const std::string& path, double minutes, std::size_t rate, std::uint32_t threads,
        std::uint32_t keep_events) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
  const datasets::Dataset data = must(datasets::read_dataset(path));
  const DatasetView events = data.view();
  Json out;
  for (const std::size_t steps : {1, 4, 16}) {
    for (const std::size_t held : {0, 4}) out["publications"].push_back(publications_after_steps(model, events, steps, held));
  }
  LearnerOptions options;
  options.keep_events = keep_events;
  Learner learner = must(Learner::load(model, options));
  std::uint64_t wrong = 0;
  for (const bool learning : {false, true}) {
    std::atomic<bool> done = false;
    std::vector<Asker> askers;
    for (std::size_t i = 0; i < 2; ++i) askers.emplace_back(learner, events, i * events.size() / 2);
    std::vector<std::thread> asking;
    for (Asker& asker : askers) asking.emplace_back([&] { asker.run(done); });
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration<double>(learning ? 60 * minutes : std::min(30.0, 6 * minutes));
    std::vector<double> publishing, resident;
    auto next = begin;
    std::size_t first = 0;
    while (Clock::now() < end) {
      next += std::chrono::seconds(1);
      for (std::size_t some = 0; learning && some < rate && Clock::now() < next; some += 16) {
        const std::size_t count = std::min<std::size_t>(16, events.size() - first);
        must(learner.learn(rows_of(events, first, count)));
        first = first + count == events.size() ? 0 : first + count;
      }
      if (learning) {
        const auto start = Clock::now();
        must(learner.publish());
        publishing.push_back(1e3 * std::chrono::duration<double>(Clock::now() - start).count());
        resident.push_back(resident_mib());
      }
      std::this_thread::sleep_until(std::min<Clock::time_point>(next, std::chrono::time_point_cast<Clock::duration>(end)));
    }
    done = true;
    for (std::thread& thread : asking) thread.join();
    std::vector<float> ms;
    std::uint64_t checked = 0;
    for (const Asker& asker : askers) {
      ms.insert(ms.end(), asker.ms.begin(), asker.ms.end());
      wrong += asker.wrong;
      checked += asker.checked;
    }
    Json& part = out[learning ? "while learning" : "alone"];
    part = spread(std::move(ms));
    part["old snapshots asked again"] = checked;
    if (!learning) continue;
    std::ranges::sort(publishing);
    part["events"] = learner.report().events;
    part["publications"] = publishing.size();
    part["publish_p50_ms"] = publishing[publishing.size() / 2];
    part["publish_p99_ms"] = publishing[publishing.size() * 99 / 100];
    part["publish_max_ms"] = publishing.back();
    part["whole copies"] = learner.report().whole_copies;
    part["resident MiB, at the begin, the middle, the end"] = {resident.front(), resident[resident.size() / 2], resident.back()};
  }
  out["wrong"] = wrong;
  fmt::print("{}\n", out.dump(2));
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
  CLI::App app{"Two threads ask a model while it learns, for minutes."};
  std::string model, events;
  double minutes = 10;
  std::size_t rate = 500;
  std::uint32_t threads = 1, keep_events = glissade::LearnerOptions().keep_events;
  app.add_option("--model", model, "Model file.")->required();
  app.add_option("--events", events, "Rows to ask about and to learn from, again and again, XMC format.")->required();
  app.add_option("--minutes", minutes, "Default 10.");
  app.add_option("--rate", rate, "Events a second. Default 500.");
  app.add_option("--threads", threads, "Of oneTBB, which all share. Default 1.");
  app.add_option("--keep-events", keep_events, "LearnerOptions::keep_events. Memory is flat once so many were learned from.");
  CLI11_PARSE(app, argc, argv);
  return glissade::run(model, events, minutes, rate, threads, keep_events);
}
