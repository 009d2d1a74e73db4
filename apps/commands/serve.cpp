#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/answers/answering_ranks.h"
#include "apps/commands/command.h"
#include "apps/config/idle_rules.h"
#include "apps/config/number_option.h"
#include "apps/config/threads.h"
#include "apps/console/interrupt.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/serve/batcher.h"
#include "apps/serve/http_server.h"
#include "apps/serve/learning.h"
#include "apps/serve/metrics.h"
#include "apps/serve/model_holder.h"
#include "apps/serve/routes.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

using std::chrono::milliseconds;

/// More lanes would only share the threads that each of them can use alone.
constexpr std::uint32_t kMostLanes = 4;

struct ServeChoice {
  bool learns = false;
};
bool does_not_learn(const ServeChoice& choice) { return !choice.learns; }
constexpr std::string_view kNothingLearned = "nothing is learned without --learn";
constexpr std::array kIdleInServe = {
    IdleRule<ServeChoice>{"--token-file", [](const ServeChoice& choice) { return !choice.learns; },
                          "nobody may write without --learn, and reading needs no token"},
    IdleRule<ServeChoice>{"--learn-rate", does_not_learn, kNothingLearned},
    IdleRule<ServeChoice>{"--refit", does_not_learn, kNothingLearned},
    IdleRule<ServeChoice>{"--keep-events", does_not_learn, kNothingLearned},
    IdleRule<ServeChoice>{"--new-words", does_not_learn, kNothingLearned},
};

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

class Serve : public Command {
 public:
  const char* name() const noexcept override { return "serve"; }
  const char* summary() const noexcept override { return "Answer over HTTP, and learn from events if asked to"; }

  void add_options(CLI::App& parser) override {
    parser.add_option("--model", model_, "Model file. A new one that is put in its place is read within a second or two.")
        ->type_name("FILE");
    parser.add_option("--host", host_, "Address to listen on. Default 127.0.0.1: this machine alone.")->type_name("ADDRESS");
    add_number(parser, "--port", port_, {0, 65535}, "Port to listen on; 0: any that is free. Default 8080.")->type_name("N");
    threads_.add_options(parser);
    parser.add_flag(
        "--learn", learns_,
        "Learn from events that POST /v1/learn brings. They are kept in MODEL.events and are learned again at the next "
        "start, until POST /v1/save has put them into the model file.");
    parser
        .add_option("--token-file", token_file_,
                    "File with a secret in its first line: requests that write must have the header 'Authorization: Bearer "
                    "SECRET'. --learn on any address but this machine's own needs it.")
        ->type_name("FILE");
    add_number(parser, "--learn-rate", learning_.rate, {0, 1000},
               "With --learn: learning rate of the hidden layers; 0: a tenth of the model's. Default 0.")
        ->type_name("N");
    add_number(
        parser, "--refit", learning_.refit, {0, 1000000},
        "With --learn: fit the ranker again, after each 4000 events, on the last N of them, as they were answered before they "
        "were learned. Good for a stream that moves; bad where it shows a part of the subjects only. A few thousand; 0: never. "
        "Default 0.")
        ->type_name("N");
    add_number(
        parser, "--keep-events", learning_.keep_events, {0, 1000000000},
        "With --learn: the newest N events stay neighbours of what is asked; 0: all, and memory grows with each. Default 250000.")
        ->type_name("N");
    add_number(
        parser, "--new-words", learning_.new_words, {0, 1000000},
        "With --learn, of a model of texts: a word that the model does not know becomes a feature with the Nth event that has "
        "it; 0: never. At most half as many as the model has features do, or 10000. Default 1.")
        ->type_name("N");
    add_number(parser, "--queue", queue_, {1, 1000000},
               "Requests that may wait; a further one is answered 429 at once. Default 256.")
        ->type_name("N");
    add_number(parser, "--connections", connections_, {1, 10000}, "Open connections; a further one is answered 503. Default 256.")
        ->type_name("N");
    add_number(parser, "--max-body", max_body_, {1, 1u << 30},
               "Bytes of a request's body; a larger one is answered 413. Default "
               "8388608.")
        ->type_name("BYTES");
    add_number(parser, "--timeout", timeout_, {1, 3600000},
               "Milliseconds for a request: to arrive, and to be answered, else 503. Default 10000.")
        ->type_name("MS");
    parser_ = &parser;
  }

  Result<int> run() override {
    if (model_.empty()) return usage_error("serve needs --model FILE");
    if (auto ok = check_file_name("--model", model_); !ok) return ok.error();
    const auto limit = threads_.limit();
    if (!limit) return limit.error();
    if (learns_ && token_file_.empty() && !is_loopback(host_))
      return usage_error(fmt::format("--learn on {} needs --token-file: anybody there could change the model", host_));
    warn_of_idle(*parser_, ServeChoice{learns_}, kIdleInServe);
    const auto token = read_token();
    if (!token) return token.error();
    ignore_broken_pipes();
    InterruptGuard interrupts(true);
    InterruptGuard::nothing_to_save_while("reading the model");
    auto ranks = AnsweringRanks::join();
    if (!ranks) return ranks.error();
    is_among_ranks_ = !ranks->are_alone();
    if (is_among_ranks_) return serve_among(*ranks);
    return learns_ ? serve_learning(*token) : serve_reading();
  }

