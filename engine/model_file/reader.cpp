#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "engine/model_file/layout.h"
#include "system/file_mapping.h"
#include "system/message.h"

namespace glissade::model_file {

std::uint64_t head_checksum(std::span<const std::byte> head) {
  std::vector<std::byte> copy(head.begin(), head.end());
  std::memset(copy.data() + offsetof(Header, checksum), 0, sizeof(Header::checksum));
  return XXH3_64bits(copy.data(), copy.size());
}

namespace {

// No default: the compiler refuses a kind that has no name here.
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wswitch"
std::string_view kind_name(SectionKind kind) noexcept {
  switch (kind) {
    case SectionKind::config: return "config";
    case SectionKind::state: return "state";
    case SectionKind::label_names: return "label_names";
    case SectionKind::feature_names: return "feature_names";
    case SectionKind::label_counts: return "label_counts";
    case SectionKind::weights: return "weights";
    case SectionKind::weights_high: return "weights_high";
    case SectionKind::weights_low: return "weights_low";
    case SectionKind::bias: return "bias";
    case SectionKind::first_moment: return "first_moment";
    case SectionKind::second_moment: return "second_moment";
    case SectionKind::row_steps: return "row_steps";
    case SectionKind::bias_first_moment: return "bias_first_moment";
    case SectionKind::bias_second_moment: return "bias_second_moment";
    case SectionKind::first_moment_bf16: return "first_moment_bf16";
    case SectionKind::second_moment_bf16: return "second_moment_bf16";
    case SectionKind::row_second_moment: return "row_second_moment";
    case SectionKind::sparse_offsets: return "sparse_offsets";
    case SectionKind::sparse_ids: return "sparse_ids";
    case SectionKind::sparse_values: return "sparse_values";
    case SectionKind::feature_weights: return "feature_weights";
    case SectionKind::sample_label_begins: return "sample_label_begins";
    case SectionKind::sample_labels: return "sample_labels";
    case SectionKind::blend: return "blend";
    case SectionKind::pass: return "pass";
    case SectionKind::pass_order: return "pass_order";
    case SectionKind::run_notes: return "run_notes";
    case SectionKind::table_numbers: return "table_numbers";
    case SectionKind::table_offsets: return "table_offsets";
    case SectionKind::table_ids: return "table_ids";
    case SectionKind::drift: return "drift";
    case SectionKind::rehash_rows: return "rehash_rows";
    case SectionKind::rehash_codes: return "rehash_codes";
    case SectionKind::cluster_numbers: return "cluster_numbers";
    case SectionKind::cluster_means: return "cluster_means";
    case SectionKind::cluster_frame: return "cluster_frame";
    case SectionKind::cluster_rows: return "cluster_rows";
    case SectionKind::cluster_codes: return "cluster_codes";
    case SectionKind::cluster_lengths: return "cluster_lengths";
    case SectionKind::ranker: return "ranker";
    case SectionKind::average: return "average";
    case SectionKind::average_count: return "average_count";
    case SectionKind::data_notes: return "data_notes";
    case SectionKind::data_fingerprint: return "data_fingerprint";
    case SectionKind::sparse_low: return "sparse_low";
    case SectionKind::sparse_second_moment: return "sparse_second_moment";
    case SectionKind::feature_factors: return "feature_factors";
    case SectionKind::feature_labels: return "feature_labels";
    case SectionKind::sibling_fingerprint: return "sibling_fingerprint";
    case SectionKind::search_numbers: return "search_numbers";
    case SectionKind::search_books: return "search_books";
    case SectionKind::search_codes: return "search_codes";
    case SectionKind::search_lists: return "search_lists";
    case SectionKind::calibration: return "calibration";
    case SectionKind::mean_length: return "mean_length";
    case SectionKind::vector_scale: return "vector_scale";
    case SectionKind::sample_weights: return "sample_weights";
    case SectionKind::shard_files: return "shard_files";
    case SectionKind::shard: return "shard";
    case SectionKind::connections: return "connections";
    case SectionKind::connection_steps: return "connection_steps";
    case SectionKind::gradient_means: return "gradient_means";
    case SectionKind::row_places: return "row_places";
    case SectionKind::compact_connections: return "compact_connections";
    case SectionKind::search_queries: return "search_queries";
    case SectionKind::average_bias: return "average_bias";
    case SectionKind::shard_paths: return "shard_paths";
    case SectionKind::packed_rows: return "packed_rows";
    case SectionKind::packed_matrix: return "packed_matrix";
    case SectionKind::packed_bytes: return "packed_bytes";
  }
  return {};
}
#pragma GCC diagnostic pop

}  // namespace

std::string section_name(SectionKind kind, std::uint32_t index) {
  const std::string_view known = kind_name(kind);
  const std::string name = known.empty() ? "kind-" + std::to_string(static_cast<std::uint32_t>(kind)) : std::string(known);
  return name + " " + std::to_string(index);
}

namespace {

constexpr const char* kReplace = "; restore it from a copy or train the model again";

/// The order in which a reader holds its sections: a file with thousands of tables is searched for each.
bool before(const Section& section, SectionKind kind, std::uint32_t index) noexcept {
  return section.kind != kind ? section.kind < kind : section.index < index;
}

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string expected(const std::string& found, const std::string& wanted) { return found + ", expected " + wanted; }

std::string expected(std::uint64_t found, std::uint64_t wanted) {
  return expected(std::to_string(found), std::to_string(wanted));
}

std::string called(const std::string& path) { return "model file " + system::quoted(path); }

/// The whole file.
Result<std::shared_ptr<const system::FileMapping>> map_file(const std::string& path) {
  const system::Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.number() < 0) {
    return runtime_error(called(path) + " cannot be opened: " + system::error_text(errno) + "; check the path");
  }
  struct stat status {};
  if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode))
    return runtime_error(called(path) + " is not a regular file; give the path of a model file");
  const auto mapping = std::make_shared<system::FileMapping>();
  if (const int failed = mapping->map(file.number()))
    return runtime_error(called(path) + " cannot be mapped: " + system::error_text(failed));
  if (mapping->bytes().empty()) return runtime_error(called(path) + " is empty" + kReplace);
  return std::shared_ptr<const system::FileMapping>(mapping);
}

