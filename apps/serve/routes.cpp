#include "apps/serve/routes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "apps/serve/answers.h"
#include "apps/serve/description.h"
#include "apps/serve/pages.h"
#include "apps/serve/requests.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

using httplib::Request;
using httplib::Response;

constexpr const char* kJson = "application/json";

struct Route {
  const char* method;
  const char* path;
};
constexpr std::array<Route, 9> kRoutes = {{{"GET", "/"},
                                           {"GET", "/healthz"},
                                           {"GET", "/metrics"},
                                           {"GET", "/openapi.json"},
                                           {"GET", "/v1/labels"},
                                           {"POST", "/v1/predict"},
                                           {"POST", "/v1/score"},
                                           {"POST", "/v1/learn"},
                                           {"POST", "/v1/save"}}};

void fail(Response& response, int status, std::string_view message) {
  response.status = status;
  response.set_content(error_body(message), kJson);
  if (status == 429 || status == 503) response.set_header("Retry-After", "1");
}

/// Says why there is no answer, if there is none.
bool fails(Response& response, const Batcher::Answer& answer) {
  switch (answer.outcome) {
    case Batcher::Outcome::done: return false;
    case Batcher::Outcome::full: fail(response, 429, "too many requests wait; try again, or raise --queue"); return true;
    case Batcher::Outcome::late:
      fail(response, 503, "no answer within the time limit; ask for fewer rows at once, or raise --timeout");
      return true;
    case Batcher::Outcome::failed: fail(response, 400, answer.error); return true;
  }
  return true;
}

/// As long for texts that differ as for equal ones.
bool same_secret(std::string_view given, std::string_view secret) noexcept {
  unsigned char differs = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    differs |= static_cast<unsigned char>(given[i] ^ secret[secret.empty() ? 0 : i % secret.size()]);
  return differs == 0;
}

class Routes {
 public:
  explicit Routes(const Service& service) : service_(service) {}

  void predict(const std::string& body, Response& response) const {
    const ServedHandle model = service_.models.current();
    const auto request = read_predict(body, *model);
    if (!request) return fail(response, 400, request.error().message);
    if (request->explains) return explain(*model, *request, response);
    const auto answer = service_.batcher.predict(model, *request, deadline());
    if (fails(response, answer)) return;
    service_.metrics.add_rows(request->rows.size());
    service_.metrics.add_unknown(request->rows.unknown);
    response.set_content(predict_body(*model, *request, answer.best), kJson);
  }

  void score(const std::string& body, Response& response) const {
    const ServedHandle model = service_.models.current();
    const auto request = read_score(body, *model);
    if (!request) return fail(response, 400, request.error().message);
    const auto answer = service_.batcher.score(model, *request, deadline());
    if (fails(response, answer)) return;
    service_.metrics.add_rows(request->rows.size());
    service_.metrics.add_unknown(request->rows.unknown);
    response.set_content(score_body(*model, *request, answer.scores), kJson);
  }

  void labels(const Request& http, Response& response) const {
    std::uint32_t limit = 100;
    if (http.has_param("limit")) {
      const std::string text = http.get_param_value("limit");
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
      if (error != std::errc() || end != text.data() + text.size() || limit < 1 || limit > 10000)
        return fail(response, 400, fmt::format("limit is {}; it must be a whole number, 1 to 10000", system::quoted(text, 60)));
    }
    response.set_content(labels_body(*service_.models.current(), http.get_param_value("prefix"), limit), kJson);
  }

  void description(Response& response) const { response.set_content(description_for(*service_.models.current()), kJson); }

  void health(const HttpServer& server, Response& response) const {
    if (server.drains()) return fail(response, 503, "the server is about to end");
    const ServedHandle model = service_.models.current();
    const Shape shape = model->snapshot.shape();
    response.set_content(fmt::format("{{\"status\":\"ok\",\"version\":{},\"features\":{},\"labels\":{},\"learns\":{}}}\n",
                                     model->version, shape.features, shape.labels, service_.learning != nullptr),
                         kJson);
  }

