#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <glissade/result.h>

namespace glissade::apps {

/// Whole lines of a file descriptor, such as a pipe, as they come.
class LineStream {
 public:
  /// `name` is for messages.
  LineStream(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  /// A text that is there already, of whole lines.
  explicit LineStream(std::string text) : descriptor_(-1), pending_(std::move(text)), ended_(true) {}

  /// Waits for at least one whole line and returns all that are there, at most about a megabyte beyond a longer line, each with
  /// its newline (a last one without gets one); nothing means the end. They stay valid until the next call.
  Result<std::string_view> next();

 private:
  Result<bool> fill();

  int descriptor_;
  std::string name_;
  std::string pending_;  ///< begins with the lines given last, `taken_` bytes long
  std::size_t taken_ = 0;
  bool ended_ = false;
};

}  // namespace glissade::apps
