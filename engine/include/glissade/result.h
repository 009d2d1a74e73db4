#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace glissade {

/// Why something failed. `message` is one line without a trailing newline: what, where ('file':line), the value, the remedy.
struct Error {
  enum class Kind {
    usage,    ///< the caller asked for something that does not exist or cannot be combined (exit status 2)
    runtime,  ///< the outside world: files, memory, data (exit status 1)
  };
  std::string message;
  Kind kind = Kind::runtime;
};

inline Error usage_error(std::string message) { return {std::move(message), Error::Kind::usage}; }
inline Error runtime_error(std::string message) { return {std::move(message), Error::Kind::runtime}; }

/// Throws std::logic_error: value() was called on a Result that holds `error`, whose message becomes part of what(). Uncaught, it
/// ends the program with that line.
[[noreturn]] void no_value(const Error& error);
/// Throws std::logic_error: error() was called on a Result without one.
[[noreturn]] void no_error();

/// A value or an Error. Test it before taking either: value(), * and -> on an error, and error() on a value, throw
/// std::logic_error (see above). It is the one exception that the library throws on purpose, for a mistake of the caller's code.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & {
    check();
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    check();
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    check();
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const {
    if (ok()) no_error();
    return *std::get_if<1>(&state_);
  }

 private:
  void check() const {
    if (!ok()) no_value(*std::get_if<1>(&state_));
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const {
    if (ok()) no_error();
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace glissade
