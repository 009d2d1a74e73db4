#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <glissade/prune.h>

#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "engine/model/sections.h"
#include "engine/model_file/container.h"
#include "engine/model_file/layout.h"
#include "engine/packing/packed_sections.h"
#include "engine/pruning/fixed_order.h"
#include "engine/pruning/loss_curves.h"
#include "engine/pruning/other_sections.h"
#include "engine/pruning/packed_part.h"
#include "engine/pruning/scratch_file.h"
#include "engine/pruning/written_model.h"
#include "system/message.h"

namespace glissade {

using model_file::Reader;
using model_file::Section;
using model_file::SectionKind;
using pruning::PackedPart;
using pruning::SectionSize;

namespace {

std::uint64_t file_bytes(std::vector<SectionSize> sections) {
  std::ranges::sort(sections, {}, [](const SectionSize& one) { return std::pair(one.kind, one.index); });
  std::uint64_t end = model_file::head_bytes(sections.size());
  for (const SectionSize& section : sections) end = model_file::aligned(end) + section.bytes;
  return end;
}

PruneMix::Part part_at(std::size_t i) noexcept { return static_cast<PruneMix::Part>(i); }

}  // namespace

class Pruner::Impl {
 public:
  Impl(Model model, Reader file) : model_(std::move(model)), file_(std::move(file)) {
    std::vector<SectionSize> sizes;
    for (const Section& section : file_.sections()) {
      if (is_for_answers(section.kind)) sizes.push_back({section.kind, section.index, section.size()});
    }
    whole_bytes_ = file_bytes(std::move(sizes));
    for (std::size_t i = 0; i < PruneMix::kParts; ++i) {
      const auto part = pack(part_at(i), kFinest);
      for (const PackedPart::Packed& packed : part->sections) {
        if (packed.kind == SectionKind::packed_rows) rows_packed_.push_back(packed.index);
      }
      weights_[i] = pruning::weights_of(impl_of(model_), part_at(i));
    }
    for (const Section& section : file_.sections()) {
      if (is_packed_layer(section)) continue;
      if (auto other = pruning::other_section(section)) others_.push_back(std::move(*other));
    }
    add_state();
  }

