#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace glissade {

/// How bytes get from rank to rank. A module such as libglissade_mpi.so implements it; all sums and orders are the
/// Communicator's. One call at a time, from any thread.
class Transport {
 public:
  /// What a rank sends to each other one and gets from it, one span per rank; the spans of the rank itself are empty. What rank a
  /// has for rank b is as long as what b expects of a.
  struct Exchange {
    std::vector<std::span<const std::byte>> out;
    std::vector<std::span<std::byte>> in;
  };

  /// An exchange that was begun; its buffers stay until it is over. It must not be destroyed before.
  class Messages {
   public:
    virtual ~Messages() = default;
    /// Whether it is over. Never waits.
    virtual bool is_over() = 0;
    /// Why it failed, one line, once it is over.
    virtual std::optional<std::string> problem() const = 0;
  };

  virtual ~Transport() = default;
  virtual int rank() const noexcept = 0;
  virtual int size() const noexcept = 0;
  /// Messages of one `tag`, 0 .. 32767, meet those of the same tag on the other side.
  virtual std::unique_ptr<Messages> start(const Exchange& exchange, int tag) = 0;
  /// See Communicator::finish().
  virtual void finish() noexcept = 0;
};

/// What a module exports, besides its version text `glissade_transport_version`. Null if it cannot start; then `problem` says
/// why. `size`: as the launcher says, 0 if it says nothing.
using OpenTransport = Transport* (*)(int size, char* problem, std::size_t problem_bytes);
inline constexpr const char* kOpenTransport = "glissade_open_transport";
inline constexpr const char* kTransportVersion = "glissade_transport_version";

}  // namespace glissade
