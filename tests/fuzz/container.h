#pragma once

#include <string>
#include <string_view>

namespace glissade::fuzz {

/// A model file with right checksums from a short form, so that what is made up reaches what lies behind them: per section a byte
/// for its kind, one for its index (of packed bytes: for what they stand for), two for its length (little-endian), and its bytes.
/// A last section that is cut short is taken as far as it goes.
std::string container_of(std::string_view short_form);

/// The same bytes with the checksums that they should have, where header and table make sense enough to have any.
std::string with_checksums(std::string_view bytes);

}  // namespace glissade::fuzz