/// Checks a mapped file step by step; each step may rely on the ones before.
class Checker {
 public:
  Checker(const std::string& path, std::span<const std::byte> file) : path_(path), file_(file) {}

  Result<void> check_header() {
    const std::size_t seen = std::min(file_.size(), kMagic.size());
    if (std::memcmp(file_.data(), kMagic.data(), seen) != 0) {
      return runtime_error(system::quoted(path_) + " is not a Glissade model file: it begins with " +
                           hex_bytes(file_.first(seen)) + ", expected " + hex_bytes(std::as_bytes(std::span(kMagic))) +
                           "; give the path of a model file");
    }
    if (file_.size() < sizeof(Header)) return truncated(sizeof(Header), "a header alone");
    std::memcpy(&header_, file_.data(), sizeof header_);
    // Before anything else: a newer version may lay out all that follows in another way.
    if (header_.version > kFormatVersion) {
      return runtime_error(called(path_) + " has format version " + std::to_string(header_.version) +
                           ", this build reads up to " + std::to_string(kFormatVersion) + "; use a newer version of Glissade");
    }
    if (header_.version == 0) return damaged("format version 0, expected 1 .. " + std::to_string(kFormatVersion));
    return {};
  }

  Result<void> check_table() {
    if (header_.sections > kMostSections) {
      return damaged("its header says " + std::to_string(header_.sections) + " sections, expected at most " +
                     std::to_string(kMostSections));
    }
    const std::uint64_t table_end = head_bytes(header_.sections);
    if (table_end > file_.size()) return truncated(table_end, "its section table");
    const std::uint64_t checksum = head_checksum(file_.first(table_end));
    if (checksum != header_.checksum) {
      return damaged("checksum of header and section table is " + expected(hex(checksum), hex(header_.checksum)));
    }
    if (file_.size() < header_.file_bytes) return truncated(header_.file_bytes, "the whole file");
    if (file_.size() > header_.file_bytes) return damaged("it has " + expected(file_.size(), header_.file_bytes) + " bytes");
    return {};
  }

  /// The checksum has passed, so a fault here was written so. It is refused all the same: a file may come from anywhere.
  Result<void> check_layout() {
    entries_.resize(header_.sections);
    if (!entries_.empty()) std::memcpy(entries_.data(), file_.data() + sizeof(Header), entries_.size() * sizeof(Entry));
    std::uint64_t end = head_bytes(header_.sections);
    for (const Entry& entry : entries_) {
      const std::string name = "section " + name_of(entry);
      const std::uint64_t begin = aligned(end);
      if (entry.offset != begin) return damaged(name + " begins at byte " + expected(entry.offset, begin));
      if (begin > file_.size() || entry.bytes > file_.size() - begin) {
        return damaged(name + " has " + std::to_string(entry.bytes) + " bytes from " + std::to_string(begin) +
                       " on, the file ends at " + std::to_string(file_.size()));
      }
      const auto gap = file_.subspan(end, begin - end);
      if (std::any_of(gap.begin(), gap.end(), [](std::byte b) { return b != std::byte{0}; })) {
        return damaged("there are bytes before " + name);
      }
      end = begin + entry.bytes;
    }
    if (end != file_.size()) return damaged("its sections end at byte " + expected(end, file_.size()));
    return check_unique();
  }

