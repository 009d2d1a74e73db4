#include "datasets/unpacked.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "datasets/message.h"
#include "system/message.h"

namespace glissade::datasets {
namespace {
constexpr std::size_t kFirstBytes = std::size_t{1} << 20;
constexpr std::size_t kStepInFile = std::size_t{1} << 28;  ///< a file is not doubled: its room is taken for good
}  // namespace

Result<void> Unpacked::reserve(std::size_t bytes) { return bytes > most_ ? Result<void>() : grow(bytes); }

Result<void> Unpacked::grow(std::size_t bytes) {
  if (bytes > most_) return grow_in_file(bytes);
  const std::string what = fmt::format("{} {}", doing_, datasets::quoted(path_));
  if (auto enough = require_memory(bytes - std::min(bytes, memory_.size()), what); !enough) return enough;
  if (memory_.grow(bytes)) return {};
  return runtime_error(fmt::format("{} needs {} of memory, which the system refused; free memory or split the file", what,
                                   system::bytes_text(bytes)));
}

Result<void> Unpacked::grow_in_file(std::size_t bytes) {
  const auto failed = [this](int number) {
    return cannot_keep(fmt::format("the bytes of the text of {} are", datasets::quoted(path_)), folder_,
                       system::error_text(number));
  };
  if (!memory_.is_in_file()) {
    if (memory_.size() == 0 && !memory_.grow(kFirstBytes)) return failed(ENOMEM);
    std::error_code ignored;  // if there is no folder, creating the file says why
    std::filesystem::create_directories(folder_, ignored);
    if (const int number = memory_.move_to_file(folder_, used_)) return failed(number);
  }
  if (!memory_.grow(bytes)) return failed(ENOSPC);
  return {};
}

Result<void> Unpacked::make_room() {
  if (used_ < memory_.size()) return {};
  return grow(memory_.is_in_file() ? memory_.size() + kStepInFile : std::max(kFirstBytes, memory_.size() * 2));
}

Result<void> Unpacked::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (auto room = make_room(); !room) return room;
    const std::size_t part = std::min(bytes.size(), free_bytes());
    bytes.copy(free_begin(), part);
    advance(part);
    bytes.remove_prefix(part);
  }
  return {};
}

Error not_intact(const std::string& path, std::string_view kind, std::string_view why) {
  return runtime_error(
      fmt::format("{} is not intact {} data ({}); fetch or compress the file again", datasets::quoted(path), kind, why));
}

}  // namespace glissade::datasets