  const Model& model() const noexcept { return model_; }
  std::uint64_t whole_bytes() const noexcept { return whole_bytes_; }
  std::uint64_t weights() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t some : weights_) all += some;
    return all;
  }

  Size size_of(const PruneMix& mix) {
    std::vector<SectionSize> sizes;
    Size size;
    for (std::size_t i = 0; i < PruneMix::kParts; ++i) {
      const PartSize part = part_size(part_at(i), mix.steps[i]);
      sizes.insert(sizes.end(), part.sections.begin(), part.sections.end());
      size.weights += part.weights;
    }
    for (const auto& other : others_) sizes.push_back({other.kind, other.index, other.bytes.size()});
    size.bytes = file_bytes(std::move(sizes));
    return size;
  }

  /// About the same, from sizes at steps half an octave apart, which are kept.
  Size estimate(const PruneMix& mix) {
    Size size;
    for (const auto& other : others_) size.bytes += other.bytes.size();
    for (std::size_t i = 0; i < PruneMix::kParts; ++i) {
      if (weights_[i] == 0) continue;
      size.bytes += static_cast<std::uint64_t>(part_bytes(i, mix.steps[i]));
      size.weights += static_cast<std::uint64_t>(between(i, mix.steps[i], [](const PartSize& at) { return at.weights; }));
    }
    return size;
  }

  Result<PruneCurves> measure(const std::string& scratch, const Score& score);

  Result<Size> write(const PruneMix& mix, const std::string& path, const Refit& refit) {
    std::vector<std::shared_ptr<const PackedPart>> parts;
    std::vector<Section> sections;
    Size size;
    for (std::size_t i = 0; i < PruneMix::kParts; ++i) {
      parts.push_back(pack(part_at(i), mix.steps[i]));
      for (const PackedPart::Packed& packed : parts.back()->sections) {
        sections.push_back({packed.kind, packed.index, packed.bytes});
        size.weights += packed.weights;
      }
    }
    for (const auto& other : others_) sections.push_back({other.kind, other.index, other.bytes});
    const auto sizes = pruning::write_model(std::move(sections), path, refit);
    if (!sizes) return sizes.error();
    size.bytes = file_bytes(*sizes);
    return size;
  }

  /// Keeps the parts packed so, for many mixes that differ from this one in one part. release() forgets them.
  void hold(const PruneMix& mix) {
    for (std::size_t i = 0; i < PruneMix::kParts; ++i) {
      held_[i] = pack(part_at(i), mix.steps[i]);
      held_steps_[i] = mix.steps[i];
    }
  }
  void release() noexcept { held_ = {}; }

  PruneMix fixed_mix(double level) const noexcept { return pruning::fixed_mix(weights_, level); }
  PruneMix least_loss(const PruneCurves& curves, double bytes) {
    for (const auto& other : others_) bytes -= static_cast<double>(other.bytes.size());
    return pruning::least_loss(curves, bytes, [this](std::size_t part, double step) { return part_bytes(part, step); });
  }

 private:
  /// What a part takes with a step; its bytes are made again when they are written.
  struct PartSize {
    std::vector<SectionSize> sections = {};
    std::uint64_t weights = 0;
    std::uint64_t bytes() const noexcept {
      std::uint64_t all = 0;
      for (const SectionSize& some : sections) all += some.bytes;
      return all;
    }
  };
  static constexpr double kFinest = 0.01;
  static constexpr std::size_t kKept = 1024;  ///< sizes

  std::shared_ptr<const PackedPart> pack(PruneMix::Part part, double step) const {
    if (held_[part] && held_steps_[part] == step) return held_[part];
    return std::make_shared<const PackedPart>(pruning::pack_part(impl_of(model_), part, step));
  }

  PartSize part_size(PruneMix::Part part, double step) {
    const std::pair key(static_cast<int>(part), step);
    const std::lock_guard lock(mutex_);
    if (const auto known = sizes_.find(key); known != sizes_.end()) return known->second;
    PartSize size;
    const auto made = pack(part, step);
    for (const PackedPart::Packed& packed : made->sections) {
      size.sections.push_back({packed.kind, packed.index, packed.bytes.size()});
      size.weights += packed.weights;
    }
    if (sizes_.size() >= kKept) sizes_.clear();
    sizes_[key] = size;
    return size;
  }

  /// Of a part, about, by its sizes at the two steps beside.
  template <class Of>
  double between(std::size_t part, double step, const Of& of) {
    const double at = 2 * std::log2(step), below = std::floor(at), share = at - below;
    const auto log_at = [&](double place) {
      return std::log2(static_cast<double>(of(part_size(part_at(part), std::exp2(place / 2)))) + 1);
    };
    return std::exp2((1 - share) * log_at(below) + share * log_at(below + 1));
  }
  double part_bytes(std::size_t part, double step) {
    return weights_[part] == 0 ? 0 : between(part, step, [](const PartSize& at) { return at.bytes(); });
  }

  bool is_packed_layer(const Section& section) const {
    const bool weights = section.kind == SectionKind::weights || section.kind == SectionKind::weights_high;
    return weights && std::ranges::find(rows_packed_, section.index) != rows_packed_.end();
  }

  void add_state() {
    ModelState state;
    const auto bytes = file_.bytes(SectionKind::state);
    std::memcpy(&state, bytes.data(), std::min(bytes.size(), sizeof state));
    state.has_training_state = 0;
    pruning::OtherSection own{SectionKind::state, 0, std::vector<std::byte>(sizeof state)};
    std::memcpy(own.bytes.data(), &state, sizeof state);
    others_.push_back(std::move(own));
  }

  Model model_;
  Reader file_;
  std::uint64_t whole_bytes_ = 0;
  std::array<std::uint64_t, PruneMix::kParts> weights_ = {};
  std::vector<std::uint32_t> rows_packed_;  ///< indices of the layers that are parts
  std::vector<pruning::OtherSection> others_;
  std::array<std::shared_ptr<const PackedPart>, PruneMix::kParts> held_;
  std::array<double, PruneMix::kParts> held_steps_ = {};
  std::mutex mutex_;
  std::map<std::pair<int, double>, PartSize> sizes_;
};

namespace {

constexpr int kFine = 6, kCoarse = 5;  ///< levels are 2^-kFine to 2^kCoarse

/// The least level at which `amount(level)`, which falls, is at most `wanted`.
template <class Amount>
double level_for(double wanted, const Amount& amount) {
  constexpr int kRounds = 20;
  double low = -kFine, high = kCoarse;
  if (amount(std::exp2(low)) <= wanted) return std::exp2(low);
  for (int round = 0; round < kRounds; ++round) {
    const double middle = (low + high) / 2;
    (amount(std::exp2(middle)) > wanted ? low : high) = middle;
  }
  return std::exp2(high);
}

Error out_of_memory() { return runtime_error("out of memory while a model was pruned; use a machine with more"); }

}  // namespace

Pruner::Pruner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pruner::Pruner(Pruner&&) noexcept = default;
Pruner& Pruner::operator=(Pruner&&) noexcept = default;
Pruner::~Pruner() = default;

