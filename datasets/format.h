#pragma once

#include <cstdint>

namespace glissade::datasets {

enum class Format { xmc, libsvm };

/// The id of the first feature in a libsvm file. `detect`: 0 if any id of the file is 0, else 1. A file of a pair whose first
/// feature happens to be absent needs to be told.
enum class IdBase { detect, zero, one };

/// What a reader changed or skipped, as other tools of the field do. Counts are of the whole file.
struct ReadChanges {
  std::uint64_t duplicate_features = 0;  ///< entries whose value was added to an earlier one of the same id in the row
  std::uint64_t duplicate_labels = 0;    ///< names of a label that the row has already
  std::uint64_t comments = 0;            ///< from '#' to the end of the line; a line of nothing else is no sample
  std::uint64_t qids = 0;                ///< 'qid:N' of ranking data
  std::uint64_t byte_order_marks = 0;    ///< 0 or 1, of UTF-8

  bool any() const noexcept { return alters_rows() || comments + byte_order_marks > 0; }
  /// Whether the rows hold something else than the file says word for word.
  bool alters_rows() const noexcept { return duplicate_features + duplicate_labels + qids > 0; }
  ReadChanges& operator+=(const ReadChanges& other) noexcept {
    duplicate_features += other.duplicate_features;
    duplicate_labels += other.duplicate_labels;
    comments += other.comments;
    qids += other.qids;
    byte_order_marks += other.byte_order_marks;
    return *this;
  }
  friend bool operator==(const ReadChanges&, const ReadChanges&) = default;
};

/// What reading found out beside the rows. The binary cache keeps it.
struct ReadFacts {
  IdBase id_base = IdBase::zero;  ///< as read, never `detect`; XMC counts from zero
  ReadChanges changes;
};

}  // namespace glissade::datasets
