#pragma once

#include <string_view>

namespace glissade::apps {

/// The page to try a model on, and the description of all routes (OpenAPI 3). Made by embed.py from page.html and openapi.json.
extern const std::string_view kTryPage;
extern const std::string_view kOpenApi;

}  // namespace glissade::apps
