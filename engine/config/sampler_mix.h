#pragma once

#include <string>
#include <string_view>

#include <glissade/config.h>
#include <glissade/result.h>

namespace glissade::config {

/// What sampler_mix() accepts, for messages and help.
inline constexpr std::string_view kMixRange =
    "lsh | lsh-topk | lsh-threshold | lsh-label | lsh-learned | in-batch | exact | uniform | frequency | full, or shares of a "
    "set such as "
    "lsh:0.25+frequency:0.5";

/// Reads "lsh" or "lsh:0.25+frequency:0.5": each part once, shares in (0, 1] that sum to at most 1. Usage error otherwise.
Result<SamplerMix> sampler_mix(std::string_view text);

/// The shortest text that sampler_mix() reads back as the same mix.
std::string mix_text(const SamplerMix& mix);

}  // namespace glissade::config
