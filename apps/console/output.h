#pragma once

#include <string_view>

#include <glissade/result.h>

namespace glissade::apps {

/// Writes to standard output and flushes, so that a reader at the other end of a pipe sees it at once. Fails if the device is
/// full or gone.
Result<void> put(std::string_view text);

/// Writes one line to standard error. Failures are ignored: a closed terminal must not end a training run.
void note(std::string_view line);

/// Writes "glissade: `message`" to standard error, always as one line.
void complain(std::string_view message);

}  // namespace glissade::apps
