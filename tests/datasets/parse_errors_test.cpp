// Every complaint about the text of a data set, word for word: message, line, value, remedy.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "datasets/parse.h"

namespace {

using namespace glissade::datasets;

std::string complaint(std::string_view text, const ParseOptions& options) {
  const auto copy = std::make_unique<char[]>(text.size());
  text.copy(copy.get(), text.size());
  const auto result = parse_dataset({copy.get(), text.size()}, "t.txt", options);
  return result ? "accepted" : result.error().message;
}

std::string xmc(std::string_view text) { return complaint(text, {}); }
std::string libsvm(std::string_view text, IdBase base = IdBase::detect) {
  return complaint(text, {.format = Format::libsvm, .id_base = base});
}

}  // namespace

TEST_CASE("an empty text is refused", "[unit]") {
  CHECK(xmc("") == "'t.txt' is empty; give a file with samples");
  CHECK(libsvm("") == "'t.txt' is empty; give a file with samples");
  CHECK(libsvm("\n\r\n\n") == "'t.txt' holds empty lines only; give a file with samples");
  CHECK(libsvm("# a\n # b\n\n") == "'t.txt' holds empty lines and comments only; give a file with samples");
  CHECK(xmc("# a\n") ==
        "'t.txt':2: '' is not the header of an XMC file; start it with 'samples features labels', read a file "
        "without header as libsvm, or name the columns of records with --text and --labels");
}

TEST_CASE("a header that is missing or wrong is refused", "[unit]") {
  const std::string remedy =
      " is not the header of an XMC file; start it with 'samples features labels', read a file without header as libsvm, or name "
      "the columns of records with --text and --labels";
  CHECK(xmc("0,1 2:0.5\n") == "'t.txt':1: '0,1 2:0.5'" + remedy);
  CHECK(xmc("3 4\n") ==
        "'t.txt':1: '3 4' has two numbers, like one file of a pair; call the file of features NAME_X_Xf.txt, put that of labels, "
        "NAME_X_Y.txt, beside it, and give the first");
  CHECK(xmc("3 4 5 6\n") == "'t.txt':1: '3 4 5 6'" + remedy);
  CHECK(xmc("3 -4 5\n") == "'t.txt':1: '3 -4 5'" + remedy);
  CHECK(xmc("3 4.5 5\n") == "'t.txt':1: '3 4.5 5'" + remedy);
  CHECK(xmc("\n1 2 3\n") == "'t.txt':1: ''" + remedy);
  CHECK(xmc("\xEF\xBB\xBF"
            "1 2 3\n") == "'t.txt':1: '\\xEF\\xBB\\xBF1 2 3'" + remedy);
  CHECK(xmc(std::string(1000, '7')) == "'t.txt':1: '" + std::string(40, '7') + "...'" + remedy);
  CHECK(xmc("1 4294967296 3\n") ==
        "'t.txt':1: the header '1 4294967296 3' states more than 4294967295 features or labels; correct it");
  CHECK(xmc("1 3 99999999999999999999999\n") ==
        "'t.txt':1: the header '1 3 99999999999999999999999' states more than 4294967295 features or labels; correct it");
  CHECK(libsvm("1 2 3\n0 1:2\n") == "'t.txt':1: '1 2 3' is the header of an XMC file; read the file as XMC");
}

TEST_CASE("a sample count that does not match is refused", "[unit]") {
  CHECK(xmc("3 4 5\n0 1:1\n1 1:1\n") ==
        "'t.txt':3: the file ends after 2 of the 3 samples of the header; fetch the whole file or correct the header");
  CHECK(xmc("18446744073709551615 4 5\n0 1:1\n") ==
        "'t.txt':2: the file ends after 1 of the 18446744073709551615 samples of the header; fetch the whole file or correct the "
        "header");
  CHECK(xmc("1 4 5\n0 1:1\n1 1:1\n2 1:1") ==
        "'t.txt':3: more lines than the 1 samples of the header, 3 in all; correct the header or the file");
  // Comments are lines, and no samples.
  CHECK(xmc("# a\n1 4 5\n#b\n0 1:1\n # c\n1 1:1\n#d\n2 1:1") ==
        "'t.txt':6: more lines than the 1 samples of the header, 3 in all; correct the header or the file");
  CHECK(xmc("# a\n1 4 5\n#b\n0 1:1\n # c\n1 1:x\n#d\n2 1:1") ==
        "'t.txt':6: more lines than the 1 samples of the header, 3 in all; correct the header or the file");
  CHECK(xmc("# a\n3 4 5\n#b\n0 1:1\n # c\n1 1:1\n#d\n") ==
        "'t.txt':7: the file ends after 2 of the 3 samples of the header; fetch the whole file or correct the header");
  CHECK(xmc("# a\n3 4 5\n#b\n0 1:1\n # c\n1 1:x\n#d\n").starts_with("'t.txt':6: the value in '1:x' "));
}

