#include "datasets/learned_events.h"

#include <algorithm>
#include <cstring>

#include <glissade/config.h>

namespace glissade::datasets {
namespace {

constexpr std::uint64_t kEventsVersion = 1;
constexpr std::uint64_t kVersionWithFeatures = 2;  ///< names of features before those of labels
constexpr std::uint64_t kVersionWithVectors = 3;   ///< likewise, and vectors at the end

template <class T>
void put_array(std::string& bytes, const std::vector<T>& array) {
  const std::uint64_t size = array.size();
  bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
  bytes.append(reinterpret_cast<const char*>(array.data()), size * sizeof(T));
}

/// Takes from the front of bytes that nobody vouches for.
class EventBytes {
 public:
  explicit EventBytes(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    if (bytes_.size() < sizeof value) {
      good_ = false;
      return 0;
    }
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  template <class T>
  void array(std::vector<T>& out) {
    const std::string_view raw = piece(number(), sizeof(T));
    out.resize(raw.size() / sizeof(T));
    if (!raw.empty()) std::memcpy(out.data(), raw.data(), raw.size());
  }
  void names(std::vector<std::string>& out) {
    for (std::uint64_t left = number(); left > 0 && good(); --left) out.emplace_back(piece(number(), 1));
  }
  std::string_view piece(std::uint64_t count, std::size_t width) {
    if (!good_ || count > bytes_.size() / width) {
      good_ = false;
      return {};
    }
    const std::string_view out = bytes_.substr(0, count * width);
    bytes_.remove_prefix(out.size());
    return out;
  }
  bool good() const noexcept { return good_; }
  bool at_end() const noexcept { return good_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

bool are_offsets(const std::vector<std::uint64_t>& offsets, std::size_t entries) {
  return !offsets.empty() && offsets.front() == 0 && offsets.back() == entries && std::ranges::is_sorted(offsets);
}

}  // namespace

std::string to_bytes(const LearnedEvents& events) {
  std::string bytes;
  const auto put_number = [&](std::uint64_t number) { bytes.append(reinterpret_cast<const char*>(&number), sizeof number); };
  const auto put_names = [&](const std::vector<std::string>& names) {
    put_number(names.size());
    for (const std::string& name : names) put_array(bytes, std::vector<char>(name.begin(), name.end()));
  };
  const std::uint64_t version = events.vector_width != 0      ? kVersionWithVectors
                                : events.new_features.empty() ? kEventsVersion
                                                              : kVersionWithFeatures;
  put_number(version);
  if (version != kEventsVersion) put_names(events.new_features);
  put_names(events.new_labels);
  put_array(bytes, events.feature_offsets);
  put_array(bytes, events.feature_ids);
  put_array(bytes, events.feature_values);
  put_array(bytes, events.label_offsets);
  put_array(bytes, events.label_ids);
  if (version != kVersionWithVectors) return bytes;
  put_number(events.vector_width);
  put_array(bytes, events.vectors);
  return bytes;
}

Result<LearnedEvents> learned_events(std::string_view bytes) {
  EventBytes in(bytes);
  LearnedEvents events;
  const std::uint64_t version = in.number();
  if (version < kEventsVersion || version > kVersionWithVectors)
    return runtime_error("these events were written by another version of glissade; use that one");
  if (version != kEventsVersion) in.names(events.new_features);
  in.names(events.new_labels);
  in.array(events.feature_offsets);
  in.array(events.feature_ids);
  in.array(events.feature_values);
  in.array(events.label_offsets);
  in.array(events.label_ids);
  std::uint64_t width = 0;
  if (version == kVersionWithVectors) {
    width = in.number();
    in.array(events.vectors);
  }
  if (!in.at_end() || !are_offsets(events.feature_offsets, events.feature_ids.size()) ||
      events.feature_values.size() != events.feature_ids.size() || !are_offsets(events.label_offsets, events.label_ids.size()) ||
      events.label_offsets.size() != events.feature_offsets.size() || width > kMostVectorWidth ||
      (version == kVersionWithVectors) != (width != 0) || events.vectors.size() != events.size() * width)
    return runtime_error("these bytes are no events: sizes do not fit together");
  events.vector_width = static_cast<std::uint32_t>(width);
  return events;
}

}  // namespace glissade::datasets
