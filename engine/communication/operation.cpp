#include "engine/communication/operation.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace glissade {
namespace {

using WaitClock = std::chrono::steady_clock;

/// Most waits are short, and a core that sleeps answers late; a long one must leave the core to whoever needs it. Who has waited
/// for some seconds may wait for hours, as a server does for a question.
void pause_in_wait(std::uint64_t turns) {
  constexpr std::uint64_t kSpins = 200, kYields = 2000, kShortSleeps = 50'000;
  if (turns < kSpins) return;
  if (turns < kYields) return std::this_thread::yield();
  std::this_thread::sleep_for(turns < kShortSleeps ? std::chrono::microseconds(50) : std::chrono::microseconds(1000));
}

}  // namespace

PendingOperation::State::State(Transport& transport, CommunicationCounts& counts, int first_tag, std::vector<Round> rounds)
    : transport_(transport), counts_(counts), tag_(first_tag), rounds_(std::move(rounds)) {
  begin_round();
}

void PendingOperation::State::begin_round() {
  const Transport::Exchange exchange = rounds_[at_].begin();
  for (const auto& part : exchange.out) {
    counts_.messages += part.empty() ? 0 : 1;
    counts_.bytes_sent += part.size();
  }
  messages_ = transport_.start(exchange, tag_ + static_cast<int>(at_));
}

bool PendingOperation::State::advance() {
  while (messages_ != nullptr) {
    if (!messages_->is_over()) return false;
    problem_ = messages_->problem();
    messages_.reset();
    if (problem_) return true;
    if (rounds_[at_].end) rounds_[at_].end();
    if (++at_ < rounds_.size()) begin_round();
  }
  return true;
}

Result<void> PendingOperation::State::wait() {
  const auto begin = WaitClock::now();
  for (std::uint64_t turns = 0; !advance(); ++turns) pause_in_wait(turns);
  counts_.seconds_waited += std::chrono::duration<double>(WaitClock::now() - begin).count();
  if (!problem_) return {};
  return runtime_error(fmt::format("the ranks of this run have lost each other: {}; go on with --resume", *problem_));
}

PendingOperation::PendingOperation() noexcept = default;
PendingOperation::PendingOperation(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
PendingOperation::PendingOperation(PendingOperation&&) noexcept = default;

PendingOperation& PendingOperation::operator=(PendingOperation&& other) noexcept {
  if (state_) static_cast<void>(wait());
  state_ = std::move(other.state_);
  return *this;
}

PendingOperation::~PendingOperation() {
  if (state_) static_cast<void>(wait());
}

bool PendingOperation::advance() { return !state_ || state_->advance(); }

Result<void> PendingOperation::wait() {
  if (!state_) return {};
  auto outcome = state_->wait();
  state_.reset();
  return outcome;
}

}  // namespace glissade
