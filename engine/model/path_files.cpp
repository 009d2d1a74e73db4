#include "engine/model/path_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/model/ragged_rows.h"
#include "engine/model/section_arrays.h"

namespace glissade {

using model_file::Reader;
using model_file::Section;
using model_file::SectionKind;

namespace {

using Layout = StoredArray::Layout;

std::span<const std::byte> bytes_of(const StoredArray& stored) {
  return std::visit([](const auto* array) { return array->as_bytes(); }, stored.array);
}

std::size_t element_bytes(const StoredArray& stored) {
  return std::visit([](const auto* array) { return sizeof *array->data(); }, stored.array);
}

constexpr std::uint64_t number_of(const StoredArray& stored) noexcept {
  return std::uint64_t{static_cast<std::uint32_t>(stored.kind)} << 32 | stored.index;
}

/// Whether every rank has it where one does. An array with a number per entry is missing where a rank's rows have no entries.
constexpr bool is_on_all_ranks(const StoredArray& stored) noexcept {
  return stored.layout == Layout::begins || stored.layout == Layout::per_row;
}

std::vector<StoredArray> arrays_of(RankedPaths& paths, bool with_training_state) {
  std::vector<StoredArray> arrays = paths.arrays();
  if (!with_training_state) std::erase_if(arrays, &StoredArray::training_only);
  return arrays;
}

/// What a file says of the rows of paths in its shards.
struct ShardPaths {
  std::uint64_t samples = 0;
  std::vector<std::uint64_t> sections;  ///< number_of() those that all shards have

  bool list(const StoredArray& stored) const { return std::ranges::find(sections, number_of(stored)) != sections.end(); }
};

/// None if the file says nothing: it has the rows of paths itself.
Result<std::optional<ShardPaths>> read_shard_paths(const Reader& file, const RowFiles& shards) {
  if (!file.has(SectionKind::shard_paths)) return std::optional<ShardPaths>();
  const auto bytes = file.bytes(SectionKind::shard_paths);
  if (!shards.are_apart() || bytes.empty() || bytes.size() % sizeof(std::uint64_t) != 0)
    return damaged(file, "what it says of the rows of paths in its shards is not readable");
  std::vector<std::uint64_t> numbers(bytes.size() / sizeof(std::uint64_t));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return std::optional(ShardPaths{numbers.front(), {numbers.begin() + 1, numbers.end()}});
}

/// The arrays of paths' rows in the files that have them, and whether they fit together.
class PathRows {
 public:
  /// `said`: of rows that lie in shards. All must outlive it.
  PathRows(const Reader& file, const RowFiles& files, const std::optional<ShardPaths>& said, const RankedPaths& paths,
           std::size_t labels)
      : file_(file), files_(files), said_(said), paths_(paths), labels_(labels) {
    samples_ = said ? said->samples : file.bytes(SectionKind::sparse_offsets, 1).size() / sizeof(std::uint64_t) - 1;
  }

  /// Of all ranks together.
  std::size_t rows_of(const StoredArray& stored) const {
    const NeighbourPath& samples = paths_.neighbours;
    return stored.begins == &samples.samples.offsets || stored.begins == &samples.label_begins ? samples_ : labels_;
  }

  /// The rows that the array of offsets is about; null: there are none.
  Result<std::shared_ptr<const RaggedRows>> rows_at(const StoredArray& begins) const {
    const bool there = files_.have(begins.kind, begins.index);
    if (said_ && said_->list(begins) != there) return misfit(begins);
    if (!there) return std::shared_ptr<const RaggedRows>();
    auto rows = RaggedRows::of(files_, begins.kind, begins.index, rows_of(begins));
    if (!rows) return misfit(begins);
    return std::make_shared<const RaggedRows>(std::move(*rows));
  }

