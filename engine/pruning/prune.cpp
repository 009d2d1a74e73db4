#include <glissade/prune.h>

#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "engine/packing/packed_sections.h"
#include "engine/pruning/packed_model.h"

namespace glissade {

Result<std::uint64_t> prune(const std::string& from, const std::string& to, const PruneMix& mix) {
  const auto model = Model::load(from);
  if (!model) return model.error();
  auto file = model_file::Reader::open(from, [](model_file::SectionKind) { return false; });
  if (!file) return file.error();
  file = packing::unpacked(*file, std::max(model->shape().features, model->shape().labels));
  if (!file) return file.error();
  const pruning::PackedModel packed(impl_of(*model), *file, mix);
  if (auto written = packed.write(to); !written) return written.error();
  return packed.file_bytes();
}

}  // namespace glissade
