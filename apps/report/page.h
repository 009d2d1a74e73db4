#pragma once

#include <string_view>

namespace glissade::apps {

/// The report's page, before and after the JSON of its runs. Made by embed.py from page.html, page.css and page.js.
extern const std::string_view kPageBefore;
extern const std::string_view kPageAfter;

}  // namespace glissade::apps
