#include "apps/input/cache_limit.h"

#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/cache_limit.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {

void keep_cache_limit(std::initializer_list<const datasets::Dataset*> newest) {
  const auto limit = datasets::cache_limit();
  if (!limit || !*limit) return;  // a bad one was refused when the program began
  std::vector<std::string> paths;
  for (const datasets::Dataset* data : newest) {
    if (data->cache_file()) paths.push_back(data->cache_file()->path);
  }
  if (paths.empty()) return;
  const std::string folder = std::filesystem::path(paths.front()).parent_path().string();
  const auto cleared = datasets::keep_within(folder, **limit, paths);
  if (!cleared) return complain(fmt::format("warning: {}", cleared.error().message));
  if (cleared->removed_files == 0) return;
  note(fmt::format("cache {}: {} {} used longest ago removed ({}), {} left; GLISSADE_CACHE_LIMIT is {}", datasets::quoted(folder),
                   grouped(cleared->removed_files), cleared->removed_files == 1 ? "file" : "files",
                   system::bytes_text(cleared->removed_bytes), system::bytes_text(cleared->kept_bytes),
                   system::bytes_text(**limit)));
}

}  // namespace glissade::apps
