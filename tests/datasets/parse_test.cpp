// What the readers accept, and that the result does not depend on how the text is cut into parallel chunks.
#include "datasets/parse.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using glissade::DatasetView;
using Ids = std::vector<std::uint32_t>;
using Values = std::vector<float>;

Dataset parsed(const std::string& text, Format format = Format::xmc, std::size_t chunk_bytes = 1 << 20,
               IdBase base = IdBase::detect) {
  // An exact copy on the heap, so that AddressSanitizer sees every byte read behind the end.
  const auto copy = std::make_unique<char[]>(text.size());
  text.copy(copy.get(), text.size());
  auto result = parse_dataset({copy.get(), text.size()}, "t.txt", {format, base, chunk_bytes});
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.ok());
  return std::move(result).value();
}

Ids features(const Dataset& data, std::size_t row) {
  const auto ids = data.view().features.row_ids(row);
  return {ids.begin(), ids.end()};
}

Values values(const Dataset& data, std::size_t row) {
  const auto row_values = data.view().features.row_values(row);
  return {row_values.begin(), row_values.end()};
}

Ids labels(const Dataset& data, std::size_t row) {
  const auto ids = data.view().labels.row_ids(row);
  return {ids.begin(), ids.end()};
}

void check_equal(const DatasetView& a, const DatasetView& b) { CHECK(testing::same(a, b)); }

}  // namespace

TEST_CASE("an XMC file is read as written", "[unit]") {
  const Dataset data = parsed("3 10 5\n0,4 1:0.5 9:-2\n2 0:1e-3 3:.25 4:7.\n1,2,3 5:+1\n");
  CHECK(data.view().size() == 3);
  CHECK(data.view().feature_count == 10);
  CHECK(data.view().label_count == 5);
  CHECK(labels(data, 0) == Ids{0, 4});
  CHECK(features(data, 0) == Ids{1, 9});
  CHECK(values(data, 0) == Values{0.5f, -2.0f});
  CHECK(features(data, 1) == Ids{0, 3, 4});
  CHECK(values(data, 1) == Values{1e-3f, 0.25f, 7.0f});
  CHECK(labels(data, 2) == Ids{1, 2, 3});
  CHECK(values(data, 2) == Values{1.0f});
}

TEST_CASE("rows without labels or features are samples", "[unit]") {
  const Dataset data = parsed("6 10 5\n 1:1\n3\n \n\n1:2\n4 \n");
  CHECK(data.view().size() == 6);
  CHECK(labels(data, 0).empty());
  CHECK(features(data, 0) == Ids{1});
  CHECK(labels(data, 1) == Ids{3});
  CHECK(features(data, 1).empty());
  CHECK((labels(data, 2).empty() && features(data, 2).empty()));
  CHECK((labels(data, 3).empty() && features(data, 3).empty()));
  CHECK((labels(data, 4).empty() && features(data, 4) == Ids{1}));
  CHECK((labels(data, 5) == Ids{4} && features(data, 5).empty()));
}

TEST_CASE("ids of a row come out ascending with their values", "[unit]") {
  const Dataset data = parsed("1 100 9\n7,3,5 50:5 20:2 90:9 10:1 40:4 30:3\n");
  CHECK(labels(data, 0) == Ids{3, 5, 7});
  CHECK(features(data, 0) == Ids{10, 20, 30, 40, 50, 90});
  CHECK(values(data, 0) == Values{1, 2, 3, 4, 5, 9});
}

