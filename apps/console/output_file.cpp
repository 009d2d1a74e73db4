#include "apps/console/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "datasets/message.h"
#include "datasets/source.h"
#include "system/message.h"
#include "system/temporary_file.h"

namespace glissade::apps {
namespace {

Error cannot_write(const std::string& path, const std::string& reason) {
  return runtime_error(fmt::format("cannot write {}: {}; choose another place", datasets::quoted(path), reason));
}

}  // namespace

Result<void> check_not_input(const std::string& path, const std::vector<std::string>& inputs) {
  std::error_code code;
  for (const std::string& input : inputs) {
    if (std::filesystem::equivalent(path, datasets::source_file(input), code)) {
      return usage_error(fmt::format("{} is an input; give the output another name", datasets::quoted(path)));
    }
  }
  return {};
}

Result<void> check_file_name(std::string_view option, const std::string& path) {
  if (path != "-") return {};
  return usage_error(fmt::format(
      "{}: '-' means standard input or output, which is not possible here; name a file (./- for one that is called so)", option));
}

Result<void> check_replaceable(const std::string& path, const std::vector<std::string>& inputs) {
  namespace fs = std::filesystem;
  std::error_code code;
  if (path.empty()) return usage_error("an output file needs a name; '' is none");
  if (auto ok = check_file_name("output", path); !ok) return ok;
  if (auto ok = check_not_input(path, inputs); !ok) return ok;
  const fs::file_status status = fs::status(path, code);
  if (fs::exists(status)) {
    if (fs::is_directory(status)) return cannot_write(path, "it is a directory");
    if (!fs::is_regular_file(status))
      return cannot_write(path, "it is not a regular file, and a model is put in place by renaming");
    if (access(path.c_str(), W_OK) != 0) return cannot_write(path, system::error_text(errno));
  }
  // Named like a temporary file: should this process be killed here, the next one tidies up.
  const std::string probe = system::temporary_name(path);
  const int descriptor = open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0 && errno != EEXIST) return cannot_write(path, system::error_text(errno));
  if (descriptor < 0) return {};
  close(descriptor);
  unlink(probe.c_str());
  return {};
}

}  // namespace glissade::apps
