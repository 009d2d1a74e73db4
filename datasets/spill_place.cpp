#include "datasets/spill_place.h"

#include <fmt/format.h>

#include <limits>

#include <glissade/options.h>

#include "datasets/byte_size.h"
#include "datasets/message.h"

namespace glissade::datasets {

std::uint64_t SpillPlace::bytes_in_memory() const {
  if (folder.empty()) return std::numeric_limits<std::uint64_t>::max();
  return memory != 0 ? memory : available_memory() / 4;
}

Result<std::uint64_t> read_memory() {
  const auto size = size_in_environment("GLISSADE_READ_MEMORY");
  if (!size) return size.error();
  return size->value_or(0);
}

Error cannot_keep(const std::string& what, const std::string& folder, const std::string& why) {
  return runtime_error(
      fmt::format("{} more than memory should hold, and {} cannot keep them: {}; free space there, or name "
                  "another folder by --cache-dir or GLISSADE_CACHE",
                  what, datasets::quoted(folder), why));
}

}  // namespace glissade::datasets
