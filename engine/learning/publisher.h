#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <glissade/snapshot.h>

#include "engine/model/impl.h"
#include "engine/serving/state.h"

namespace glissade {

/// What others answer from: copies of what the forward pass reads, of which those that nobody holds are brought up to date by
/// their rows that have changed since. All else is shared with the learner's model, or only added to. Where nobody has given a
/// copy back, one is made ahead, from the last one that was published, by a thread of oneTBB.
class Publisher {
 public:
  /// What changes beside the network's rows.
  struct Parts {
    NameIndex label_names, feature_names;
    std::shared_ptr<const LabelFilter> shown;
    std::shared_ptr<const void> keeps;
    const CodedRows* codes = nullptr;
  };

  /// A label whose sparse row or count is another one than before.
  void note_label(std::uint32_t label) { changed_.add(label); }
  /// A row of the output layer that changed without an optimiser step.
  void note_output_row(std::uint32_t row) { started_.add(row); }

  /// `model` as it is now. On the threads of the calling arena.
  std::shared_ptr<const Snapshot::State> publish(Model::Impl& model, const Parts& parts, std::uint64_t version);

  /// Sees to it that the next publish() finds a copy; `last` is what the last one returned, and nothing has changed since.
  /// Returns at once.
  void keep_spare(const std::shared_ptr<const Snapshot::State>& last);
  /// Makes a copy for the next publish() at once.
  void prepare(const Model::Impl& model, const CodedRows* codes);

  /// Of the copies made so far and not thrown away.
  std::uint64_t memory_bytes() const noexcept;
  /// How often publish() has found no copy, and has made one.
  std::uint64_t whole_copies() const noexcept { return whole_copies_; }

 private:
  /// What changed, in order. The oldest entries are forgotten where there are very many.
  class Log {
   public:
    void add(std::uint32_t what);
    std::uint64_t end() const noexcept { return forgotten_ + entries_.size(); }
    bool knows(std::uint64_t from) const noexcept { return from >= forgotten_; }
    std::span<const std::uint32_t> since(std::uint64_t from) const noexcept {
      return std::span(entries_).subspan(static_cast<std::size_t>(from - forgotten_));
    }

   private:
    std::vector<std::uint32_t> entries_;
    std::uint64_t forgotten_ = 0;
  };
  struct Copy {
    std::unique_ptr<Model::Impl> impl;
    std::uint64_t step = 0;                  ///< of the model, when it was brought up to date
    std::uint64_t changed = 0, started = 0;  ///< how much of the logs it knows
    ~Copy();
    std::shared_ptr<std::atomic<std::uint64_t>> memory;  ///< of all copies; null: not counted yet
  };
  /// Copies that nobody holds. Outlives the publisher where handles do.
  struct Pool {
    static constexpr std::size_t kMost = 2;
    Pool() { free.reserve(kMost); }  // so that handles which go away allocate nothing
    std::mutex mutex;
    std::vector<std::unique_ptr<Copy>> free;
    bool makes_spare = false;

    void put(std::unique_ptr<Copy> copy);
    /// The one that is the least behind; null: none is there.
    std::unique_ptr<Copy> take();
  };
  using Memory = std::shared_ptr<std::atomic<std::uint64_t>>;

  /// Of a whole model, or of another copy.
  static std::unique_ptr<Copy> copy_of(const Model::Impl& from, const CodedRows* codes, const Memory& memory);
  std::unique_ptr<Copy> take(Model::Impl& model, const CodedRows* codes);
  void update(Copy& copy, Model::Impl& model) const;

  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
  Memory memory_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  Log changed_, started_;
  std::uint64_t whole_copies_ = 0;
};

}  // namespace glissade
