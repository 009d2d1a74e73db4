#pragma once

// Files as libarchive writes them: bzip2, xz, tar, Zip64.

#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <string_view>
#include <vector>

namespace glissade::datasets::testing {

/// One text packed as a whole: "bzip2" or "xz".
inline std::string packed_by(const char* filter, std::string_view text) {
  std::string out(text.size() + 65536, '\0');
  std::size_t used = 0;
  archive* const writer = archive_write_new();
  archive_write_set_format_raw(writer);
  archive_write_add_filter_by_name(writer, filter);
  archive_write_set_bytes_in_last_block(writer, 1);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  archive_entry* const entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(writer, entry);
  archive_write_data(writer, text.data(), text.size());
  archive_write_close(writer);
  archive_entry_free(entry);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

/// A file for tar_of() and zip64_of().
struct Filed {
  std::string name;
  std::string text;
  std::string hard_link = {};  ///< what it is another name of; then `text` does not count
};

inline std::string written_by(archive* writer, const std::vector<Filed>& files) {
  std::string out(std::size_t{1} << 20, '\0');
  std::size_t used = 0;
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const Filed& file : files) {
    archive_entry* const entry = archive_entry_new();
    archive_entry_set_pathname(entry, file.name.c_str());
    archive_entry_set_filetype(entry, file.name.ends_with('/') ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    if (!file.hard_link.empty()) archive_entry_set_hardlink(entry, file.hard_link.c_str());
    archive_entry_set_size(entry, file.hard_link.empty() ? static_cast<la_int64_t>(file.text.size()) : 0);
    archive_write_header(writer, entry);
    if (file.hard_link.empty()) archive_write_data(writer, file.text.data(), file.text.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

inline std::string tar_of(const std::vector<Filed>& files) {
  archive* const writer = archive_write_new();
  archive_write_set_format_pax_restricted(writer);
  return written_by(writer, files);
}

/// A zip archive whose sizes lie in Zip64's extra fields.
inline std::string zip64_of(const std::vector<Filed>& files) {
  archive* const writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  archive_write_set_options(writer, "zip:zip64");
  return written_by(writer, files);
}

}  // namespace glissade::datasets::testing
