#pragma once

#include <cstdint>
#include <string>

namespace glissade::apps {

/// 490449 -> "490,449".
std::string grouped(std::uint64_t n);

/// "0.42 s", "12.3 s", "3 min 05 s", "2 h 07 min".
std::string duration_text(double seconds);

/// A share in [0, 1] as a percentage with `digits` decimals: "12.34".
std::string percent(double share, int digits = 2);

}  // namespace glissade::apps
