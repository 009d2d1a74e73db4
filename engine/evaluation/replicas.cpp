#include <glissade/replicas.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "engine/evaluation/row_message.h"

namespace glissade {

/// What rank 0 asks; `k` 0: nothing any more.
struct Replicas::Question {
  std::uint64_t k, search, probabilities, first_row, rows;

  /// The first row of a rank's share; of `size` itself the end.
  std::size_t begin(int rank, int size) const noexcept {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(rank) / static_cast<std::size_t>(size);
  }
  std::size_t count(int rank, int size) const noexcept { return begin(rank + 1, size) - begin(rank, size); }
};

namespace {

/// What a rank answers, before its labels and scores; of an error the message's begin in their place.
struct AnswerHead {
  std::uint64_t candidates = 0, fallbacks = 0, has_error = 0, is_usage_error = 0, error_bytes = 0;
};
constexpr std::size_t kErrorBytes = 512;  ///< room for a message, also where there are few rows

std::size_t answer_bytes(std::size_t rows, std::size_t k) noexcept {
  return sizeof(AnswerHead) + std::max(kErrorBytes, rows * k * (sizeof(std::uint32_t) + sizeof(float)));
}

std::vector<std::byte> answer_of(const Result<Predictions>& predictions, std::size_t rows, std::size_t k) {
  std::vector<std::byte> bytes(answer_bytes(rows, k));
  AnswerHead head;
  std::byte* const body = bytes.data() + sizeof head;
  if (predictions) {
    head.candidates = predictions->candidates;
    head.fallbacks = predictions->fallbacks;
    std::memcpy(body, predictions->labels.data(), rows * k * sizeof(std::uint32_t));
    std::memcpy(body + rows * k * sizeof(std::uint32_t), predictions->scores.data(), rows * k * sizeof(float));
  } else {
    const std::string& message = predictions.error().message;
    head.has_error = 1;
    head.error_bytes = std::min(message.size(), kErrorBytes);
    head.is_usage_error = predictions.error().kind == Error::Kind::usage ? 1 : 0;
    std::memcpy(body, message.data(), head.error_bytes);
  }
  std::memcpy(bytes.data(), &head, sizeof head);
  return bytes;
}

/// Adds the answer of another rank behind those of lower ones.
std::optional<Error> add(std::span<const std::byte> answer, std::size_t rows, std::size_t first, Predictions& all) {
  AnswerHead head;
  std::memcpy(&head, answer.data(), sizeof head);
  const std::byte* const body = answer.data() + sizeof head;
  if (head.has_error != 0) {
    const std::string message(reinterpret_cast<const char*>(body), head.error_bytes);
    return head.is_usage_error != 0 ? usage_error(message) : runtime_error(message);
  }
  const std::size_t k = all.k;
  std::memcpy(all.labels.data() + first * k, body, rows * k * sizeof(std::uint32_t));
  std::memcpy(all.scores.data() + first * k, body + rows * k * sizeof(std::uint32_t), rows * k * sizeof(float));
  all.candidates += head.candidates;
  all.fallbacks += head.fallbacks;
  return std::nullopt;
}

}  // namespace

Result<Predictions> Replicas::predict(const Model& model, const InputRows& inputs, const PredictOptions& options) {
  if (options.excluded.rows() != 0 || options.filter != nullptr)
    return usage_error("ranks that answer together know no excluded labels and no filter; ask one process");
  if (ranks_.is_alone() || options.k == 0 || inputs.rows() == 0) return model.predict(inputs, options);
  Question question{options.k, static_cast<std::uint64_t>(options.search), options.probabilities ? 1u : 0u, options.first_row,
                    inputs.rows()};
  if (auto told = ranks_.broadcast(std::as_writable_bytes(std::span(&question, 1)), 0); !told) return told.error();
  const auto ranks = static_cast<std::size_t>(size());
  std::vector<std::vector<std::byte>> messages(ranks), answers(ranks);
  std::vector<std::uint64_t> sizes(ranks);
  std::vector<std::span<const std::byte>> out(ranks);
  std::vector<std::span<std::byte>> in(ranks);
  for (int rank = 1; rank < size(); ++rank) {
    const auto at = static_cast<std::size_t>(rank);
    messages[at] = message_of(inputs.piece(question.begin(rank, size()), question.count(rank, size())));
    sizes[at] = messages[at].size();
    out[at] = messages[at];
    answers[at].resize(answer_bytes(question.count(rank, size()), options.k));
  }
  if (auto told = ranks_.broadcast(std::as_writable_bytes(std::span(sizes)), 0); !told) return told.error();
  if (auto sent = ranks_.all_to_all_v(out, in); !sent) return sent.error();

  const std::size_t own = question.count(0, size());
  Result<Predictions> all = model.predict(inputs.piece(0, own), options);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    out[rank] = {};
    in[rank] = answers[rank];
  }
  if (auto heard = ranks_.all_to_all_v(out, in); !heard) return heard.error();
  if (!all) return all.error();
  all->labels.resize(inputs.rows() * options.k);
  all->scores.resize(inputs.rows() * options.k);
  for (int rank = 1; rank < size(); ++rank) {
    const std::size_t first = question.begin(rank, size());
    if (auto error = add(answers[static_cast<std::size_t>(rank)], question.count(rank, size()), first, *all)) return *error;
  }
  return all;
}

Result<void> Replicas::end() {
  Question none{};
  return ranks_.broadcast(std::as_writable_bytes(std::span(&none, 1)), 0);
}

Result<void> Replicas::serve(const Model& model) {
  for (;;) {
    Question question{};
    if (auto told = ranks_.broadcast(std::as_writable_bytes(std::span(&question, 1)), 0); !told) return told;
    if (question.k == 0) return {};
    if (auto done = answer(model, question); !done) return done;
  }
}

Result<void> Replicas::answer(const Model& model, const Question& question) {
  const auto ranks = static_cast<std::size_t>(size()), self = static_cast<std::size_t>(ranks_.rank());
  std::vector<std::uint64_t> sizes(ranks);
  if (auto told = ranks_.broadcast(std::as_writable_bytes(std::span(sizes)), 0); !told) return told;
  std::vector<std::byte> message(sizes[self]);
  std::vector<std::span<const std::byte>> out(ranks);
  std::vector<std::span<std::byte>> in(ranks);
  in[0] = message;
  if (auto heard = ranks_.all_to_all_v(out, in); !heard) return heard;
  const MessageRows rows(message);
  PredictOptions options;
  options.k = static_cast<std::uint32_t>(question.k);
  options.search = static_cast<Search>(question.search);
  options.probabilities = question.probabilities != 0;
  options.first_row = question.first_row + question.begin(ranks_.rank(), size());
  const std::vector<std::byte> answer = answer_of(model.predict(rows.view(), options), rows.view().rows(), options.k);
  in[0] = {};
  out[0] = answer;
  return ranks_.all_to_all_v(out, in);
}

}  // namespace glissade