  void metrics(const HttpServer& server, Response& response) const {
    const ServedHandle model = service_.models.current();
    std::string text = service_.metrics.text();
    const auto add = [&text](const char* name, const char* type, const char* help, auto value) {
      append_metric(text, name, type, help, static_cast<double>(value));
    };
    add("model_version", "gauge", "Of the model that answers.", model->version);
    add("model_age_seconds", "gauge", "Since that version answers.", service_.models.age_seconds());
    add("model_bytes", "gauge", "Memory of the model, mapped files included.", model->snapshot.memory());
    add("model_labels", "gauge", "Labels of the model.", model->snapshot.shape().labels);
    add("model_reloads_total", "counter", "Times that a new model file was read.", service_.models.reloads());
    add("model_failed_reloads_total", "counter", "New model files that could not be read.", service_.models.failed_reloads());
    add("connections", "gauge", "Open connections.", server.connections());
    add("queue_requests", "gauge", "Requests that wait.", service_.batcher.waiting());
    add("batches_total", "counter", "Times that waiting rows were answered at once.", service_.batcher.batches());
    add("batched_rows_total", "counter", "Rows of these.", service_.batcher.rows());
    if (service_.learning != nullptr) service_.learning->append_metrics(text);
    response.set_content(text, "text/plain; version=0.0.4");
  }

  void learn(const Request& http, const std::string& body, Response& response) const {
    if (!may_write(http, response)) return;
    const ServedHandle model = service_.models.current();
    auto request = read_learn(body, *model);
    if (!request) return fail(response, 400, request.error().message);
    const auto done = service_.learning->learn(std::move(*request), deadline());
    if (done.status != 200) return fail(response, done.status, done.error);
    service_.metrics.add_unknown(done.unknown);
    response.set_content(fmt::format("{{\"learned\":{},\"new_labels\":{},\"new_words\":{},\"unknown\":{},\"synced\":true}}\n",
                                     done.events, done.new_labels, done.new_words, done.unknown),
                         kJson);
  }

  void save(const Request& http, Response& response) const {
    if (!may_write(http, response)) return;
    const auto done = service_.learning->save();
    if (done.status != 200) return fail(response, done.status, done.error);
    response.set_content(fmt::format("{{\"saved\":true,\"events\":{}}}\n", done.events), kJson);
  }

 private:
  /// One request at a time: it may cost as much as a thousand others.
  void explain(const ServedModel& model, const PredictRequest& request, Response& response) const {
    const auto end = deadline();
    const std::unique_lock turn(*explaining_, end);
    std::vector<std::vector<LabelReasons>> reasons;
    for (std::size_t row = 0; row < request.rows.size(); ++row) {
      if (!turn || Batcher::Clock::now() >= end)
        return fail(response, 503, "no answer within the time limit; explain fewer rows at once, or raise --timeout");
      ExplainOptions options;
      options.k = request.k;
      options.filter = request.filter ? &*request.filter : nullptr;
      if (request.exclude_seen) {
        options.excluded = request.rows.seen_view();
        options.excluded.offsets = options.excluded.offsets.subspan(row, 2);
      }
      auto found = model.snapshot.explain(request.rows.inputs().piece(row, 1), options);
      if (!found) return fail(response, 400, found.error().message);
      reasons.push_back(std::move(*found));
    }
    service_.metrics.add_rows(request.rows.size());
    service_.metrics.add_unknown(request.rows.unknown);
    response.set_content(explain_body(model, request, reasons), kJson);
  }

  Batcher::Clock::time_point deadline() const { return HttpServer::request_begin() + service_.timeout; }

  bool may_write(const Request& http, Response& response) const {
    if (service_.learning == nullptr) {
      fail(response, 403, "this server does not learn; start it with --learn");
      return false;
    }
    if (service_.token.empty()) return true;
    const std::string given = http.get_header_value("Authorization");
    constexpr std::string_view kScheme = "Bearer ";
    if (given.starts_with(kScheme) && same_secret(std::string_view(given).substr(kScheme.size()), service_.token)) return true;
    fail(response, 401, "this needs the header 'Authorization: Bearer TOKEN', with the token of --token-file");
    response.set_header("WWW-Authenticate", "Bearer");
    return false;
  }

