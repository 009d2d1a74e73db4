#pragma once

namespace glissade::apps {

/// From now on an access to a mapped file that is not there any more (SIGBUS) ends the process with status 1 and one line that
/// names the file: somebody cut it short or wrote over it in place, or its disk failed. Every command maps the files that it
/// reads; nothing else can be done about it once that has happened.
void explain_lost_mappings() noexcept;

}  // namespace glissade::apps
