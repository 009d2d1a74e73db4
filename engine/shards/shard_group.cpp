#include "engine/shards/shard_group.h"

#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/losses/loss.h"

namespace glissade {
namespace {

constexpr float kNone = -std::numeric_limits<float>::infinity();

/// A loss in the low bits of a number, and whether sums are wanted.
std::int64_t packed(LossKind loss, bool with_sums) noexcept { return static_cast<std::int64_t>(loss) * 2 + (with_sums ? 1 : 0); }

}  // namespace

/// What one rank has found: of each sample the best of its labels, and of the probabilities of all of them the sum.
struct ShardGroup::Found {
  std::size_t k = 0;
  std::vector<std::uint32_t> labels;
  std::vector<float> scores;
  std::vector<double> sums;      ///< of the normaliser the logarithm, or of sigmoids
  std::uint64_t not_finite = 0;  ///< the first sample whose scores are not; none: their number

  Found() = default;
  Found(std::size_t samples, std::size_t list, bool with_sums)
      : k(list),
        labels(samples * list, Predictions::kNoLabel),
        scores(samples * list, kNone),
        sums(with_sums ? samples : 0),
        not_finite(samples) {}

  /// Calls use(bytes) for each array.
  template <class Use>
  Result<void> for_each_array(const Use& use) {
    if (auto done = use(std::as_writable_bytes(std::span(labels))); !done) return done;
    if (auto done = use(std::as_writable_bytes(std::span(scores))); !done) return done;
    if (auto done = use(std::as_writable_bytes(std::span(sums))); !done) return done;
    return use(std::as_writable_bytes(std::span(&not_finite, 1)));
  }
};

/// Bytes of one rank to another: nothing else travels.
Result<void> ShardGroup::send(int from, int to, std::span<std::byte> bytes) {
  std::vector<std::span<const std::byte>> out(static_cast<std::size_t>(ranks_.size()));
  std::vector<std::span<std::byte>> in(static_cast<std::size_t>(ranks_.size()));
  if (ranks_.rank() == from) out[static_cast<std::size_t>(to)] = bytes;
  if (ranks_.rank() == to) in[static_cast<std::size_t>(from)] = bytes;
  return ranks_.all_to_all_v(out, in);
}

Result<void> ShardGroup::broadcast(std::span<std::byte> bytes) { return ranks_.broadcast(bytes, 0); }

Result<void> ShardGroup::ask(Request request) { return broadcast(std::as_writable_bytes(std::span(&request, 1))); }

Result<ShardGroup::Request> ShardGroup::next() {
  Request request;
  if (auto told = broadcast(std::as_writable_bytes(std::span(&request, 1))); !told) return told.error();
  return request;
}

Result<void> ShardGroup::tell(const Model::Told& what) {
  const std::lock_guard lock(mutex_);
  return ask({Kind::told, what.code, what.value, 0});
}

Result<void> ShardGroup::begin_save(const std::string& path, bool with_training_state) {
  std::string copy = path;
  if (auto asked = ask({Kind::save, static_cast<std::int64_t>(path.size()), with_training_state ? 1 : 0, 0}); !asked)
    return asked;
  return broadcast(std::as_writable_bytes(std::span(copy)));
}

Result<std::string> ShardGroup::path_of(const Request& request) {
  std::string path(static_cast<std::size_t>(request.a), '\0');
  if (auto told = broadcast(std::as_writable_bytes(std::span(path))); !told) return told.error();
  return path;
}

/// The rows that rank 0 asks about: a copy, as what is broadcast is written to.
Result<void> ShardGroup::send_rows(const SparseRows& x) {
  const std::uint64_t first = x.offsets.front();
  offsets_.clear();
  for (const std::uint64_t offset : x.offsets) offsets_.push_back(offset - first);
  const std::size_t count = offsets_.back();
  const auto ids = x.ids.subspan(first, count);
  const auto values = x.values.empty() ? x.values : x.values.subspan(first, count);
  ids_.assign(ids.begin(), ids.end());
  values_.assign(values.begin(), values.end());
  if (auto sent = broadcast(std::as_writable_bytes(std::span(offsets_))); !sent) return sent;
  if (auto sent = broadcast(std::as_writable_bytes(std::span(ids_))); !sent) return sent;
  return broadcast(std::as_writable_bytes(std::span(values_)));
}

Result<void> ShardGroup::receive_rows(std::int64_t rows, std::int64_t count, bool with_values, SparseRows& x) {
  offsets_.resize(static_cast<std::size_t>(rows) + 1);
  ids_.resize(static_cast<std::size_t>(count));
  values_.resize(with_values ? ids_.size() : 0);
  if (auto told = broadcast(std::as_writable_bytes(std::span(offsets_))); !told) return told;
  if (auto told = broadcast(std::as_writable_bytes(std::span(ids_))); !told) return told;
  if (auto told = broadcast(std::as_writable_bytes(std::span(values_))); !told) return told;
  x = {offsets_, ids_, values_};
  return {};
}

Result<bool> ShardGroup::forward(const BatchInputs& x, std::vector<Activations>& hidden) {
  const std::lock_guard lock(mutex_);
  const SparseRows& rows = x.features;
  const auto count = static_cast<std::int64_t>(rows.offsets.back() - rows.offsets.front());
  if (auto asked = ask({Kind::forward, static_cast<std::int64_t>(rows.rows()), count, 0}); !asked) return asked.error();
  if (auto sent = send_rows(rows); !sent) return sent.error();
  // Isolated: a thread that waits in here must not take up another query, which would wait for this one.
  bool ok = true;
  tbb::this_task_arena::isolate([&] { ok = network_.forward(x, {}, hidden, nullptr, &inputs_); });
  if (rows_.error()) return *rows_.error();
  return ok;
}

Result<void> ShardGroup::help_forward(const Request& request) {
  SparseRows x;
  if (auto told = receive_rows(request.a, request.b, true, x); !told) return told;
  hidden_.resize(x.rows(), network_.input.rows.width(), network_.output.storage() != Storage::fp32);
  network_.input.forward_without_bias(inputs_.own(x), hidden_);
  inputs_.add_up(hidden_);
  return rows_.error() ? Result<void>(*rows_.error()) : Result<void>();
}

Result<void> ShardGroup::share(Activations& hidden) {
  const std::size_t size = hidden.samples * hidden.stride;
  if (auto told = broadcast(std::as_writable_bytes(std::span(hidden.values.data(), size))); !told) return told;
  if (!hidden.rounded) return {};
  return broadcast(std::as_writable_bytes(std::span(hidden.halves.data(), size)));
}

ShardGroup::Found ShardGroup::search_own(const Activations& hidden, std::size_t k, LossKind loss, bool with_sums) const {
  Found found(hidden.samples, k, with_sums);
  Predictions best;
  best.k = static_cast<std::uint32_t>(k);
  std::swap(best.labels, found.labels);
  std::swap(best.scores, found.scores);
  SearchSums sums;
  FirstSample not_finite;
  search_exact(network_.output, hidden, {best, 0, loss, false, nullptr, &not_finite, with_sums ? &sums : nullptr});
  const RowOwners own = owners();
  for (std::uint32_t& label : best.labels) {
    if (label != Predictions::kNoLabel) label = own.row_at(label);
  }
  std::swap(best.labels, found.labels);
  std::swap(best.scores, found.scores);
  for (std::size_t i = 0; i < found.sums.size(); ++i)
    found.sums[i] = is_softmax(loss) ? static_cast<double>(sums.log_sums[i]) : sums.likely[i];
  if (not_finite.sample() != FirstSample::kNone) found.not_finite = not_finite.sample();
  return found;
}

namespace {

/// The k best of the lists of all ranks, equal scores by the lower label.
struct ListMerge {
  std::vector<std::pair<float, std::uint32_t>> entries;