  /// Whether another array of these rows is there; an error if it is not the same in all files.
  Result<bool> has(const StoredArray& stored, const RaggedRows* rows) const {
    const bool there = files_.have(stored.kind, stored.index);
    if (said_ && is_on_all_ranks(stored) && said_->list(stored) != there) return misfit(stored);
    if (!there) return false;
    const std::size_t bytes = element_bytes(stored);
    const bool fits =
        rows != nullptr && (stored.layout == Layout::per_row ? files_.fits(stored.kind, stored.index, rows->rows(), bytes)
                                                             : rows->fits(stored.kind, stored.index, bytes));
    if (!fits) return misfit(stored);
    return true;
  }

  /// Of a rank that reads the file that it wrote: whether it has what all have, and its share of the rows.
  std::optional<Error> check_own(const StoredArray& stored, const Reader& own, const RowOwners& owners) const {
    if (!said_ || !is_on_all_ranks(stored)) return std::nullopt;
    const bool offsets = stored.layout == Layout::begins;
    const std::size_t count = owners.count(rows_of(stored)), bytes = own.bytes(stored.kind, stored.index).size();
    const std::size_t numbers = bytes / element_bytes(stored);
    const bool fits = said_->list(stored) ? (offsets ? numbers != 0 && numbers - 1 == count : numbers == count) : bytes == 0;
    return fits ? std::nullopt : std::optional(misfit(stored));
  }

 private:
  Error misfit(const StoredArray& stored) const {
    return damaged(file_, fmt::format("section {}.{} does not have the rows that are to be in {}",
                                      static_cast<std::uint32_t>(stored.kind), stored.index, said_ ? "its shards" : "the file"));
  }

  const Reader& file_;
  const RowFiles& files_;
  const std::optional<ShardPaths>& said_;
  const RankedPaths& paths_;
  std::size_t labels_, samples_;
};

/// Calls visit(begins, rows) for each array of offsets, and visit(stored, rows) for each other one of its rows that is there.
template <class Visit>
std::optional<Error> for_each_array_of_rows(const std::vector<StoredArray>& arrays, const PathRows& from, const Visit& visit) {
  for (const StoredArray& begins : arrays) {
    if (begins.layout != Layout::begins) continue;
    const auto rows = from.rows_at(begins);
    if (!rows) return rows.error();
    if (*rows) visit(begins, *rows);
    for (const StoredArray& stored : arrays) {
      if (stored.begins != begins.begins || stored.layout == Layout::begins) continue;
      const auto there = from.has(stored, rows->get());
      if (!there) return there.error();
      if (*there) visit(stored, *rows);
    }
  }
  return std::nullopt;
}

/// Takes from all files the rows of `owners`.
class Gather {
 public:
  Gather(const RowFiles& files, const RowOwners& owners) : files_(files), owners_(owners) {}

  void operator()(const StoredArray& stored, const std::shared_ptr<const RaggedRows>& rows) const {
    if (stored.layout == Layout::begins) {
      *std::get<Array<std::uint64_t>*>(stored.array) = rows->begins_of(owners_);
      return;
    }
    const bool per_row = stored.layout == Layout::per_row;
    const std::size_t own = owners_.count(rows->rows()), count = per_row ? own : (*stored.begins)[own];
    if (count == 0) return;
    std::visit(
        [&](auto* array) {
          *array = std::decay_t<decltype(*array)>(count);
          auto* const out = reinterpret_cast<std::byte*>(array->data());
          if (per_row)
            files_.copy(stored.kind, stored.index, element_bytes(stored), owners_.rank, owners_.ranks, own, out);
          else
            rows->copy(stored.kind, stored.index, element_bytes(stored), owners_, out);
        },
        stored.array);
  }

