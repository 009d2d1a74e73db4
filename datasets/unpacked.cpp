#include "datasets/unpacked.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/message.h"
#include "system/message.h"

namespace glissade::datasets {
namespace {
constexpr std::size_t kFirstBytes = std::size_t{1} << 20;
}  // namespace

Result<void> Unpacked::reserve(std::size_t bytes) {
  if (auto enough = require_memory(bytes - std::min(bytes, memory_.size()), "decompressing " + datasets::quoted(path_)); !enough)
    return enough;
  if (memory_.grow(bytes)) return {};
  return runtime_error(fmt::format("decompressing {} needs {} of memory, which the system refused; free memory or split the file",
                                   datasets::quoted(path_), system::bytes_text(bytes)));
}

Result<void> Unpacked::make_room() {
  return used_ < memory_.size() ? Result<void>() : reserve(std::max(kFirstBytes, memory_.size() * 2));
}

Result<void> Unpacked::append(std::string_view bytes) {
  if (bytes.size() > free_bytes()) {
    if (auto room = reserve(std::max({kFirstBytes, memory_.size() * 2, used_ + bytes.size()})); !room) return room;
  }
  bytes.copy(free_begin(), bytes.size());
  advance(bytes.size());
  return {};
}

Error not_intact(const std::string& path, std::string_view kind, std::string_view why) {
  return runtime_error(
      fmt::format("{} is not intact {} data ({}); fetch or compress the file again", datasets::quoted(path), kind, why));
}

}  // namespace glissade::datasets
