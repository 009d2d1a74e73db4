#pragma once

#include <cassert>
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

/// A value or an Error. Test it before taking the value.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace glissade