TEST_CASE("white space, line ends and the end of the file may vary", "[unit]") {
  const Dataset plain = parsed("3 10 5\n0,4 1:0.5 9:2\n 3:1\n1 4:1\n");
  for (const char* text : {"3 10 5\r\n0,4 1:0.5 9:2\r\n 3:1\r\n1 4:1\r\n", "3 10 5\n0,4 1:0.5 9:2\n 3:1\n1 4:1",
                           "3 10 5\r\n0,4 1:0.5 9:2\r\n 3:1\r\n1 4:1", "3 10 5\n0,4 1:0.5 9:2\n 3:1\n1 4:1\n\n\r\n\n",
                           "3\t10  5 \n0,4\t1:0.5   9:2 \n\t3:1\t\n1 4:1 \t\r\n", "3 10 5\n0,4 1:0.5 9:2\n 3:1\n1 4:1\n\r"}) {
    INFO(text);
    check_equal(plain.view(), parsed(text).view());
  }
}

TEST_CASE("empty lines at the end are samples when the header counts them", "[unit]") {
  CHECK(parsed("3 10 5\n1 2:1\n\n\n").view().size() == 3);
  CHECK(parsed("2 10 5\n1 2:1\n\r\n\r\n\r\n").view().size() == 2);
}

TEST_CASE("a header without samples is a data set without samples", "[unit]") {
  for (const char* text : {"0 7 8\n", "0 7 8", "0 7 8\r\n\n"}) {
    const Dataset data = parsed(text);
    CHECK(data.view().size() == 0);
    CHECK(data.view().feature_count == 7);
    CHECK(data.view().label_count == 8);
  }
}

TEST_CASE("libsvm ids count from 1 unless the file has a 0", "[unit]") {
  const Dataset from_one = parsed("1,3 1:0.5 7:2\n 3:1\n2:1 4:1\n0\n", Format::libsvm);
  CHECK(from_one.view().size() == 4);
  CHECK(from_one.view().feature_count == 7);
  CHECK(from_one.view().label_count == 4);
  CHECK(features(from_one, 0) == Ids{0, 6});
  CHECK(features(from_one, 2) == Ids{1, 3});
  const Dataset from_zero = parsed("1,3 1:0.5 7:2\n 0:1\n", Format::libsvm);
  CHECK(from_zero.view().feature_count == 8);
  CHECK(features(from_zero, 0) == Ids{1, 7});
  const Dataset told = parsed("1,3 1:0.5 7:2\n", Format::libsvm, 1 << 20, IdBase::zero);
  CHECK(told.view().feature_count == 8);
  CHECK(features(told, 0) == Ids{1, 7});
  const Dataset label_less = parsed(" 1:1\n", Format::libsvm);
  CHECK(label_less.view().label_count == 0);
  CHECK(parsed("4\n5\n", Format::libsvm).view().feature_count == 0);
}

TEST_CASE("the result does not depend on the chunks", "[unit]") {
  std::string rows;
  for (int row = 0; row < 200; ++row) {
    if (row % 3 != 0) rows += std::to_string(row % 7) + "," + std::to_string(7 + row % 5);
    for (int i = 0; i < row % 11; ++i) rows += " " + std::to_string(i * 9 + row % 9) + ":0." + std::to_string(row * 37 + i);
    if (row % 5 == 0) rows += '\r';
    if (row != 199) rows += '\n';
  }
  const std::string text = "200 100 12\n" + rows;
  const Dataset whole = parsed(text);
  const Dataset svm_whole = parsed(rows, Format::libsvm);
  CHECK(whole.view().size() == 200);
  for (const std::size_t chunk : {1, 2, 7, 64, 1000}) {
    INFO("chunks of " << chunk);
    check_equal(whole.view(), parsed(text, Format::xmc, chunk).view());
    check_equal(svm_whole.view(), parsed(rows, Format::libsvm, chunk).view());
  }
}

