#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
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
#include "engine/pruning/other_sections.h"
#include "engine/pruning/packed_part.h"
#include "system/message.h"

namespace glissade {

using model_file::Reader;
using model_file::Section;
using model_file::SectionKind;
using pruning::PackedPart;

namespace {

std::uint64_t file_bytes(std::size_t sections, std::span<const std::uint64_t> sizes) noexcept {
  std::uint64_t end = model_file::head_bytes(sections);
  for (const std::uint64_t size : sizes) end = model_file::aligned(end) + size;
  return end;
}

PruneMix::Part part_at(std::size_t i) noexcept { return static_cast<PruneMix::Part>(i); }

}  // namespace

class Pruner::Impl {
 public:
  Impl(Model model, Reader file) : model_(std::move(model)), file_(std::move(file)) {
    std::vector<std::uint64_t> sizes;
    for (const Section& section : file_.sections()) {
      if (is_for_answers(section.kind)) sizes.push_back(section.size());
    }
    whole_bytes_ = file_bytes(sizes.size(), sizes);
    for (std::size_t i = 0; i < PruneMix::kParts; ++i) {
      const PackedPart part = pack(part_at(i), kFinest);
      for (const PackedPart::Packed& packed : part.sections) {
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
  const std::array<std::uint64_t, PruneMix::kParts>& weights_by_part() const noexcept { return weights_; }

  Size size_of(const PruneMix& mix) {
    std::vector<std::uint64_t> sizes;
    Size size;
    for (std::size_t i = 0; i < PruneMix::kParts; ++i) {
      const PartSize part = part_size(part_at(i), mix.steps[i]);
      sizes.insert(sizes.end(), part.sections.begin(), part.sections.end());
      size.weights += part.weights;
    }
    for (const auto& other : others_) sizes.push_back(other.bytes.size());
    size.bytes = file_bytes(sizes.size(), sizes);
    return size;
  }

  Result<Size> write(const PruneMix& mix, const std::string& path) {
    std::vector<PackedPart> parts;
    std::vector<Section> sections;
    Size size;
    for (std::size_t i = 0; i < PruneMix::kParts; ++i) {
      parts.push_back(pack(part_at(i), mix.steps[i]));
      for (const PackedPart::Packed& packed : parts.back().sections) {
        sections.push_back({packed.kind, packed.index, packed.bytes});
        size.weights += packed.weights;
      }
    }
    for (const auto& other : others_) sections.push_back({other.kind, other.index, other.bytes});
    std::ranges::sort(sections, [](const Section& a, const Section& b) { return std::pair(a.kind, a.index) < std::pair(b.kind, b.index); });
    if (auto written = model_file::write(path, sections); !written) return written.error();
    std::vector<std::uint64_t> sizes;
    for (const Section& section : sections) sizes.push_back(section.size());
    size.bytes = file_bytes(sizes.size(), sizes);
    return size;
  }

  PruneMix fixed_mix(double level, const std::array<double, PruneMix::kParts>& ratios) const noexcept {
    return pruning::fixed_mix(weights_, level, ratios);
  }

 private:
  /// What a part takes with a step; its bytes are made again when they are written.
  struct PartSize {
    std::vector<std::uint64_t> sections;
    std::uint64_t weights = 0;
  };
  static constexpr double kFinest = 0.01;
  static constexpr std::size_t kKept = 64;  ///< sizes

  PackedPart pack(PruneMix::Part part, double step) const { return pruning::pack_part(impl_of(model_), part, step); }

  PartSize part_size(PruneMix::Part part, double step) {
    const std::pair key(static_cast<int>(part), step);
    const std::lock_guard lock(mutex_);
    if (const auto known = sizes_.find(key); known != sizes_.end()) return known->second;
    PartSize size;
    for (const PackedPart::Packed& packed : pack(part, step).sections) {
      size.sections.push_back(packed.bytes.size());
      size.weights += packed.weights;
    }
    if (sizes_.size() >= kKept) sizes_.clear();
    sizes_[key] = size;
    return size;
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
  std::mutex mutex_;
  std::map<std::pair<int, double>, PartSize> sizes_;
};

namespace {

/// The level in (2^-kFine, 2^kCoarse) at which `amount(level)`, which falls, is at most `wanted` and nearly that. `coarsest`: of
/// 2^kCoarse. None if even that is more.
constexpr int kFine = 6, kCoarse = 5, kRounds = 14;
constexpr double kNearly = 0.99;

template <class Amount>
std::optional<double> level_for(double wanted, const Amount& amount) {
  double low = -kFine, high = kCoarse;
  if (amount(std::exp2(high)) > wanted) return std::nullopt;
  if (amount(std::exp2(low)) <= wanted) return std::exp2(low);
  for (int round = 0; round < kRounds; ++round) {
    const double middle = (low + high) / 2, there = amount(std::exp2(middle));
    (there > wanted ? low : high) = middle;
    if (there <= wanted && there >= kNearly * wanted) break;
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

Result<PruneMix> Pruner::mix_for_bytes(std::uint64_t bytes, const std::array<double, PruneMix::kParts>& ratios) const {
  try {
    const auto amount = [&](double level) { return static_cast<double>(impl_->size_of(impl_->fixed_mix(level, ratios)).bytes); };
    const auto level = level_for(static_cast<double>(bytes), amount);
    if (level) return impl_->fixed_mix(*level, ratios);
    const auto least = static_cast<std::uint64_t>(amount(std::exp2(kCoarse)));
    return usage_error(fmt::format("a model of {} cannot be had: without any weight it takes {}; give a larger size",
                                   system::bytes_text(bytes), system::bytes_text(least)));
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Result<PruneMix> Pruner::mix_for_weights(double share) const {
  try {
    const double wanted = share * static_cast<double>(weights());
    const auto amount = [&](double level) {
      return static_cast<double>(impl_->size_of(impl_->fixed_mix(level, kAlike)).weights);
    };
    const auto level = level_for(wanted, amount);
    return impl_->fixed_mix(level.value_or(std::exp2(kCoarse)), kAlike);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Result<Pruner::Size> Pruner::write(const PruneMix& mix, const std::string& path) const {
  try {
    return impl_->write(mix, path);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

namespace {

/// The file of a trial, which goes when it does.
class Scratch {
 public:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace

Result<PruneMix> Pruner::choose(std::uint64_t bytes, const std::string& scratch, const Score& score) const {
  constexpr double kStride = 1.6;
  constexpr int kPasses = 2;
  const Scratch file(scratch);
  std::array<double, PruneMix::kParts> ratios = kAlike;
  const auto score_of = [&](const std::array<double, PruneMix::kParts>& tried, PruneMix& mix) -> Result<double> {
    const auto found = mix_for_bytes(bytes, tried);
    if (!found) return found.error();
    mix = *found;
    if (auto written = write(mix, file.path()); !written) return written.error();
    const auto model = Model::load(file.path());
    if (!model) return model.error();
    return score(*model);
  };
  PruneMix best;
  auto reached = score_of(ratios, best);
  if (!reached) return reached.error();
  for (int pass = 0; pass < kPasses; ++pass) {
    bool any = false;
    for (std::size_t part = 0; part < PruneMix::kParts; ++part) {
      if (impl_->weights_by_part()[part] == 0) continue;
      for (const double stride : {kStride, 1 / kStride}) {
        auto tried = ratios;
        tried[part] *= stride;
        PruneMix mix;
        const auto there = score_of(tried, mix);
        if (!there) return there.error();
        if (*there <= *reached) continue;
        reached = there;
        ratios = tried;
        best = mix;
        any = true;
        break;
      }
    }
    if (!any) break;
  }
  return best;
}

}  // namespace glissade
