#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "apps/serve/batcher.h"
#include "apps/serve/http_server.h"
#include "apps/serve/learning.h"
#include "apps/serve/metrics.h"
#include "apps/serve/model_holder.h"

namespace glissade::apps {

/// All that answers need. What it refers to must outlive the server.
struct Service {
  ModelHolder& models;
  Batcher& batcher;
  Metrics& metrics;
  Learning* learning = nullptr;  ///< null: the model never changes
  std::string token = {};        ///< that writers have to show; "": none
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
};

/// Makes `server` answer: the routes are listed in openapi.json.
void add_routes(HttpServer& server, const Service& service);

}  // namespace glissade::apps