TEST_CASE("bad labels are refused", "[unit]") {
  const std::string list = " is not a list of labels; write label ids separated by commas, or a space where there are none";
  CHECK(xmc("1 4 5\nx 1:1\n") == "'t.txt':2: 'x'" + list);
  for (const std::string labels : {"0,,1", "0,", ",1", "0,#", "0,1,"}) {
    CHECK(xmc("1 4 5\n" + labels + " 1:1\n") ==
          "'t.txt':2: a label is missing beside a comma in '" + labels + "'; write label ids such as 3,17, without blanks");
  }
  for (const std::string labels : {"1.5", "0.1e0", "+2.25"}) {
    CHECK(xmc("1 4 5\n" + labels + " 1:1\n") == "'t.txt':2: label " + labels +
                                                    " is not a whole number; labels are ids, and values to be estimated are not "
                                                    "supported");
  }
  for (const std::string labels : {"nan", "inf", "+", "+-1", "-", "1e", "0x1", "1.0x", "1_0"})
    CHECK(xmc("1 4 5\n" + labels + " 1:1\n") == "'t.txt':2: '" + labels + "'" + list);
  CHECK(xmc("1 4 5\n0,1:1\n") == "'t.txt':2: '1:1'" + list);
  CHECK(xmc("1 4 5\n0;1 1:1\n") == "'t.txt':2: '0;1'" + list);
  CHECK(xmc("2 4 5\n0 1:1\n0,-2 1:1\n") == "'t.txt':3: label id -2 is negative; label ids start at 0");
  CHECK(xmc("1 4 5\n0,5 1:1\n") == "'t.txt':2: label id 5 is not below the 5 labels of the header; correct the id or the header");
  CHECK(xmc("1 4 5\n99999999999999999999999,1 1:1\n") ==
        "'t.txt':2: label id 99999999999999999999999 is not below the 5 labels of the header; correct the id or the header");
  CHECK(libsvm("4294967295 1:1\n") == "'t.txt':1: label id 4294967295 is too large; ids must be below 4294967295");
  for (const std::string label : {"-1", "-1.0", "-1e0"}) {
    CHECK(libsvm("+1 1:1\n" + label + " 1:1\n") ==
          "'t.txt':2: label id " + label + " is negative; label ids start at 0: write the classes -1 and +1 as 0 and 1");
  }
  CHECK(libsvm("1e15 1:1\n") == "'t.txt':1: label id 1e15 is too large; ids must be below 4294967295");
  CHECK(libsvm("1e300 1:1\n") == "'t.txt':1: label id 1e300 is too large; ids must be below 4294967295");
}

TEST_CASE("bad features are refused", "[unit]") {
  const std::string pairs = " is not a feature; write id:value pairs such as 17:0.25, separated by spaces";
  CHECK(xmc("1 4 5\n0 1\n") == "'t.txt':2: '1'" + pairs);
  CHECK(xmc("1 4 5\n0 1:1 x\n") == "'t.txt':2: 'x'" + pairs);
  CHECK(xmc("1 4 5\n0 :1\n") == "'t.txt':2: ':1'" + pairs);
  CHECK(xmc("1 4 5\n0 1:1 qid:\n") == "'t.txt':2: 'qid:'" + pairs);
  CHECK(xmc("1 4 5\n0 1:1 qid:x\n") == "'t.txt':2: 'qid:x'" + pairs);
  CHECK(xmc("1 4 5\n0 1 2:1\n") == "'t.txt':2: '1'" + pairs);
  CHECK(xmc("1 4 5\n 0,1 1:1\n") == "'t.txt':2: '0,1'" + pairs);
  const std::string lone = "a carriage return within the line; end lines in a line feed, with or without one before it";
  CHECK(xmc("1 4 5\n0 1:1 \r 2:1\n") == "'t.txt':2: " + lone);
  CHECK(libsvm("0 1:1\r1 2:1\r") == "'t.txt':1: " + lone);
  CHECK(libsvm("\r1 2:1\n") == "'t.txt':1: " + lone);
  CHECK(xmc("1 4 5\n0 -1:1\n") == "'t.txt':2: feature id -1 is negative; feature ids start at 0");
  CHECK(libsvm("0 -1:1\n") == "'t.txt':1: feature id -1 is negative; feature ids start at 0 or 1");
  CHECK(xmc("1 4 5\n0 4:1\n") ==
        "'t.txt':2: feature id 4 is not below the 4 features of the header; correct the id or the header");
  CHECK(xmc("1 4 5\n0 18446744073709551617:1\n") ==
        "'t.txt':2: feature id 18446744073709551617 is not below the 4 features of the header; correct the id or the header");
  CHECK(libsvm("0 4294967295:1\n") == "'t.txt':1: feature id 4294967295 is too large; ids must be below 4294967295");
  CHECK(
      libsvm("0 1:1\n1 0:1\n", IdBase::one) ==
      "'t.txt':2: feature id 0 where ids count from 1, as --id-base or the training file says; give files of one data set, with "
      "one --id-base");
  CHECK(xmc("1 4 5\n0 3:3e38 1:1 3:3e38\n") ==
        "'t.txt':2: feature 3 occurs more than once, and its values add up to more than a 32-bit float holds; scale them down");
}

