#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glissade::datasets {

/// A file in a zip archive, as the directory at the end of the archive states it.
struct ZipMember {
  std::string name;
  std::uint32_t flags = 0;
  std::uint32_t method = 0;  ///< 0 stored, 8 deflated
  std::uint32_t checksum = 0;
  std::uint64_t packed_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t header = 0;  ///< where its local header begins
};

bool is_zip(std::string_view bytes) noexcept;

/// The member called `name`; with an empty name the only one there is (folders and what macOS adds under __MACOSX do not count).
/// Fails on a damaged directory, on Zip64, where there is no such member, and where the name is empty and there is more than one:
/// then the message names them. `path` is for messages.
Result<ZipMember> find_member(std::string_view archive, const std::string& name, const std::string& path);

/// The packed bytes of a member. Fails where it is encrypted, packed in a way that is not known here, or not where the directory
/// says.
Result<std::string_view> packed_bytes(std::string_view archive, const ZipMember& member, const std::string& path);

}  // namespace glissade::datasets
