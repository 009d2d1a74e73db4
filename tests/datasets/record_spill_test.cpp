// Rows of records that are more than memory should hold: the same rows, from a file of the cache.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/cache.h"
#include "datasets/record_rows.h"
#include "datasets/unpacked.h"
#include "tests/datasets/helpers.h"

namespace glissade::datasets {
namespace {

using testing::TemporaryFolder;

/// 400 records of words, numbers and labels, some of each missing.
std::string csv_text() {
  std::string text = "text,price,tags\n";
  for (int i = 0; i < 400; ++i) {
    for (int word = 0; word < i % 7; ++word) text += "w" + std::to_string(i * word % 53) + ' ';
    text += "w" + std::to_string(i % 5) + ',';
    if (i % 3 != 0) text += std::to_string(i % 11);
    text += ',';
    for (int label = 0; label < i % 4; ++label) text += "l" + std::to_string((i + 3 * label) % 17) + ';';
    text += '\n';
  }
  return text;
}

struct Files {
  TemporaryFolder folder;
  RecordColumns columns{
      {.columns = {{.name = "text"}, {.name = "price", .kind = ColumnKind::numbers}}, .min_rows = 2}, "tags", ";"};

  RecordFiles open() {
    auto files = RecordFiles::open(folder.file("d.csv", csv_text()), {.columns = {"text", "price", "tags"}, .block_bytes = 500});
    REQUIRE(files);
    REQUIRE(files->blocks() > 10);
    return std::move(*files);
  }
  SpillPlace place(std::uint64_t memory) const { return {folder / "cache", memory}; }
  std::vector<std::string> cached() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "cache"))
      names.push_back(entry.path().filename().string());
    return names;
  }
};

void check_same(const Dataset& one, const Dataset& other) {
  const DatasetView a = one.view(), b = other.view();
  CHECK(a.feature_count == b.feature_count);
  CHECK(a.label_count == b.label_count);
  CHECK(std::ranges::equal(a.features.offsets, b.features.offsets));
  CHECK(std::ranges::equal(a.features.ids, b.features.ids));
  CHECK(std::ranges::equal(a.features.values, b.features.values));
  CHECK(std::ranges::equal(a.labels.offsets, b.labels.offsets));
  CHECK(std::ranges::equal(a.labels.ids, b.labels.ids));
}

TEST_CASE("spill: records that memory should not hold give the rows and names of those that it holds") {
  Files files;
  const RecordFiles records = files.open();
  const auto kept = fit_record_rows(records, files.columns);
  REQUIRE(kept);
  CHECK(kept->spilled == 0);
  CHECK_FALSE(kept->data.cache_file());
  REQUIRE(kept->data.view().size() == 400);
  for (const std::uint64_t memory : {1u, 4000u, 20000u}) {  // all blocks lie in the file, most, some
    const auto spilled = fit_record_rows(records, files.columns, files.place(memory));
    REQUIRE(spilled);
    CHECK(spilled->spilled > 0);
    check_same(kept->data, spilled->data);
    CHECK(spilled->feature_names == kept->feature_names);
    CHECK(spilled->label_names == kept->label_names);
    CHECK(spilled->words == kept->words);
    CHECK(spilled->labels == kept->labels);
    CHECK(spilled->fitted == kept->fitted);
    REQUIRE(spilled->data.cache_file());
    REQUIRE(spilled->data.pager() != nullptr);
    // One copy, whatever part of the rows was in memory, and nothing beside it.
    CHECK(files.cached() == std::vector{std::filesystem::path(spilled->data.cache_file()->path).filename().string()});
  }
  CHECK(fit_record_rows(records, files.columns, files.place(1u << 20))->spilled == 0);
}