 private:
  const RowFiles& files_;
  const RowOwners& owners_;
};

/// A section with the array's rows of all files, read when it is written.
Section merged(const RowFiles& files, const StoredArray& stored, const std::shared_ptr<const RaggedRows>& rows) {
  const SectionKind kind = stored.kind;
  const std::uint32_t index = stored.index;
  const std::size_t bytes = element_bytes(stored);
  Section whole{kind, index, {}};
  switch (stored.layout) {
    case Layout::begins:
      whole.read_bytes = (rows->rows() + 1) * bytes;
      whole.read = [rows](std::uint64_t offset, std::span<std::byte> out) { rows->copy_begin_bytes(offset, out); };
      break;
    case Layout::per_row:
      whole.read_bytes = rows->rows() * bytes;
      whole.read = [&files, kind, index, bytes](std::uint64_t offset, std::span<std::byte> out) {
        files.copy_bytes(kind, index, bytes, offset, out);
      };
      break;
    default:
      whole.read_bytes = rows->entries() * bytes;
      whole.read = [rows, kind, index, bytes](std::uint64_t offset, std::span<std::byte> out) {
        rows->copy_entry_bytes(kind, index, bytes, offset, out);
      };
  }
  return whole;
}

}  // namespace

void add_paths(RankedPaths& paths, PathArrays which, bool with_training_state, std::vector<Section>& sections) {
  for (const StoredArray& stored : arrays_of(paths, with_training_state)) {
    const bool of_rows = stored.layout != Layout::whole;
    if (which != PathArrays::all && of_rows != (which == PathArrays::of_rows)) continue;
    if (const auto bytes = bytes_of(stored); !bytes.empty()) sections.push_back({stored.kind, stored.index, bytes});
  }
}

void add_shard_paths(RankedPaths& paths, std::uint64_t samples, bool with_training_state, StateSections& out) {
  std::vector<std::uint64_t> numbers = {samples};
  for (const StoredArray& stored : arrays_of(paths, with_training_state)) {
    if (is_on_all_ranks(stored) && !bytes_of(stored).empty()) numbers.push_back(number_of(stored));
  }
  if (numbers.size() > 1) out.keep(SectionKind::shard_paths, 0, numbers);
}

std::optional<Error> read_paths(const Reader& file, const RowFiles& shards, bool training, std::size_t labels,
                                RankedPaths& paths) {
  const auto said = read_shard_paths(file, shards);
  if (!said) return said.error();
  const RowFiles in_file = RowFiles::whole(file, paths.owners);
  const RowFiles& files = *said ? shards : in_file;
  const PathRows rows(file, files, *said, paths, labels);
  const std::vector<StoredArray> arrays = arrays_of(paths, training);
  const Reader* const exact = files.exact();
  for (const StoredArray& stored : arrays) {
    const bool whole = stored.layout == Layout::whole;
    if (!whole && exact == nullptr) continue;
    std::optional<Error> error = whole ? std::nullopt : rows.check_own(stored, *exact, paths.owners);
    const Reader& from = whole ? file : *exact;
    if (!error) std::visit([&](auto* array) { error = take(from, stored.kind, stored.index, training, *array); }, stored.array);
    if (error) return error;
  }
  if (exact != nullptr) return std::nullopt;
  return for_each_array_of_rows(arrays, rows, Gather(files, paths.owners));
}

bool is_of_path_rows(SectionKind kind, std::uint32_t index) {
  RankedPaths paths;
  return std::ranges::any_of(paths.arrays(), [&](const StoredArray& stored) {
    return stored.layout != Layout::whole && stored.kind == kind && stored.index == index;
  });
}

Result<void> add_merged_paths(const Reader& file, const RowFiles& shards, bool with_training_state, std::size_t labels,
                              std::vector<Section>& sections) {
  const auto said = read_shard_paths(file, shards);
  if (!said) return said.error();
  if (!*said) return {};
  RankedPaths paths;
  const PathRows rows(file, shards, *said, paths, labels);
  const auto add = [&](const StoredArray& stored, const std::shared_ptr<const RaggedRows>& of) {
    Section whole = merged(shards, stored, of);
    if (whole.size() != 0) sections.push_back(std::move(whole));
  };
  if (auto error = for_each_array_of_rows(arrays_of(paths, with_training_state), rows, add)) return *error;
  return {};
}

}  // namespace glissade
