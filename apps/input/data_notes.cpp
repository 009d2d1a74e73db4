#include "apps/input/data_notes.h"

#include <algorithm>

#include <fmt/format.h>

namespace glissade::apps {

std::string data_notes(datasets::Format format, datasets::IdBase base) {
  return fmt::format("format {}\nid-base {}\n", format == datasets::Format::libsvm ? "libsvm" : "xmc",
                     base == datasets::IdBase::zero ? "zero" : "one");
}

std::string_view notes_value(std::string_view notes, std::string_view name) {
  while (!notes.empty()) {
    const std::string_view line = notes.substr(0, notes.find('\n'));
    if (line.starts_with(name) && line.substr(name.size()).starts_with(' ')) return line.substr(name.size() + 1);
    notes.remove_prefix(std::min(line.size() + 1, notes.size()));
  }
  return {};
}

KnownBase known_base(const Model& model, const std::string& path) {
  for (const datasets::IdBase base : {datasets::IdBase::zero, datasets::IdBase::one}) {
    // Lines that later versions may add do not matter.
    if (model.data_notes().starts_with(data_notes(datasets::Format::libsvm, base))) return {base, path, false};
  }
  return {datasets::IdBase::detect, path, true};
}

}  // namespace glissade::apps
