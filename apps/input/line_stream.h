#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <glissade/result.h>

#include "datasets/decompress.h"

namespace glissade::apps {

/// Whole lines of a file descriptor, such as a pipe, as they come.
class LineStream {
 public:
  /// `name` is for messages.
  LineStream(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  /// A text that is there already, of whole lines.
  explicit LineStream(std::string text) : descriptor_(-1), pending_(std::move(text)), ended_(true) {}
  /// Of a file.
  explicit LineStream(datasets::Text text) : descriptor_(-1), ended_(true), file_(std::move(text)), rest_(file_->text()) {}

  /// Waits for at least one whole line and returns all that are there, at most about a megabyte beyond a longer line, each with
  /// its newline (a last one without gets one); nothing means the end. They stay valid until the next call.
  Result<std::string_view> next();

 private:
  Result<bool> fill();
  std::string_view next_of_file();

  int descriptor_;
  std::string name_;
  std::string pending_;  ///< begins with the lines given last, `taken_` bytes long
  std::size_t taken_ = 0;
  bool ended_ = false;
  std::optional<datasets::Text> file_;
  std::string_view rest_;  ///< of the file
};

}  // namespace glissade::apps
