#include "datasets/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <locale.h>

#include <cerrno>
#include <limits>

#include "datasets/message.h"

namespace glissade::datasets {
namespace {

/// libarchive turns names into the thread's character set, and gives none where that fails: in the C locale on all names outside
/// ASCII.
class Utf8Names {
 public:
  Utf8Names() noexcept : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = uselocale(locale_);
  }
  ~Utf8Names() {
    if (locale_ == nullptr) return;
    uselocale(before_);
    freelocale(locale_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

constexpr std::size_t kLeastPacked = 14;  // of bzip2; of xz more

std::string last_error(archive* handle) {
  const char* const text = archive_error_string(handle);
  std::string words = text != nullptr ? text : "damaged data";
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
  return words;
}

/// What the library calls a truncated file in the words of the other readers.
std::string plain_words(const std::string& words) {
  const bool early = words.find("runcated") != std::string::npos || words.find("No progress is possible") != std::string::npos;
  if (early) return "the file ends too early";
  return shown(words, 120);
}

bool enable(archive* handle, ArchiveReader::Kind kind) {
  using Kind = ArchiveReader::Kind;
  const bool packed = kind == Kind::bzip2 || kind == Kind::xz;
  const int format = packed              ? archive_read_support_format_raw(handle)
                     : kind == Kind::zip ? archive_read_support_format_zip_seekable(handle)
                                         : archive_read_support_format_tar(handle);
  // Any answer but ARCHIVE_OK of a filter means that it would start a program.
  const int filter = kind == Kind::bzip2 ? archive_read_support_filter_bzip2(handle)
                     : kind == Kind::xz  ? archive_read_support_filter_xz(handle)
                                         : ARCHIVE_OK;
  const int empty = packed ? archive_read_support_format_empty(handle) : ARCHIVE_OK;
  return format == ARCHIVE_OK && filter == ARCHIVE_OK && empty == ARCHIVE_OK;
}

}  // namespace

void ArchiveReader::Closer::operator()(archive* handle) const noexcept { archive_read_free(handle); }

std::string_view ArchiveReader::name_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::bzip2: return "bzip2";
    case Kind::xz: return "xz";
    case Kind::zip: return "zip";
    case Kind::tar: break;
  }
  return "tar";
}

ArchiveReader::ArchiveReader(std::string_view bytes, Kind kind, const std::string& path)
    : bytes_(bytes), kind_(kind), path_(&path), handle_(archive_read_new()) {}

Result<ArchiveReader> ArchiveReader::open(std::string_view bytes, Kind kind, const std::string& path) {
  ArchiveReader reader(bytes, kind, path);
  archive* const handle = reader.handle_.get();
  if (handle == nullptr)
    return require_memory(std::numeric_limits<std::uint64_t>::max(), "decompressing " + datasets::quoted(path)).error();
  if (!enable(handle, kind)) {
    return runtime_error(fmt::format("{} is {} data, which the installed libarchive does not read; unpack it",
                                     datasets::quoted(path), name_of(kind)));
  }
  if (archive_read_open_memory(handle, bytes.data(), bytes.size()) != ARCHIVE_OK) return reader.complaint();
  // Bytes that a filter does not take for its own would be handed out as they are.
  const bool packed = kind == Kind::bzip2 || kind == Kind::xz;
  if (!packed || archive_filter_count(handle) > 1) return reader;
  return not_intact(path, name_of(kind), bytes.size() < kLeastPacked ? "the file ends too early" : "damaged header");
}

Error ArchiveReader::complaint() const {
  const std::string words = last_error(handle_.get());
  if (archive_errno(handle_.get()) == ENOMEM) {
    return runtime_error(
        fmt::format("decompressing {} needs more memory than the system gives; free memory or compress the file again",
                    datasets::quoted(*path_)));
  }
  if (words.find("Unrecognized archive format") == std::string::npos)
    return not_intact(*path_, name_of(kind_), plain_words(words));
  return not_intact(*path_, name_of(kind_), kind_ == Kind::zip ? "the directory at its end is missing" : "damaged header");
}

Result<bool> ArchiveReader::next() {
  const Utf8Names names;
  doubt_.clear();
  switch (archive_read_next_header(handle_.get(), &entry_)) {
    case ARCHIVE_OK: return true;
    case ARCHIVE_EOF: return false;
    case ARCHIVE_WARN: break;
    default: return complaint();
  }
  // A name that is not in the character set which the archive states harms nothing: it is no name to ask for.
  const std::string words = last_error(handle_.get());
  if (words.find("converted") == std::string::npos) doubt_ = plain_words(words);
  return true;
}

std::string ArchiveReader::name() const {
  const Utf8Names names;
  const char* const text = archive_entry_pathname(entry_);
  std::string_view name = text != nullptr ? text : "";
  while (name.starts_with("./")) name.remove_prefix(2);
  return std::string(name);
}

bool ArchiveReader::is_file() const noexcept {
  return archive_entry_filetype(entry_) == AE_IFREG && archive_entry_hardlink(entry_) == nullptr;
}

std::string ArchiveReader::link() const {
  const Utf8Names names;
  const char* target = archive_entry_hardlink(entry_);
  if (target == nullptr) target = archive_entry_symlink(entry_);
  return target != nullptr ? target : "";
}

bool ArchiveReader::encrypted() const noexcept { return archive_entry_is_encrypted(entry_) != 0; }

/// A stated size is only a claim: one that cannot fit is refused here, a wrong one is noticed while reading.
Result<void> ArchiveReader::claim_room(Unpacked& output) const {
  if (archive_entry_sparse_count(entry_) > 0) {
    return runtime_error(fmt::format("{}: '{}' in this {} archive has holes; unpack it", datasets::quoted(*path_),
                                     shown(name(), 60), name_of(kind_)));
  }
  if (archive_entry_size_is_set(entry_) == 0) return {};
  const auto claimed = static_cast<std::uint64_t>(archive_entry_size(entry_));
  if (kind_ == Kind::tar && claimed > bytes_.size()) return not_intact(*path_, name_of(kind_), "the file ends too early");
  return output.reserve(claimed);
}

Result<void> ArchiveReader::read(Unpacked& output) {
  const bool named = kind_ == Kind::zip || kind_ == Kind::tar;
  if (named) {
    if (auto room = claim_room(output); !room) return room;
  }
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t place = 0;
    const int status = archive_read_data_block(handle_.get(), &block, &size, &place);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) return complaint();
    if (auto kept = output.append({static_cast<const char*>(block), size}); !kept) return kept;
  }
  const bool whole =
      !named || archive_entry_size_is_set(entry_) == 0 || static_cast<std::uint64_t>(archive_entry_size(entry_)) == output.used();
  return whole ? Result<void>() : not_intact(*path_, name_of(kind_), "a file of another size than its header says");
}

std::size_t ArchiveReader::consumed() const noexcept { return static_cast<std::size_t>(archive_filter_bytes(handle_.get(), -1)); }

}  // namespace glissade::datasets
