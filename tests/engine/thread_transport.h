#pragma once

#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/result.h>

#include "engine/communication/transport.h"

namespace glissade::test {

/// What the value is, or an exception with the message. For what several ranks do at once: Catch2 asserts in one thread alone.
template <class T>
T got(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

/// Ranks that are threads of one process: what is sent lies in a box until it is taken.
class ThreadRanks {
 public:
  explicit ThreadRanks(int size) : size_(size) {}
  Communicator communicator(int rank) { return Communicator(std::make_unique<Side>(*this, rank)); }

  /// body(communicator) on every rank, each in a thread of its own, rank 0 in the caller's: that one may assert.
  template <class Body>
  void run(const Body& body) {
    std::vector<std::thread> threads;
    for (int rank = 1; rank < size_; ++rank) {
      threads.emplace_back([&, rank] {
        Communicator ranks = communicator(rank);
        body(ranks);
      });
    }
    {
      Communicator ranks = communicator(0);
      body(ranks);
    }
    for (std::thread& thread : threads) thread.join();
  }

 private:
  using Key = std::tuple<int, int, int>;  // from, to, tag
  using Bytes = std::vector<std::byte>;

  class Letters : public Transport::Messages {
   public:
    Letters(ThreadRanks& ranks, int rank, const Transport::Exchange& exchange, int tag) : ranks_(ranks), rank_(rank), tag_(tag) {
      const std::lock_guard lock(ranks_.mutex_);
      for (std::size_t peer = 0; peer < exchange.out.size(); ++peer) {
        const auto out = exchange.out[peer];
        if (!out.empty()) ranks_.boxes_[{rank, static_cast<int>(peer), tag}].emplace_back(out.begin(), out.end());
      }
      for (std::size_t peer = 0; peer < exchange.in.size(); ++peer) {
        if (!exchange.in[peer].empty()) missing_[static_cast<int>(peer)] = exchange.in[peer];
      }
    }
    bool is_over() override {
      const std::lock_guard lock(ranks_.mutex_);
      std::erase_if(missing_, [&](const auto& one) {
        const auto box = ranks_.boxes_.find({one.first, rank_, tag_});
        if (box == ranks_.boxes_.end()) return false;
        const Bytes& content = box->second.front();
        if (content.size() != one.second.size()) problem_ = "a message has another size than expected";
        if (!problem_) std::memcpy(one.second.data(), content.data(), content.size());
        box->second.erase(box->second.begin());
        if (box->second.empty()) ranks_.boxes_.erase(box);
        return true;
      });
      return missing_.empty();
    }
    std::optional<std::string> problem() const override { return problem_; }

   private:
    ThreadRanks& ranks_;
    int rank_, tag_;
    std::map<int, std::span<std::byte>> missing_;
    std::optional<std::string> problem_;
  };

  class Side : public Transport {
   public:
    Side(ThreadRanks& ranks, int rank) : ranks_(ranks), rank_(rank) {}
    int rank() const noexcept override { return rank_; }
    int size() const noexcept override { return ranks_.size_; }
    std::unique_ptr<Messages> start(const Exchange& exchange, int tag) override {
      return std::make_unique<Letters>(ranks_, rank_, exchange, tag);
    }
    void finish() noexcept override {}

   private:
    ThreadRanks& ranks_;
    int rank_;
  };

  int size_;
  std::mutex mutex_;
  std::map<Key, std::vector<Bytes>> boxes_;
};

}  // namespace glissade::test
