#include "apps/console/progress.h"

#include <unistd.h>

#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"

namespace glissade::apps {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(200);
constexpr auto kLongestSilence = std::chrono::seconds(10);
constexpr double kShareStep = 0.1;
constexpr double kShortEvaluation = 1;  // seconds for which nothing is said

double share(std::uint64_t done, std::uint64_t total) {
  return total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1.0;
}

/// Seconds that the rest of the run takes, < 0 if unknown.
double seconds_left(const Progress& p, std::uint32_t epochs) {
  if (p.seconds_left >= 0 || p.activity != Activity::steps || p.samples_per_second <= 0) return p.seconds_left;
  const auto total = static_cast<double>(p.samples_total);
  const double left = total - static_cast<double>(p.samples_done) + total * (epochs > p.epoch ? epochs - p.epoch : 0);
  return left / p.samples_per_second;
}

std::string eta(double seconds) { return seconds >= 0 ? duration_text(seconds) : "?"; }

std::string text(const Progress& p, std::uint32_t epochs) {
  const std::string rest = eta(seconds_left(p, epochs));
  if (p.activity != Activity::steps) {
    return fmt::format("epoch {}/{} {}  {:3.0f} %  ETA {}", p.epoch, epochs, name_of(p.activity), 100 * p.activity_share, rest);
  }
  return fmt::format("epoch {}/{} {:3.0f} %  {} samples/s  loss {:.4f}  P@1 {} in the active set  active {} %  ETA {}", p.epoch,
                     epochs, 100 * share(p.samples_done, p.samples_total),
                     grouped(static_cast<std::uint64_t>(p.samples_per_second)), p.loss, percent(p.precision_at_1, 1),
                     percent(p.active_share), rest);
}

}  // namespace

ProgressLine::ProgressLine(std::uint32_t epochs, bool quiet)
    : epochs_(epochs), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1), last_time_(Clock::now()) {}

bool ProgressLine::due(double run_share, Clock::time_point now) {
  if (terminal_) return !drawn_ || now - last_time_ >= kRedraw;
  return run_share - last_share_ >= kShareStep || now - last_time_ >= kLongestSilence;
}

void ProgressLine::show(const Progress& progress) {
  if (quiet_ || epochs_ == 0) return;
  // Before the first step it may not be known yet how many samples there are.
  const double epoch_share = progress.samples_total == 0 ? 0 : share(progress.samples_done, progress.samples_total);
  const double run_share = (progress.epoch - 1 + epoch_share) / epochs_;
  const auto now = Clock::now();
  // Whatever else goes on than steps takes the run no further: it is told when there was nothing to read for long.
  const bool is_new = terminal_ && progress.activity != last_activity_;  // shown at once, short as it may be
  if (!is_new && !due(progress.activity == Activity::steps ? run_share : last_share_, now)) return;
  last_activity_ = progress.activity;
  last_share_ = run_share;
  last_time_ = now;
  draw(text(progress, epochs_));
}

void ProgressLine::show_evaluation(const EvaluationProgress& progress) {
  const auto now = Clock::now();
  if (quiet_ || progress.seconds < kShortEvaluation || !due(last_share_, now)) return;
  last_time_ = now;
  draw(fmt::format("epoch {}/{} evaluating  {:3.0f} %  ETA {}", progress.epoch, epochs_,
                   100 * share(progress.done, progress.total), eta(progress.seconds_left)));
}

void ProgressLine::draw(const std::string& line) {
  if (!terminal_) return note(line);
  // Carriage return, then "erase to the end of the line" (ECMA-48 EL).
  const std::string drawn = fmt::format("\r{}\x1b[K", line);
  std::fwrite(drawn.data(), 1, drawn.size(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace glissade::apps
