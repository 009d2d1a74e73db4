#include "apps/input/line_stream.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

}  // namespace

/// Appends what one read gives; false at the end of the input.
Result<bool> LineStream::fill() {
  const std::size_t old_size = pending_.size();
  pending_.resize(old_size + kReadBytes);
  ssize_t got = 0;
  do {
    got = read(descriptor_, pending_.data() + old_size, kReadBytes);
  } while (got < 0 && errno == EINTR);
  const int error = errno;
  pending_.resize(old_size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return runtime_error(fmt::format("cannot read {}: {}", datasets::quoted(name_), system::error_text(error)));
  return got > 0;
}

std::string_view LineStream::next_of_file() {
  if (rest_.empty()) return {};
  const std::size_t newline = rest_.find('\n', std::min(kReadBytes, rest_.size() - 1));
  std::string_view lines = rest_.substr(0, newline == std::string_view::npos ? rest_.size() : newline + 1);
  rest_.remove_prefix(lines.size());
  if (lines.ends_with('\n')) return lines;
  pending_ = lines;
  return pending_ += '\n';
}

Result<std::string_view> LineStream::next() {
  if (file_) return next_of_file();
  pending_.erase(0, taken_);
  taken_ = 0;
  while (!ended_ && pending_.rfind('\n') == std::string::npos) {
    const auto more = fill();
    if (!more) return more.error();
    ended_ = !*more;
    if (ended_ && !pending_.empty() && pending_.back() != '\n') pending_ += '\n';
  }
  if (pending_.empty()) return std::string_view();
  taken_ = pending_.rfind('\n') + 1;
  return std::string_view(pending_.data(), taken_);
}

}  // namespace glissade::apps