 private:
  Result<std::string> read_token() const {
    if (token_file_.empty() || !learns_) return std::string();
    std::ifstream file(token_file_);
    std::string token;
    std::getline(file, token);
    if (token.ends_with('\r')) token.pop_back();
    if (token.empty())
      return runtime_error(fmt::format("--token-file: {} cannot be read, or its first line is empty; put a secret there",
                                       datasets::quoted(token_file_)));
    return token;
  }

  /// The model lies in several processes, of which this one is asked, if it is the first.
  Result<int> serve_among(AnsweringRanks& ranks) {
    if (learns_) return usage_error("--learn needs all rows in one process; start it without mpirun");
    const auto mark = FileMark::of(model_);
    auto loaded = ranks.load(model_);
    if (!loaded) return loaded.error();
    const auto model = std::make_shared<Model>(std::move(*loaded));
    if (ranks.follows()) return ranks.follow(*model);
    const AnsweringRanks::Lead lead(ranks, *model);
    auto served = serve_model(model, 1);
    if (!served) return served.error();
    ModelHolder models(model_, mark, std::move(*served));
    return serve(models, nullptr, "");
  }

  Result<int> serve_reading() {
    if (std::error_code error; std::filesystem::exists(Learning::journal_of(model_), error))
      complain(fmt::format("warning: {} holds events that the model may lack; --learn learns them",
                           datasets::quoted(Learning::journal_of(model_))));
    const auto mark = FileMark::of(model_);
    auto model = load_served(model_, 1);
    if (!model) return model.error();
    ModelHolder models(model_, mark, std::move(*model));
    return serve(models, nullptr, "");
  }

  Result<int> serve_learning(const std::string& token) {
    learning_.queue = queue_;
    auto learning = Learning::open(model_, learning_);
    if (!learning) return learning.error();
    ModelHolder models(model_, (*learning)->mark(), (*learning)->first());
    (*learning)->start(models);
    auto status = serve(models, learning->get(), token);
    learning->reset();  // before what it puts models into
    return status;
  }

  Result<int> serve(ModelHolder& models, Learning* learning, const std::string& token) {
    Metrics metrics;
    Batcher batcher({.lanes = std::clamp(allowed_threads(), 1u, kMostLanes), .queue = queue_});
    HttpServer server({.connections = connections_, .request = milliseconds(timeout_)});
    server.set_payload_max_length(max_body_);
    add_routes(server, {.models = models,
                        .batcher = batcher,
                        .metrics = metrics,
                        .learning = learning,
                        .token = token,
                        .timeout = milliseconds(timeout_)});
    const auto port = server.open(host_, static_cast<std::uint16_t>(port_));
    if (!port) return port.error();
    InterruptGuard::keep_what_is_trained();
    std::thread http([&server] { server.run(); });
    const Shape shape = models.current()->snapshot.shape();
    note(fmt::format("serving {} ({} features, {} labels{}) on http://{}:{}", datasets::quoted(model_), shape.features,
                     shape.labels, learning != nullptr ? ", learning" : "",
                     host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]", *port));
    watch(models, is_among_ranks_ ? "a server of several processes" : learning != nullptr ? "a server that learns" : nullptr);
    note(fmt::format("{}: answering what has begun, then ending", signal_name(InterruptGuard::signal())));
    server.drain();
    http.join();
    return 0;
  }

  /// Until a signal comes. `keeps`: whose model stays when its file is replaced; null: it is read again.
  static void watch(ModelHolder& models, const char* keeps) {
    using Clock = std::chrono::steady_clock;
    for (auto look = Clock::now(); InterruptGuard::signal() == 0; std::this_thread::sleep_for(milliseconds(20))) {
      if (Clock::now() < look) continue;
      look = Clock::now() + std::chrono::seconds(1);
      if (keeps == nullptr) {
        models.reload_if_replaced();
      } else if (models.replaced()) {
        complain(fmt::format("warning: {} was replaced, and {} does not read it again; end it, and start it anew",
                             datasets::quoted(models.path()), keeps));
      }
    }
  }

  const CLI::App* parser_ = nullptr;
  std::string model_;
  std::string host_ = "127.0.0.1";
  std::string token_file_;
  std::uint32_t port_ = 8080;
  std::uint32_t queue_ = 256;
  std::uint32_t connections_ = 256;
  std::uint32_t max_body_ = 8u << 20;
  std::uint32_t timeout_ = 10000;
  bool learns_ = false;
  bool is_among_ranks_ = false;
  Learning::Options learning_;
  ThreadsOption threads_;
};

}  // namespace

std::unique_ptr<Command> make_serve() { return std::make_unique<Serve>(); }

}  // namespace glissade::apps
