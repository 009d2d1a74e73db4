#include "engine/pruning/written_model.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "engine/pruning/other_sections.h"
#include "engine/pruning/scratch_file.h"
#include "system/temporary_file.h"

namespace glissade::pruning {

using model_file::Section;

namespace {

Result<void> write_sorted(std::vector<Section>& sections, const std::string& path) {
  std::ranges::sort(sections,
                    [](const Section& a, const Section& b) { return std::pair(a.kind, a.index) < std::pair(b.kind, b.index); });
  return model_file::write(path, sections);
}

/// Puts the model's in the place of the sections that say how paths are ranked.
void take_ranking(Model& model, std::vector<Section>& sections) {
  std::erase_if(sections, [](const Section& section) { return is_of_ranking(section.kind); });
  for (const StoredArray& array : impl_of(model).paths.arrays()) {
    if (!is_of_ranking(array.kind)) continue;
    const auto bytes = std::visit([](auto* numbers) { return numbers->as_bytes(); }, array.array);
    if (!bytes.empty()) sections.push_back({array.kind, array.index, bytes});
  }
}

}  // namespace

Result<std::vector<SectionSize>> write_model(std::vector<Section> sections, const std::string& path, const Pruner::Refit& refit) {
  std::optional<Model> model;  // whose arrays are written below
  if (refit) {
    const ScratchFile unfitted(system::temporary_name(path));
    if (auto written = write_sorted(sections, unfitted.path()); !written) return written.error();
    auto loaded = Model::load(unfitted.path());
    if (!loaded) return loaded.error();
    model.emplace(std::move(*loaded));
    if (auto done = refit(*model); !done) return done.error();
    take_ranking(*model, sections);
  }
  if (auto written = write_sorted(sections, path); !written) return written.error();
  std::vector<SectionSize> sizes;
  sizes.reserve(sections.size());
  for (const Section& section : sections) sizes.push_back({section.kind, section.index, section.size()});
  return sizes;
}

}  // namespace glissade::pruning
