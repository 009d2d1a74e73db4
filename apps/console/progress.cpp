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

std::string text(const Progress& p, std::uint32_t epochs) {
  const double total = static_cast<double>(p.samples_total);
  const double left = total - static_cast<double>(p.samples_done) + total * (epochs > p.epoch ? epochs - p.epoch : 0);
  const std::string eta = p.samples_per_second > 0 ? duration_text(left / p.samples_per_second) : "?";
  return fmt::format("epoch {}/{} {:3.0f} %  {} samples/s  loss {:.4f}  P@1 {} in the active set  active {} %  ETA {}", p.epoch,
                     epochs, total > 0 ? 100 * static_cast<double>(p.samples_done) / total : 100.0,
                     grouped(static_cast<std::uint64_t>(p.samples_per_second)), p.loss, percent(p.precision_at_1, 1),
                     percent(p.active_share), eta);
}

}  // namespace

ProgressLine::ProgressLine(std::uint32_t epochs, bool quiet)
    : epochs_(epochs), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1), last_time_(Clock::now()) {}

bool ProgressLine::due(double run_share, Clock::time_point now) {
  if (terminal_) return !drawn_ || now - last_time_ >= kRedraw;
  return run_share - last_share_ >= kShareStep || now - last_time_ >= kLongestSilence;
}

void ProgressLine::show(const Progress& progress) {
  if (quiet_ || progress.samples_total == 0 || epochs_ == 0) return;
  const double epoch_share = static_cast<double>(progress.samples_done) / static_cast<double>(progress.samples_total);
  const double run_share = (progress.epoch - 1 + epoch_share) / epochs_;
  const auto now = Clock::now();
  if (!due(run_share, now)) return;
  last_share_ = run_share;
  last_time_ = now;
  if (!terminal_) return note(text(progress, epochs_));
  // Carriage return, then "erase to the end of the line" (ECMA-48 EL).
  const std::string line = fmt::format("\r{}\x1b[K", text(progress, epochs_));
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace glissade::apps
