// Asks a model for the best labels of one row after the other: in this process, and over HTTP by so many connections at once.
// Each connection sends its next request when it has the answer to the last one. Prints a JSON object for each.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <httplib.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/snapshot.h>

#include "datasets/dataset.h"
#include "datasets/read.h"

namespace glissade {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& message) {
  fmt::print(stderr, "serve_load: {}\n", message);
  std::exit(1);
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

struct Figures {
  std::vector<double> seconds;  ///< of each request
  std::uint64_t failed = 0;
};

void print(const char* what, std::size_t clients, double wall, std::vector<Figures>& all) {
  std::vector<double> times;
  std::uint64_t failed = 0;
  for (const Figures& one : all) {
    times.insert(times.end(), one.seconds.begin(), one.seconds.end());
    failed += one.failed;
  }
  if (times.empty()) fail("no request was answered");
  std::sort(times.begin(), times.end());
  const auto quantile = [&](double share) {
    return 1e3 * times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  fmt::print("{}\n", nlohmann::ordered_json{{"what", what},
                                            {"clients", clients},
                                            {"requests_per_s", static_cast<double>(times.size()) / wall},
                                            {"p50_ms", quantile(0.5)},
                                            {"p99_ms", quantile(0.99)},
                                            {"failed", failed}}
                         .dump());
  std::fflush(stdout);
}

/// Lets `clients` threads ask for so long: ask(client, row) is whether it was answered.
template <class Ask>
void measure(const char* what, std::size_t clients, double duration, std::size_t rows, const Ask& ask) {
  std::vector<Figures> all(clients);
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (std::size_t client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      auto asker = ask();
      for (std::size_t i = client * 7919; seconds_since(begin) < duration; ++i) {
        const auto start = Clock::now();
        if (asker(i % rows)) {
          all[client].seconds.push_back(seconds_since(start));
        } else {
          ++all[client].failed;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  print(what, clients, seconds_since(begin), all);
}

std::string body_of(const SparseRows& rows, std::size_t row, std::uint32_t k) {
  nlohmann::json input;
  input["ids"] = std::vector<std::uint32_t>(rows.row_ids(row).begin(), rows.row_ids(row).end());
  const auto values = rows.row_values(row);
  if (!values.empty()) input["values"] = std::vector<float>(values.begin(), values.end());
  return nlohmann::json{{"k", k}, {"input", input}}.dump();
}

int run(int argc, char** argv) {
  CLI::App app;
  std::string model, data;
  int port = 0;
  double seconds = 5;
  std::uint32_t k = 5;
  std::vector<std::size_t> connections = {1, 8, 64};
  app.add_option("--model", model)->required();
  app.add_option("--data", data)->required();
  app.add_option("--port", port)->required();
  app.add_option("--seconds", seconds);
  app.add_option("--k", k);
  app.add_option("--connections", connections)->delimiter(',');
  CLI11_PARSE(app, argc, argv);

  const auto read = datasets::read_dataset(data);
  if (!read) fail(read.error().message);
  const SparseRows rows = read->view().features;
  const std::size_t count = std::min<std::size_t>(rows.rows(), 2000);
  std::vector<std::string> bodies;
  for (std::size_t row = 0; row < count; ++row) bodies.push_back(body_of(rows, row, k));

  {
    const auto snapshot = Snapshot::load(model);
    if (!snapshot) fail(snapshot.error().message);
    const auto ask_here = [&] {
      return [&, workspace = Workspace(), best = Predictions()](std::size_t row) mutable {
        const SparseRows one{rows.offsets.subspan(row, 2), rows.ids, rows.values};
        Query query;
        query.k = k;
        query.probabilities = true;
        return snapshot->top_k(one, query, workspace, best).ok();
      };
    };
    measure("in process", 1, seconds, count, ask_here);
    measure("in process", std::max(1u, std::thread::hardware_concurrency()), seconds, count, ask_here);
  }
  for (const std::size_t clients : connections) {
    measure("HTTP", clients, seconds, count, [&] {
      auto client = std::make_unique<httplib::Client>("127.0.0.1", port);
      client->set_keep_alive(true);
      client->set_tcp_nodelay(true);
      return [&bodies, client = std::move(client)](std::size_t row) {
        const auto answer = client->Post("/v1/predict", bodies[row], "application/json");
        const bool good = answer && answer->status == 200;
        if (!good) fmt::print(stderr, "serve_load: {}\n", answer ? answer->body : httplib::to_string(answer.error()));
        return good;
      };
    });
  }
  return 0;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) { return glissade::run(argc, argv); }
