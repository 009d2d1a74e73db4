#include "apps/input/row_stream.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "datasets/message.h"
#include "datasets/parse_rows.h"

namespace glissade::apps {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

bool is_header(std::string_view line) {
  if (line.find(':') != std::string_view::npos || line.size() > 256) return false;
  std::istringstream words{std::string(line)};
  std::uint64_t number = 0;
  int numbers = 0;
  while (words >> number) ++numbers;
  return numbers == 3 && words.eof();
}

}  // namespace

RowStream::RowStream(int descriptor, std::string name, const datasets::ReadOptions& options, std::uint32_t feature_count)
    : descriptor_(descriptor), name_(std::move(name)), options_(options), feature_count_(feature_count) {}

/// Appends what one read gives; false at the end of the input.
Result<bool> RowStream::fill() {
  const std::size_t old_size = pending_.size();
  pending_.resize(old_size + kReadBytes);
  ssize_t got = 0;
  do {
    got = read(descriptor_, pending_.data() + old_size, kReadBytes);
  } while (got < 0 && errno == EINTR);
  const int error = errno;
  pending_.resize(old_size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return runtime_error(fmt::format("cannot read {}: {}", datasets::quoted(name_), datasets::system_message(error)));
  return got > 0;
}

Result<SparseRows> RowStream::next() {
  pending_.erase(0, taken_);
  taken_ = 0;
  for (;;) {
    while (!ended_ && pending_.rfind('\n') == std::string::npos) {
      const auto more = fill();
      if (!more) return more.error();
      ended_ = !*more;
      if (ended_ && !pending_.empty() && pending_.back() != '\n') pending_ += '\n';
    }
    if (pending_.empty()) return SparseRows{};
    std::string_view lines(pending_.data(), pending_.rfind('\n') + 1);
    taken_ = lines.size();
    if (lines_before_ == 0 && is_header(lines.substr(0, lines.find('\n')))) {
      lines.remove_prefix(lines.find('\n') + 1);
      ++lines_before_;
    }
    if (!lines.empty()) return parse(lines);
    pending_.erase(0, std::exchange(taken_, 0));
  }
}

Result<SparseRows> RowStream::parse(std::string_view lines) {
  datasets::RowChunk chunk;
  chunk.begin = lines.data();
  chunk.end = lines.data() + lines.size();
  datasets::count_rows(chunk);
  offsets_.assign(chunk.lines + 1, 0);
  label_ends_.resize(chunk.lines);
  ids_.resize(chunk.colons);
  values_.resize(chunk.colons);
  label_ids_.resize(chunk.commas + chunk.lines);

  // Limits are stated as for a file without header: there is none to blame in the messages.
  const bool from_one = options_.format == datasets::Format::libsvm && options_.id_base != datasets::IdBase::zero;
  datasets::IdLimits limits;
  limits.format = datasets::Format::libsvm;
  limits.id_base = from_one ? datasets::IdBase::one : datasets::IdBase::zero;
  limits.features = std::uint64_t{feature_count_} + (from_one ? 1 : 0);
  limits.labels = std::numeric_limits<std::uint32_t>::max();
  datasets::parse_rows(chunk, limits, {offsets_.data() + 1, label_ends_.data(), ids_.data(), values_.data(), label_ids_.data()});
  if (chunk.problem != datasets::Problem::none) {
    const std::string where = datasets::place(name_, lines_before_ + chunk.problem_row + 1);
    return runtime_error(fmt::format("{}: {}", where, datasets::describe(chunk, limits)));
  }
  if (from_one) {
    for (std::uint32_t& id : ids_) --id;
  }
  lines_before_ += chunk.lines;
  return SparseRows{offsets_, ids_, values_};
}

}  // namespace glissade::apps