TEST_CASE("comments are skipped and counted, and a line of one alone is no sample", "[unit]") {
  const std::string plain = "1,3 1:0.5 7:2\n 3:1\n2 4:1\n";
  const std::string commented = "# a: 1:2,3\n1,3 1:0.5 7:2# 9:9 , b\n  \t# c\r\n 3:1 #\n2 4:1\t# d # e\r\n#f";
  for (const std::size_t chunk : {1, 9, 20, 1 << 20}) {
    const Dataset data = parsed(commented, Format::libsvm, chunk);
    check_equal(data.view(), parsed(plain, Format::libsvm).view());
    CHECK(data.facts().changes == ReadChanges{.comments = 6});
    const Dataset xmc = parsed("# before the header\n3 8 4\n" + commented + "\n", Format::xmc, chunk);
    check_equal(xmc.view(), parsed("3 8 4\n" + plain).view());
    CHECK(xmc.facts().changes == ReadChanges{.comments = 7});
  }
  // A label or a qid alone is a sample; so is an empty line that the header counts, whatever comments there are.
  CHECK(parsed("1# c\n 2:1\nqid:3 # d\n", Format::libsvm).view().size() == 3);
  CHECK(parsed("3 8 4\n1 1:1\n#\n\n\n\n").view().size() == 3);
  CHECK(parsed("0 8 4\n#\n").view().size() == 0);
}

TEST_CASE("qid is skipped and counted, wherever it stands", "[unit]") {
  const Dataset data = parsed("1 qid:1 1:0.5 7:2\nqid:2 3:1\n2 4:1 qid:33\n", Format::libsvm);
  check_equal(data.view(), parsed("1 1:0.5 7:2\n 3:1\n2 4:1\n", Format::libsvm).view());
  CHECK(data.facts().changes == ReadChanges{.qids = 3});
}

TEST_CASE("values of a feature that is named twice are added up, a label counts once", "[unit]") {
  std::string text, merged;
  for (int row = 0; row < 50; ++row) {
    const std::string rest = " 9:2 3:0.5\n";
    text += row % 2 == 0 ? "4,1,4,4 3:1 9:0.25 3:-4 3:1 1:1\n" : "2" + rest;
    merged += row % 2 == 0 ? "4,1 3:-2 9:0.25 1:1\n" : "2" + rest;
  }
  for (const std::size_t chunk : {1, 40, 500, 1 << 20}) {
    const Dataset data = parsed("50 10 5\n" + text, Format::xmc, chunk);
    check_equal(data.view(), parsed("50 10 5\n" + merged).view());
    CHECK(data.facts().changes == ReadChanges{.duplicate_features = 50, .duplicate_labels = 50});
    check_equal(parsed(text, Format::libsvm, chunk).view(), parsed(merged, Format::libsvm).view());
  }
  CHECK(values(parsed("0 2:1 2:-1\n", Format::libsvm), 0) == Values{0});
}

TEST_CASE("labels may be written as whole numbers of any kind", "[unit]") {
  const Dataset data =
      parsed("1.0,2.000,+3 1:1\n0. 1:1\n1e1,007 1:1\n-0.0 1:1\n3.0#c\n1.000000000000000000e+00 1:1\n", Format::libsvm);
  CHECK(labels(data, 0) == Ids{1, 2, 3});
  CHECK(labels(data, 1) == Ids{0});
  CHECK(labels(data, 2) == Ids{7, 10});
  CHECK(labels(data, 3) == Ids{0});
  CHECK(labels(data, 4) == Ids{3});
  CHECK(labels(data, 5) == Ids{1});
  CHECK(data.facts().changes == ReadChanges{.comments = 1});
  CHECK(features(parsed("0 003:1 0000000000004:1\n", Format::libsvm), 0) == Ids{2, 3});
}

TEST_CASE("what base the ids of a file had is known afterwards", "[unit]") {
  CHECK(parsed("0 1:1\n", Format::libsvm).facts().id_base == IdBase::one);
  CHECK(parsed("0 1:1\n1 0:1\n", Format::libsvm).facts().id_base == IdBase::zero);
  CHECK(parsed("0 1:1\n", Format::libsvm, 100, IdBase::zero).facts().id_base == IdBase::zero);
  CHECK(parsed("0 1:1\n", Format::libsvm, 100, IdBase::one).facts().id_base == IdBase::one);
  CHECK(parsed("1 2 3\n0 1:1\n").facts().id_base == IdBase::zero);
}
