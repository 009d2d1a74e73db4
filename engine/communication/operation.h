#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <glissade/communicator.h>

#include "engine/communication/transport.h"

namespace glissade {

/// Rounds of an operation, one after another: what is sent in each, and what is done with what came. The exchange of a round is
/// made when the one before it is over, so that it may send what that one brought.
class PendingOperation::State {
 public:
  struct Round {
    std::function<Transport::Exchange()> begin;
    std::function<void()> end = {};
  };
  /// Takes the tags first_tag, first_tag + 1, ..., one a round, and begins the first.
  State(Transport& transport, CommunicationCounts& counts, int first_tag, std::vector<Round> rounds);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool advance();
  Result<void> wait();
  bool is_over() const noexcept { return messages_ == nullptr; }

 private:
  void begin_round();

  Transport& transport_;
  CommunicationCounts& counts_;
  int tag_;
  std::vector<Round> rounds_;
  std::size_t at_ = 0;
  std::unique_ptr<Transport::Messages> messages_;
  std::optional<std::string> problem_;
};

}  // namespace glissade