  void add(const std::uint32_t* labels, const float* scores, std::size_t k) {
    for (std::size_t i = 0; i < k && labels[i] != Predictions::kNoLabel; ++i) entries.emplace_back(scores[i], labels[i]);
  }
  void finish(std::uint32_t* labels, float* scores, std::size_t k) {
    const std::size_t count = std::min(k, entries.size());
    std::partial_sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count), entries.end(),
                      [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
    for (std::size_t i = 0; i < count; ++i) {
      scores[i] = entries[i].first;
      labels[i] = entries[i].second;
    }
    entries.clear();
  }
};

}  // namespace

Result<void> ShardGroup::search(const Activations& hidden, const SearchTarget& target) {
  const std::lock_guard lock(mutex_);
  const std::size_t samples = hidden.samples, k = target.out.k;
  const bool with_sums = target.sums != nullptr || (target.probabilities && is_softmax(target.loss));
  if (auto asked =
          ask({Kind::search, static_cast<std::int64_t>(samples), static_cast<std::int64_t>(k), packed(target.loss, with_sums)});
      !asked)
    return asked;
  // What is broadcast is not changed where it comes from.
  if (auto told = share(const_cast<Activations&>(hidden)); !told) return told;
  std::vector<Found> found;
  tbb::this_task_arena::isolate([&] { found.push_back(search_own(hidden, k, target.loss, with_sums)); });
  for (int rank = 1; rank < ranks_.size(); ++rank) {
    Found& other = found.emplace_back(samples, k, with_sums);
    if (auto got = other.for_each_array([&](std::span<std::byte> bytes) { return send(rank, 0, bytes); }); !got) return got;
  }
  if (target.scored != nullptr) target.scored->assign(samples, labels_);
  if (target.sums != nullptr) {
    target.sums->log_sums.assign(samples, kNone);
    target.sums->likely.assign(samples, 0);
  }
  ListMerge merge;
  for (std::size_t s = 0; s < samples; ++s) {
    float log_sum = kNone;
    double likely = 0;
    for (const Found& one : found) {
      merge.add(one.labels.data() + s * k, one.scores.data() + s * k, k);
      if (!with_sums) continue;
      log_sum = log_add(log_sum, static_cast<float>(one.sums[s]));
      likely += one.sums[s];
    }
    float* const scores = target.out.scores.data() + (target.first_row + s) * k;
    merge.finish(target.out.labels.data() + (target.first_row + s) * k, scores, k);
    if (target.probabilities) to_probabilities(target.loss, log_sum, scores, k);
    if (target.sums != nullptr && is_softmax(target.loss)) target.sums->log_sums[s] = log_sum;
    if (target.sums != nullptr && !is_softmax(target.loss)) target.sums->likely[s] = likely;
  }
  for (const Found& one : found) {
    if (target.not_finite != nullptr && one.not_finite < samples) target.not_finite->note(one.not_finite);
  }
  return {};
}

Result<void> ShardGroup::help_search(const Request& request) {
  hidden_.resize(static_cast<std::size_t>(request.a), network_.output.width(), network_.output.storage() != Storage::fp32);
  if (auto told = share(hidden_); !told) return told;
  Found found =
      search_own(hidden_, static_cast<std::size_t>(request.b), static_cast<LossKind>(request.c / 2), request.c % 2 != 0);
  for (int rank = 1; rank < ranks_.size(); ++rank) {
    Found unused;
    Found& mine = rank == ranks_.rank() ? found : unused;
    if (auto sent = mine.for_each_array([&](std::span<std::byte> bytes) { return send(rank, 0, bytes); }); !sent) return sent;
  }
  return {};
}

Result<void> ShardGroup::help(const Request& request) {
  if (request.kind == Kind::forward) return help_forward(request);
  return request.kind == Kind::search ? help_search(request) : help_logits(request);
}

}  // namespace glissade
