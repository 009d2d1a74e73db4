#pragma once

#include <glissade/result.h>

#include <optional>
#include <string>
#include <string_view>

#include "datasets/archive_reader.h"

namespace glissade::datasets {

/// Zip or tar, told by the first bytes (tar: POSIX and GNU, not the form from before 1988, which says nothing of itself).
std::optional<ArchiveReader::Kind> archive_kind(std::string_view bytes) noexcept;

/// Unpacks the file called `name`, the last of that name; with an empty name the only file there is (folders, links and what
/// macOS adds do not count). Fails on damage, on encryption, where there is no such file, and where the name is empty and there
/// are several: then the message lists them. `path` is for messages.
Result<void> unpack_member(std::string_view bytes, ArchiveReader::Kind kind, const std::string& name, const std::string& path,
                           Unpacked& output);

}  // namespace glissade::datasets