  Result<void> check_payloads(bool (*wanted)(SectionKind)) const {
    for (const Entry& entry : entries_) {
      if (wanted != nullptr && !wanted(static_cast<SectionKind>(entry.kind))) continue;
      const auto bytes = payload(entry);
      if (bytes.size() >= kAlignment) {
        // The kernel may read ahead while the first pages are hashed; payloads begin on a page.
        ::madvise(const_cast<std::byte*>(bytes.data()), bytes.size(), MADV_WILLNEED);
      }
      const std::uint64_t checksum = XXH3_64bits(bytes.data(), bytes.size());
      if (checksum != entry.checksum) {
        return damaged("checksum of section " + name_of(entry) + " is " + expected(hex(checksum), hex(entry.checksum)));
      }
    }
    return {};
  }

  std::uint64_t checksum() const noexcept { return header_.checksum; }

  /// In the order of before().
  std::vector<Section> sections() const {
    std::vector<Section> out;
    for (const Entry& entry : entries_) out.push_back({static_cast<SectionKind>(entry.kind), entry.index, payload(entry)});
    std::ranges::sort(out, [](const Section& a, const Section& b) { return before(a, b.kind, b.index); });
    return out;
  }

 private:
  std::span<const std::byte> payload(const Entry& entry) const noexcept { return file_.subspan(entry.offset, entry.bytes); }

  static std::string name_of(const Entry& entry) { return section_name(static_cast<SectionKind>(entry.kind), entry.index); }

  Result<void> check_unique() const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> keys;
    for (const Entry& entry : entries_) keys.emplace_back(entry.kind, entry.index);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return {};
    return damaged("section " + section_name(static_cast<SectionKind>(twice->first), twice->second) + " is there twice");
  }

  static std::string hex_bytes(std::span<const std::byte> bytes) {
    std::string out;
    for (const std::byte byte : bytes) {
      char text[8];
      std::snprintf(text, sizeof text, "%s%02x", out.empty() ? "" : " ", std::to_integer<unsigned>(byte));
      out += text;
    }
    return out;
  }

  Error damaged(const std::string& how) const { return runtime_error(called(path_) + " is damaged: " + how + kReplace); }

  Error truncated(std::uint64_t needed, const std::string& what) const {
    return runtime_error(called(path_) + " is truncated: it has " + std::to_string(file_.size()) + " bytes, " + what + " takes " +
                         std::to_string(needed) + kReplace);
  }

  const std::string& path_;
  std::span<const std::byte> file_;
  Header header_;
  std::vector<Entry> entries_;
};

}  // namespace

Result<Reader> Reader::open(const std::string& path, bool (*wanted)(SectionKind)) {
  const auto mapping = map_file(path);
  if (!mapping) return mapping.error();
  Checker checker(path, std::as_bytes(std::span((*mapping)->bytes())));
  if (auto ok = checker.check_header(); !ok) return ok.error();
  if (auto ok = checker.check_table(); !ok) return ok.error();
  if (auto ok = checker.check_layout(); !ok) return ok.error();
  if (auto ok = checker.check_payloads(wanted); !ok) return ok.error();
  Reader reader;
  reader.path_ = path;
  reader.checksum_ = checker.checksum();
  reader.mapping_ = *mapping;
  reader.sections_ = checker.sections();
  return reader;
}

Reader Reader::with(std::vector<Section> made, std::shared_ptr<const void> owner, bool (*replaced)(SectionKind)) const {
  Reader other = *this;
  std::erase_if(other.sections_, [&](const Section& section) { return replaced(section.kind); });
  for (Section& section : made) other.sections_.push_back(std::move(section));
  std::ranges::sort(other.sections_, [](const Section& a, const Section& b) { return before(a, b.kind, b.index); });
  using Both = std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>;
  other.mapping_ = std::make_shared<const Both>(mapping_, std::move(owner));
  return other;
}

const Section* Reader::find(SectionKind kind, std::uint32_t index) const noexcept {
  const auto at = std::partition_point(sections_.begin(), sections_.end(),
                                       [&](const Section& section) { return before(section, kind, index); });
  return at != sections_.end() && at->kind == kind && at->index == index ? &*at : nullptr;
}

bool Reader::has(SectionKind kind, std::uint32_t index) const noexcept { return find(kind, index) != nullptr; }

std::span<const std::byte> Reader::bytes(SectionKind kind, std::uint32_t index) const noexcept {
  const Section* const section = find(kind, index);
  return section != nullptr ? section->bytes : std::span<const std::byte>();
}

}  // namespace glissade::model_file
