#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <glissade/views.h>

namespace glissade {

/// Rows as bytes for another rank, and back.
std::vector<std::byte> message_of(const InputRows& rows);

/// Rows out of a message, which must outlive view().
class MessageRows {
 public:
  /// The message must be one of message_of(), of a process of the same version.
  explicit MessageRows(std::span<const std::byte> message);
  InputRows view() const noexcept { return rows_; }

 private:
  InputRows rows_;
  std::vector<std::uint32_t> places_;
};

}  // namespace glissade
