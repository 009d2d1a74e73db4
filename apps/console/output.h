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

/// For a process that is one of several ranks: from now on note() and complain() print nothing, so that a run speaks with the one
/// voice of rank 0.
void speak_for_rank(int rank) noexcept;

/// The line of an error that ends the process. A rank other than 0 lets rank 0 say it first, which may have failed likewise: then
/// the launcher ends this process meanwhile.
void complain_at_end(std::string_view message);

}  // namespace glissade::apps