TEST_CASE("bad values are refused", "[unit]") {
  const std::string number = " is not a number; write it as a decimal such as 0.25";
  for (const std::string value :
       {"", "x", "0.5x", "0,5", "--1", "+-1", "1e", "1e+", ".", "-", "+", "0x10", "1:2", "1.2.3", "1_0"}) {
    CHECK(xmc("1 4 5\n0 1:" + value + " 2:1\n") == "'t.txt':2: the value in '1:" + value + "'" + number);
    CHECK(xmc("1 4 5\n0 1:" + value) == "'t.txt':2: the value in '1:" + value + "'" + number);
  }
  for (const std::string value : {"nan", "NaN", "-nan", "inf", "-Infinity", "INF"}) {
    CHECK(xmc("1 4 5\n0 1:" + value + "\n") ==
          "'t.txt':2: the value in '1:" + value + "' is not finite; leave the feature out or give it a number");
  }
  for (const std::string value : {"1e39", "-1e400", "340282360000000000000000000000000000000", "1e99999999999999999999"}) {
    CHECK(xmc("1 4 5\n0 1:" + value + "\n").find("' does not fit in a 32-bit float; scale the values down") != std::string::npos);
  }
}

TEST_CASE("a message stays one short line of plain characters", "[unit]") {
  CHECK(xmc(std::string_view("1 4 5\n0 1:\x00\x01\x80z\n", 14)) ==
        "'t.txt':2: the value in '1:\\x00\\x01\\x80z' is not a number; write it as a decimal such as 0.25");
  CHECK(xmc("1 4 5\n0 1:" + std::string(100, 'a')) ==
        "'t.txt':2: the value in '1:" + std::string(38, 'a') + "...' is not a number; write it as a decimal such as 0.25");
  const auto result = parse_dataset("x", "a\nb", {});
  CHECK(result.error().message.starts_with("'a\\x0Ab':1: "));
}

TEST_CASE("the first error of the file is the one reported, whichever thread finds it", "[unit]") {
  std::string text = "2000 10 10\n";
  for (int row = 0; row < 2000; ++row) text += row == 700 || row == 1500 || row == 1999 ? "1 11:1\n" : "1 2:0.5 3:0.5\n";
  for (const std::size_t chunk : {1, 50, 5000, 1 << 20}) {
    for (int repeat = 0; repeat < 5; ++repeat) {
      CHECK(complaint(text, {.chunk_bytes = chunk}).starts_with("'t.txt':702: feature id 11 "));
    }
  }
  // Two chunks, the first wrong at its start, the second at its end: the second thread comes last and must not win.
  std::string halves = "8000 10 10\n";
  for (int row = 0; row < 8000; ++row) halves += row == 3 || row == 7999 ? "1 2:x 3:5\n" : "1 2:0.5 3:0.5\n";
  for (int repeat = 0; repeat < 20; ++repeat) {
    CHECK(complaint(halves, {.chunk_bytes = halves.size() / 2}).starts_with("'t.txt':5: the value in '2:x' "));
  }
  // An error on a line that the header does not promise comes after the complaint about that line.
  CHECK(xmc("1 4 5\n0 1:1\nx\n").starts_with("'t.txt':3: more lines"));
  CHECK(xmc("1 4 5\nx\n0 1:1\n").starts_with("'t.txt':2: 'x' is not a list"));
  CHECK(xmc("9 4 5\n0 1:1\nx\n").starts_with("'t.txt':3: 'x' is not a list"));
}
