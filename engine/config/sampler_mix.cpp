#include "engine/config/sampler_mix.h"

#include <algorithm>
#include <vector>

#include "engine/config/names.h"
#include "engine/config/text.h"

namespace glissade::config {
namespace {

constexpr double kRounding = 1e-9;  // shares such as 0.1 are not exact: ten of them make a little more than 1

Error mix_error(std::string_view text, const std::string& problem) {
  return usage_error("option 'sampler': " + quoted(text) + " " + problem + "; allowed: " + std::string(kMixRange));
}

Result<SamplerMix::Part> read_part(std::string_view whole, std::string_view text) {
  SamplerMix::Part part{SamplerKind::uniform, SamplerMix::kUsual};
  const std::size_t colon = text.find(':');
  const std::string_view name = trimmed(text.substr(0, colon));
  if (!parse_name(name, part.kind)) {
    return mix_error(whole, name == trimmed(whole) ? "is unknown" : "has the unknown part " + quoted(name));
  }
  if (colon == std::string_view::npos) return part;
  if (parse_number(trimmed(text.substr(colon + 1)), part.share) != NumberStatus::ok || !(part.share > 0) || part.share > 1) {
    return mix_error(whole, "has a share of " + quoted(text.substr(colon + 1)) + ", it must be above 0 and at most 1");
  }
  return part;
}

}  // namespace

Result<SamplerMix> sampler_mix(std::string_view text) {
  std::vector<SamplerMix::Part> parts;
  double sum = 0;
  for (std::string_view rest = text;;) {
    const std::size_t plus = std::min(rest.find('+'), rest.size());
    const auto part = read_part(text, rest.substr(0, plus));
    if (!part) return part.error();
    if (std::ranges::any_of(parts, [&](const auto& other) { return other.kind == part->kind; }))
      return mix_error(text, "names " + quoted(name_of(part->kind)) + " twice");
    parts.push_back(*part);
    sum += part->share;
    if (plus == rest.size()) break;
    rest.remove_prefix(plus + 1);
  }
  const bool several = parts.size() > 1;
  for (const auto& part : parts) {
    if (several && part.share == SamplerMix::kUsual)
      return mix_error(text, "leaves the share of " + quoted(name_of(part.kind)) + " open");
    if (part.kind == SamplerKind::full && (several || part.share != SamplerMix::kUsual))
      return mix_error(text, "gives 'full' a share, it takes every label");
  }
  if (sum > 1 + kRounding) return mix_error(text, "has shares that sum to more than 1");
  return SamplerMix(std::move(parts));
}

std::string mix_text(const SamplerMix& mix) {
  std::string out;
  for (const auto& part : mix.parts) {
    if (!out.empty()) out += '+';
    out += name_of(part.kind);
    if (part.share != SamplerMix::kUsual) out.append(":").append(number_text(part.share));
  }
  return out;
}

}  // namespace glissade::config