Result<Pruner> Pruner::open(const std::string& path) {
  try {
    auto model = Model::load(path);
    if (!model) return model.error();
    auto file = Reader::open(path, [](SectionKind) { return false; });
    if (!file) return file.error();
    if (file->has(SectionKind::shard_files))
      return usage_error(fmt::format("{}: its rows lie in shards; make it one file with 'glissade convert --merge' first",
                                     system::quoted(path)));
    file = packing::unpacked(*file, std::max(model->shape().features, model->shape().labels));
    if (!file) return file.error();
    return Pruner(std::make_unique<Impl>(std::move(*model), std::move(*file)));
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

const Model& Pruner::model() const noexcept { return impl_->model(); }
std::uint64_t Pruner::whole_bytes() const noexcept { return impl_->whole_bytes(); }
std::uint64_t Pruner::weights() const noexcept { return impl_->weights(); }

Result<Pruner::Size> Pruner::size_of(const PruneMix& mix) const {
  try {
    return impl_->size_of(mix);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Result<PruneMix> Pruner::mix_for(const std::function<double(const Size&)>& amount, double wanted,
                                 const std::function<PruneMix(double)>& mix_at) const {
  constexpr double kNearly = 0.985, kAim = 0.995;
  constexpr int kTries = 6, kRounds = 12;
  try {
    double aim = kAim * wanted, most = 0;
    std::optional<PruneMix> best;
    for (int i = 0; i < kTries; ++i) {
      const double level = level_for(aim, [&](double at) { return amount(impl_->estimate(mix_at(at))); });
      const PruneMix mix = mix_at(level);
      const double there = amount(impl_->size_of(mix));
      if (there <= wanted && there > most) {
        best = mix;
        most = there;
      }
      const bool at_end = level <= std::exp2(-kFine) || level >= std::exp2(kCoarse);
      if (at_end || (there <= wanted && there >= kNearly * wanted)) break;
      aim *= kAim * wanted / there;
    }
    // Of a small model estimates are far off: by what a file takes indeed. Without any weight it is no model.
    double low = -kFine, high = kCoarse;
    for (int round = 0; round < kRounds && !best; ++round) {
      const double middle = (low + high) / 2;
      (amount(impl_->size_of(mix_at(std::exp2(middle)))) > wanted ? low : high) = middle;
      if (round + 1 == kRounds && high < kCoarse) best = mix_at(std::exp2(high));
    }
    if (best && impl_->size_of(*best).weights != 0) return *best;
    return usage_error(fmt::format("so small a model cannot be had: without any weight it takes {}; give a larger size",
                                   system::bytes_text(impl_->size_of(mix_at(std::exp2(kCoarse))).bytes)));
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Result<PruneMix> Pruner::mix_for_bytes(std::uint64_t bytes) const {
  return mix_for([](const Size& size) { return static_cast<double>(size.bytes); }, static_cast<double>(bytes),
                 [this](double level) { return impl_->fixed_mix(level); });
}

Result<PruneMix> Pruner::mix_for_bytes(std::uint64_t bytes, const PruneCurves& curves) const {
  try {
    // Then all steps together, as far as the sizes were estimated wrongly or no steps that were measured are so small.
    const PruneMix balanced = impl_->least_loss(curves, static_cast<double>(bytes));
    return mix_for([](const Size& size) { return static_cast<double>(size.bytes); }, static_cast<double>(bytes),
                   [&balanced](double level) {
                     PruneMix mix = balanced;
                     for (double& step : mix.steps) step *= level;
                     return mix;
                   });
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Result<PruneMix> Pruner::mix_for_weights(double share) const {
  const double wanted = share * static_cast<double>(weights());
  return mix_for([](const Size& size) { return static_cast<double>(size.weights); }, wanted,
                 [this](double level) { return impl_->fixed_mix(level); });
}

Result<Pruner::Size> Pruner::write(const PruneMix& mix, const std::string& path, const Refit& refit) const {
  try {
    return impl_->write(mix, path, refit);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Result<PruneCurves> Pruner::Impl::measure(const std::string& scratch, const Score& score) {
  const pruning::ScratchFile file(scratch);
  const auto score_of = [&](const PruneMix& mix) -> Result<double> {
    if (auto written = write(mix, file.path(), {}); !written) return written.error();
    auto model = Model::load(file.path());
    if (!model) return model.error();
    return score(*model);
  };
  PruneMix fine;
  fine.steps.fill(PruneCurves::kSteps.front());
  hold(fine);
  const auto before = score_of(fine);
  if (!before) return before.error();
  PruneCurves curves;
  for (std::size_t part = 0; part < PruneMix::kParts; ++part) {
    if (weights_[part] == 0) continue;
    for (std::size_t i = 1; i < PruneCurves::kSteps.size(); ++i) {
      PruneMix mix = fine;
      mix.steps[part] = PruneCurves::kSteps[i];
      const auto after = score_of(mix);
      if (!after) return after.error();
      curves.losses[part][i] = *before - *after;
    }
  }
  return curves;
}

Result<PruneCurves> Pruner::measure(const std::string& scratch, const Score& score) const {
  try {
    auto curves = impl_->measure(scratch, score);
    impl_->release();
    return curves;
  } catch (const std::bad_alloc&) {
    impl_->release();
    return out_of_memory();
  }
}

}  // namespace glissade
