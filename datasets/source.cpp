#include "datasets/source.h"

#include <filesystem>
#include <utility>

#include "datasets/archive_members.h"
#include "datasets/packed.h"

namespace glissade::datasets {
namespace {

/// The length of the archive's path in 'archive.zip:name', `path` itself where it is no such name.
std::size_t archive_length(const std::string& path) {
  std::error_code ignored;
  if (path == "-" || std::filesystem::exists(path, ignored)) return path.size();
  for (std::size_t colon = path.find(':'); colon != std::string::npos; colon = path.find(':', colon + 1)) {
    const std::string archive = path.substr(0, colon);
    if (!std::filesystem::is_regular_file(archive, ignored)) continue;
    const auto file = MappedFile::open(archive);
    if (file && (archive_kind(file->bytes()) || packing_of(file->bytes()) != Packing::none)) return colon;
  }
  return path.size();
}

}  // namespace

std::string source_file(const std::string& path) { return path.substr(0, archive_length(path)); }

Result<Source> open_source(const std::string& path, const SpillPlace& place) {
  const std::size_t length = archive_length(path);
  auto file = MappedFile::open(path.substr(0, length), place);
  if (!file) return file.error();
  return Source{std::move(*file), length < path.size() ? path.substr(length + 1) : ""};
}

}  // namespace glissade::datasets
