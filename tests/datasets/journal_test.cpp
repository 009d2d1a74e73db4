#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "datasets/journal.h"
#include "datasets/learned_events.h"

namespace glissade::datasets {
namespace {

const Hash128 kFirst{1, 2}, kSecond{3, 4}, kOther{5, 6};

class JournalFile {
 public:
  JournalFile() { std::filesystem::remove(path_); }
  ~JournalFile() { std::filesystem::remove(path_); }

  struct Opened {
    std::vector<std::string> records;
    Journal::Found found;
    std::string error;
  };
  /// What opening for `base` replays, or its error; `then` gets the journal.
  template <class Then>
  Opened open(const Hash128& base, const Then& then) const {
    Opened out;
    auto journal = Journal::open(
        path_, base,
        [&](std::string_view record) -> Result<void> {
          out.records.emplace_back(record);
          return {};
        },
        &out.found);
    if (!journal) {
      out.error = journal.error().message;
    } else {
      then(*journal);
    }
    return out;
  }
  Opened open(const Hash128& base) const {
    return open(base, [](Journal&) {});
  }

  std::string bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "glissade-journal-test.events").string();
};

using Records = std::vector<std::string>;

void append_three(Journal& journal) {
  for (const char* record : {"one", "", "three"}) REQUIRE(journal.append(record));
}

}  // namespace

TEST_CASE("a journal gives back what was appended, in order", "[journal]") {
  const JournalFile file;
  CHECK(file.open(kFirst, append_three).records.empty());
  const auto again = file.open(kFirst, [](Journal& journal) { REQUIRE(journal.append("four")); });
  CHECK(again.records == Records{"one", "", "three"});
  CHECK(again.found.replayed == 3);
  CHECK(file.open(kFirst).records == Records{"one", "", "three", "four"});
}

TEST_CASE("a journal that is cut anywhere within its last record loses that alone", "[journal]") {
  const JournalFile file;
  file.open(kFirst, append_three);
  const std::string whole = file.bytes();
  const std::size_t last = whole.size() - 40 - 5;  // its header and "three"
  for (std::size_t size = last; size < whole.size(); ++size) {
    file.put(whole.substr(0, size));
    const auto cut = file.open(kFirst, [](Journal& journal) { REQUIRE(journal.append("more")); });
    CHECK(cut.error == "");
    CHECK(cut.records == Records{"one", ""});
    CHECK(cut.found.dropped == size - last);
    CHECK(file.open(kFirst).records == Records{"one", "", "more"});
  }
}

TEST_CASE("a byte that changed is never read: an error before the last record, else that is dropped", "[journal]") {
  const JournalFile file;
  file.open(kFirst, append_three);
  const std::string whole = file.bytes();
  const std::size_t last = whole.size() - 40 - 5;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    file.put(damaged);
    const auto opened = file.open(kFirst);
    if (at >= last) {
      CHECK(opened.records == Records{"one", ""});
      continue;
    }
    INFO(at);
    CHECK(opened.records.empty());
    CHECK(opened.error.find(at < 32 ? "its begin is damaged" : "is damaged at byte") != std::string::npos);
    CHECK(file.bytes() == damaged);
  }
}

TEST_CASE("a record is replayed to a file that lacks it, and to no other", "[journal]") {
  const JournalFile file;
  file.open(kFirst, [](Journal& journal) {
    REQUIRE(journal.append("before"));
    REQUIRE(journal.will_be_saved_as(kSecond));
  });
  // The crash came before the rename: the old file is in place.
  CHECK(file.open(kFirst).records == Records{"before"});
  // It came behind it, or the new journal could not be written and this one went on.
  const auto renamed = file.open(kSecond, [](Journal& journal) { REQUIRE(journal.append("behind")); });
  CHECK(renamed.records.empty());
  CHECK(renamed.found.skipped == 1);
  CHECK(file.open(kSecond).records == Records{"behind"});
  CHECK(file.open(kOther).error.find("goes on from another file") != std::string::npos);
  file.open(kSecond, [](Journal& journal) {
    REQUIRE(journal.begin_anew(kOther));
    REQUIRE(journal.append("anew"));
  });
  CHECK(file.open(kOther).records == Records{"anew"});
  CHECK(file.open(kSecond).error.find("goes on from another file") != std::string::npos);
}

TEST_CASE("a journal has one owner, and an error of who reads it is its own", "[journal]") {
  const JournalFile file;
  file.open(kFirst, [&](Journal& journal) {
    append_three(journal);
    CHECK(file.open(kFirst).error.find("in use by another process") != std::string::npos);
    REQUIRE(journal.begin_anew(kSecond));
    CHECK(file.open(kSecond).error.find("in use by another process") != std::string::npos);
    append_three(journal);
  });
  const auto refused = Journal::open(file.path(), kSecond, [](std::string_view) -> Result<void> { return runtime_error("no"); });
  REQUIRE(!refused);
  CHECK(refused.error().message.ends_with("record 1: no"));
  CHECK(file.open(kSecond).records.size() == 3);
}

TEST_CASE("learned events survive their bytes, and no other bytes are events", "[journal]") {
  LearnedEvents events;
  // Without new features the bytes are those that versions from before them read and wrote.
  if (GENERATE(false, true)) events.new_features = {"zorblax", "title:word"};
  events.new_labels = {"a", "", "long name"};
  events.feature_offsets = {0, 2, 2};
  events.feature_ids = {3, 9};
  events.feature_values = {0.5f, 2};
  events.label_offsets = {0, 1, 3};
  events.label_ids = {7, 1, 2};
  const bool has_vectors = GENERATE(false, true);
  if (has_vectors) {
    events.vector_width = 3;
    events.vectors = {1, -0.5f, 3, 4, 5, 1e-30f};
  }
  const std::string bytes = to_bytes(events);
  CHECK(int{bytes[0]} == (has_vectors ? 3 : events.new_features.empty() ? 1 : 2));
  const auto back = learned_events(bytes);
  REQUIRE(back);
  CHECK(*back == events);
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(!learned_events(bytes.substr(0, size)));
  CHECK(!learned_events(bytes + "x"));
  // Sizes and offsets that are wrong are refused or change what is read; nothing is read beyond the bytes.
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    if (const auto read = learned_events(changed)) CHECK(!(*read == events));
  }
}

}  // namespace glissade::datasets
