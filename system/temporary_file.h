#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "system/file_mapping.h"

namespace glissade::system {

/// A file that is written under a temporary name beside its target and then put in place by a rename; it goes away with this
/// object unless that came off. Several processes and threads may write for the same target: the last rename wins. Functions
/// return 0 or the errno of what failed.
class TemporaryFile {
 public:
  TemporaryFile() = default;
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  /// In the folder of `target`, because a rename is atomic only within a file system. Held by a lock while this object lives,
  /// see remove_abandoned().
  int create_beside(const std::string& target);
  /// All bytes, from `offset` on.
  int write_at(std::span<const std::byte> bytes, std::uint64_t offset) const noexcept;
  int set_size(std::uint64_t bytes) const noexcept;
  /// Syncs, closes, renames, and makes the rename durable. A file that is replaced hands its permissions on.
  int put_in_place() noexcept;

 private:
  int copy_mode() const noexcept;

  std::string target_;
  std::string path_;  ///< empty: nothing to remove
  Descriptor file_;
};

/// The name of a temporary file for `target` that no other writer in this process uses.
std::string temporary_name(const std::string& target);

/// Removes files in the folder of `path` that a killed writer has left: those named as temporary files, today's or those of
/// versions before 0.3, for a target that `is_target` (given its name without the folder) agrees to, and that no process has open
/// for writing any more.
void remove_abandoned(const std::string& path, const std::function<bool(const std::string& name)>& is_target);

}  // namespace glissade::system
