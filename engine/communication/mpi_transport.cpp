// The module libglissade_mpi.so: the one source that sees MPI. Everything in it but the two exported names is hidden.

#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/communication/transport.h"

namespace glissade {
namespace {

/// MPI counts in int; a longer message goes in pieces, which arrive in the order in which they were sent.
constexpr std::size_t kLongest = std::size_t{1} << 30;

/// Between machines a longer message waits until its receiver has asked for it, behind what that one is sending itself: of ranks
/// that send to each other some wait for others (measured: bench/RESULTS.md). So it goes in pieces that need no asking, which
/// Open MPI holds until they are sent. Messages of more than kMostHeld are too long to be held twice.
constexpr std::size_t kUnasked = 60'000, kMostHeld = std::size_t{1} << 24;

std::string words_for(int code) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) return "MPI error " + std::to_string(code);
  std::string words(text, static_cast<std::size_t>(length));
  std::ranges::replace(words, '\n', ' ');
  return words;
}

class MpiMessages : public Transport::Messages {
 public:
  MpiMessages(MPI_Comm ranks, int rank, const Transport::Exchange& exchange, int tag) {
    for (std::size_t peer = 0; peer < exchange.in.size(); ++peer) {
      const auto in = exchange.in[peer];
      const std::size_t most = longest_piece(in.size());
      for (std::size_t at = 0; at < in.size(); at += most)
        begin([&](MPI_Request* request) {
          return MPI_Irecv(in.data() + at, piece(in.size() - at, most), MPI_BYTE, static_cast<int>(peer), tag, ranks, request);
        });
    }
    // To the next rank first: if all began with the same one, its cable would be full and the others' empty.
    for (std::size_t turn = 1; turn < exchange.out.size(); ++turn) {
      const std::size_t peer = (static_cast<std::size_t>(rank) + turn) % exchange.out.size();
      const auto out = exchange.out[peer];
      const std::size_t most = longest_piece(out.size());
      for (std::size_t at = 0; at < out.size(); at += most)
        begin([&](MPI_Request* request) {
          return MPI_Isend(out.data() + at, piece(out.size() - at, most), MPI_BYTE, static_cast<int>(peer), tag, ranks, request);
        });
    }
  }
  MpiMessages(const MpiMessages&) = delete;
  MpiMessages& operator=(const MpiMessages&) = delete;

  bool is_over() override {
    if (over_) return true;
    int all = 0;
    note(MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &all, MPI_STATUSES_IGNORE));
    over_ = all != 0 || failed_ != MPI_SUCCESS;
    return over_;
  }

  std::optional<std::string> problem() const override {
    return failed_ == MPI_SUCCESS ? std::nullopt : std::optional(words_for(failed_));
  }

 private:
  static std::size_t longest_piece(std::size_t bytes) noexcept { return bytes > kMostHeld ? kLongest : kUnasked; }
  static int piece(std::size_t rest, std::size_t most) noexcept { return static_cast<int>(std::min(most, rest)); }
  template <class Begin>
  void begin(const Begin& call) {
    MPI_Request request = MPI_REQUEST_NULL;
    note(call(&request));
    requests_.push_back(request);
  }  // NOLINT(clang-analyzer-optin.mpi.MPI-Checker): is_over() waits for all requests
  void note(int code) noexcept {
    if (failed_ == MPI_SUCCESS) failed_ = code;
  }

  std::vector<MPI_Request> requests_;
  int failed_ = MPI_SUCCESS;
  bool over_ = false;
};

class MpiTransport : public Transport {
 public:
  explicit MpiTransport(MPI_Comm ranks) : ranks_(ranks) {
    MPI_Comm_rank(ranks_, &rank_);
    MPI_Comm_size(ranks_, &size_);
  }
  int rank() const noexcept override { return rank_; }
  int size() const noexcept override { return size_; }
  std::unique_ptr<Messages> start(const Exchange& exchange, int tag) override {
    return std::make_unique<MpiMessages>(ranks_, rank_, exchange, tag);
  }
  void finish() noexcept override {
    MPI_Comm_free(&ranks_);
    MPI_Finalize();
  }

 private:
  MPI_Comm ranks_;
  int rank_ = 0, size_ = 1;
};

Transport* open_mpi(int size, char* problem, std::size_t problem_bytes) {
  const auto refuse = [&](const std::string& why) -> Transport* {
    std::snprintf(problem, problem_bytes, "%s", why.c_str());
    return nullptr;
  };
  // Open MPI fetches a long message over TCP piece by piece, and asks for each behind what it is sending itself: of two ranks
  // that send to each other one waits for the other. Asked once, both send at the same time. What the user has set stays.
  setenv("OMPI_MCA_btl_tcp_flags", "send,inplace", 0);
  // Calls come from whatever thread of the trainer's arena is at work, one at a time.
  int provided = MPI_THREAD_SINGLE;
  if (const int code = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided); code != MPI_SUCCESS)
    return refuse("MPI does not start: " + words_for(code));
  if (provided < MPI_THREAD_SERIALIZED)
    return refuse("this MPI takes calls of its main thread only (MPI_THREAD_SERIALIZED is missing)");
  int started = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &started);
  if (size != 0 && started != size) {
    return refuse("its launcher says " + std::to_string(size) + " ranks and its library " + std::to_string(started) +
                  ": the module was built for another MPI than that of this mpirun");
  }
  MPI_Comm ranks = MPI_COMM_NULL;
  if (const int code = MPI_Comm_dup(MPI_COMM_WORLD, &ranks); code != MPI_SUCCESS) return refuse(words_for(code));
  MPI_Comm_set_errhandler(ranks, MPI_ERRORS_RETURN);
  return new MpiTransport(ranks);
}

}  // namespace
}  // namespace glissade

extern "C" {
__attribute__((visibility("default"))) extern const char glissade_transport_version[];
const char glissade_transport_version[] = GLISSADE_VERSION;

__attribute__((visibility("default"))) glissade::Transport* glissade_open_transport(int size, char* problem,
                                                                                    std::size_t problem_bytes) {
  try {
    return glissade::open_mpi(size, problem, problem_bytes);
  } catch (...) {
    std::snprintf(problem, problem_bytes, "out of memory");
    return nullptr;
  }
}
}