  Service service_;
  std::shared_ptr<std::timed_mutex> explaining_ = std::make_shared<std::timed_mutex>();
};

/// The body of a request, whatever its Content-Type says: curl calls it a form unless told otherwise, and of forms the library
/// takes 8 KiB. False where it could not be read; the response then has a status.
bool read_body(const Request& request, Response& response, const httplib::ContentReader& read, std::string& body) {
  // The library would wait for the connection's end.
  if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) return true;
  if (request.is_multipart_form_data()) {
    fail(response, 415, "the body is a form of several parts; send JSON");
    return false;
  }
  const bool whole = read([&](const char* bytes, std::size_t size) {
    body.append(bytes, size);
    return true;
  });
  if (!whole) HttpServer::end_after_answer();
  return whole;
}

/// Makes a POST answer by answer(request, body, response).
template <class Answer>
void post(HttpServer& server, const char* path, const Answer& answer) {
  server.Post(path, [answer](const Request& request, Response& response, const httplib::ContentReader& read) {
    std::string body;
    if (read_body(request, response, read, body)) answer(request, body, response);
  });
}

/// What the library itself refuses.
void explain_refusal(const Request& request, Response& response) {
  if (!response.body.empty()) return;
  if (HttpServer::request_is_late())
    return fail(response, 408, "the request did not arrive within the time limit; send it faster, or raise --timeout");
  const auto known = std::ranges::find(kRoutes, std::string_view(request.path), &Route::path);
  // The library calls TRACE and CONNECT wrong whatever they ask for.
  if ((response.status == 404 || response.status == 400) && known != kRoutes.end() && request.method != known->method) {
    response.set_header("Allow", known->method);
    return fail(response, 405, fmt::format("{} takes {} alone", request.path, known->method));
  }
  switch (response.status) {
    case 404:
      return fail(response, 404,
                  fmt::format("there is no {}; GET /openapi.json lists what there is", system::quoted(request.path, 60)));
    case 413: return fail(response, 413, "the body is too large; send fewer rows at once, or raise --max-body");
    default:
      HttpServer::end_after_answer();
      return fail(response, response.status, "this is no HTTP request that can be answered");
  }
}

}  // namespace

void add_routes(HttpServer& server, const Service& service) {
  const Routes routes(service);
  server.Get("/", [](const Request&, Response& response) {
    response.set_content(kTryPage.data(), kTryPage.size(), "text/html; charset=utf-8");
  });
  server.Get("/openapi.json", [routes](const Request&, Response& response) { routes.description(response); });
  server.Get("/healthz", [routes, &server](const Request&, Response& response) { routes.health(server, response); });
  server.Get("/metrics", [routes, &server](const Request&, Response& response) { routes.metrics(server, response); });
  server.Get("/v1/labels", [routes](const Request& request, Response& response) { routes.labels(request, response); });
  post(server, "/v1/predict",
       [routes](const Request&, const std::string& body, Response& response) { routes.predict(body, response); });
  post(server, "/v1/score",
       [routes](const Request&, const std::string& body, Response& response) { routes.score(body, response); });
  post(server, "/v1/learn",
       [routes](const Request& request, const std::string& body, Response& response) { routes.learn(request, body, response); });
  post(server, "/v1/save",
       [routes](const Request& request, const std::string&, Response& response) { routes.save(request, response); });
  server.set_error_handler(httplib::Server::Handler(explain_refusal));
  server.set_exception_handler([](const Request&, Response& response, std::exception_ptr problem) {
    try {
      std::rethrow_exception(std::move(problem));
    } catch (const std::bad_alloc&) {
      fail(response, 503, "out of memory; ask for fewer rows at once");
    } catch (const std::exception& error) {
      fail(response, 500, error.what());
    }
  });
  server.set_logger([&metrics = service.metrics](const Request& request, const Response& response) {
    const bool known = std::ranges::any_of(kRoutes, [&](const Route& route) { return request.path == route.path; });
    metrics.answered(known ? request.path : "other", response.status,
                     std::chrono::duration<double>(HttpServer::Clock::now() - HttpServer::request_begin()).count());
  });
}

}  // namespace glissade::apps