TEST_CASE("spill: rows of a known pipeline likewise, with labels that are unknown to it") {
  Files files;
  const RecordFiles records = files.open();
  const auto fitted = fit_record_rows(records, files.columns);
  REQUIRE(fitted);
  const auto pipeline = Pipeline::make(fitted->fitted, fitted->feature_names);
  REQUIRE(pipeline);
  std::vector<std::string> fewer = fitted->label_names;
  fewer.resize(9);
  const auto kept = known_record_rows(records, files.columns, *pipeline, fewer);
  const auto spilled = known_record_rows(records, files.columns, *pipeline, fewer, files.place(1));
  REQUIRE(kept);
  REQUIRE(spilled);
  CHECK(spilled->spilled > 0);
  check_same(kept->data, spilled->data);
  CHECK(kept->unknown_labels > 0);
  CHECK(spilled->unknown_labels == kept->unknown_labels);
  CHECK(spilled->unknown_words == kept->unknown_words);
  const DatasetView view = kept->data.view();  // an unknown label stands behind the known, as a miss
  CHECK(view.label_count == *std::ranges::max_element(view.labels.ids) + 1);
  CHECK(view.label_count > 9);
}

TEST_CASE("spill: a folder that cannot keep rows is told, and where there is none, rows stay in memory") {
  Files files;
  const RecordFiles records = files.open();
  const std::string path = files.folder.file("no-folder", "x");
  const auto failed = fit_record_rows(records, files.columns, {path, 1});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "rows of '" + (files.folder / "d.csv") + "' are more than memory should hold, and '" + path +
                                      "' cannot keep them: Not a directory; free space there, or name another folder by "
                                      "--cache-dir or GLISSADE_CACHE");
  CHECK(fit_record_rows(records, files.columns, {"", 1})->spilled == 0);
}

TEST_CASE("spill: a copy that was damaged meanwhile is written anew") {
  Files files;
  const RecordFiles records = files.open();
  std::string path;
  {
    const auto first = fit_record_rows(records, files.columns, files.place(1));
    REQUIRE(first);
    path = first->data.cache_file()->path;
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const auto again = fit_record_rows(records, files.columns, files.place(1));
  REQUIRE(again);
  check_same(fit_record_rows(records, files.columns)->data, again->data);
}

TEST_CASE("spill: text that is unpacked, or comes as a stream, and is more than memory should hold is read from a file") {
  Files files;
  const std::string text = csv_text();
  const SpillPlace place = files.place(5000);
  const RecordOptions options{.columns = {"text", "price", "tags"}, .block_bytes = 500, .place = place};
  const auto plain = fit_record_rows(files.open(), files.columns);
  REQUIRE(plain);
  for (const std::string& packed : {testing::gzip_of(text), testing::zstd_of(text)}) {
    const auto unpacked = RecordFiles::open(files.folder.file("d.packed", packed), options);
    REQUIRE(unpacked);
    CHECK(unpacked->text_bytes() == text.size());
    const auto rows = fit_record_rows(*unpacked, files.columns);
    REQUIRE(rows);
    check_same(plain->data, rows->data);
    CHECK(files.cached().empty());
  }
}

TEST_CASE("spill: unpacked text grows in its file, and a disk without a place for it is told") {
  TemporaryFolder folder;
  const std::string path = "d.gz";
  const std::string piece(1u << 20, 'x');
  Unpacked bytes(path, {folder / "cache", 3u << 20});
  REQUIRE(bytes.reserve(std::size_t{1} << 50));  // a claim
  for (int i = 0; i < 10; ++i) REQUIRE(bytes.append(std::string(1u << 20, static_cast<char>('a' + i))));
  CHECK(bytes.used() == 10u << 20);
  const std::size_t used = bytes.used();
  const Memory memory = std::move(bytes).take();
  CHECK(memory.is_in_file());
  CHECK(std::filesystem::is_empty(folder / "cache"));
  for (std::size_t i = 0; i < used; i += 1000) REQUIRE(memory.data()[i] == static_cast<char>('a' + (i >> 20)));

  Unpacked nowhere(path, {folder.file("no-folder", "x"), 100});
  const auto failed = nowhere.append(piece);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "the bytes of the text of 'd.gz' are more than memory should hold, and '" +
                                      (folder / "no-folder") +
                                      "' cannot keep them: Not a directory; free space there, or name "
                                      "another folder by --cache-dir or GLISSADE_CACHE");
}

}  // namespace
}  // namespace glissade::datasets
