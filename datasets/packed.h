#pragma once

#include <glissade/result.h>

#include <string>
#include <string_view>

#include "datasets/unpacked.h"

namespace glissade::datasets {

/// How one text is packed as a whole.
enum class Packing { none, gzip, zstd, bzip2, xz };

/// Told by the first bytes.
Packing packing_of(std::string_view bytes) noexcept;

/// Unpacks all members or frames, joined. Fails on damage and truncation, on anything but zero bytes behind the last of them, and
/// when the text would not fit in the available memory. `path` is for messages.
Result<void> unpack(Packing packing, std::string_view bytes, const std::string& path, Unpacked& output);

}  // namespace glissade::datasets
