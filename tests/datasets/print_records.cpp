// Prints the records of a file as JSON, a line each, for records/suite.py: {"line": 3, "fields": [["a"], []]}, or {"problem":
// "..."}. print-records FILE [KEY=VALUE ...]: column= (as often as there are), format=, separator=, header=, quotes=, strict=,
// block=, piece= (bytes that a stream has at a time).
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "datasets/records/record_files.h"
#include "datasets/records/record_parser.h"

namespace {

using namespace glissade::datasets;
using nlohmann::ordered_json;

void print(const RecordBlock& block) {
  std::size_t next = 0;
  const auto problems_before = [&](std::size_t record) {
    for (; next < block.problems().size() && block.problems()[next].record <= record; ++next) {
      fmt::print("{}\n", ordered_json{{"problem", block.problems()[next].message}}.dump());
    }
  };
  for (std::size_t i = 0; i < block.size(); ++i) {
    problems_before(i);
    ordered_json fields = ordered_json::array();
    for (const auto& field : block.record(i)) {
      ordered_json texts = ordered_json::array();
      for (const auto text : field) texts.push_back(std::string(text));
      fields.push_back(texts);
    }
    fmt::print("{}\n", ordered_json{{"line", block.line(i)}, {"fields", fields}}.dump());
  }
  problems_before(block.size());
  if (block.replaced() > 0) fmt::print("{}\n", ordered_json{{"replaced", block.replaced()}}.dump());
}

int failed(const glissade::Error& error) {
  fmt::print("{}\n", ordered_json{{"error", error.message}}.dump());
  return error.kind == glissade::Error::Kind::usage ? 2 : 1;
}

int print_pieces(const std::string& path, const RecordOptions& options, std::size_t piece) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  RecordParser parser(options, path);
  RecordBlock block;
  std::string held;
  for (std::size_t at = 0;; at += piece) {
    const bool last = at + piece >= text.size();
    held += text.substr(std::min(at, text.size()), piece);
    // A copy that ends where the piece does: what reads behind it is found by a sanitizer.
    const std::vector<char> exact(held.begin(), held.end());
    const auto taken = parser.read({exact.data(), exact.size()}, last, block);
    if (!taken) return failed(taken.error());
    print(block);
    held.erase(0, *taken);
    if (last) return 0;
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::map<std::string, RecordFormat> formats = {{"csv", RecordFormat::csv},
                                                       {"tsv", RecordFormat::tsv},
                                                       {"jsonl", RecordFormat::json_lines},
                                                       {"fasttext", RecordFormat::fasttext},
                                                       {"lines", RecordFormat::lines}};
  RecordOptions options;
  std::size_t piece = 0;
  for (int i = 2; i < count; ++i) {
    const std::string argument = arguments[i];
    const std::size_t equals = argument.find('=');
    const std::string key = argument.substr(0, equals), value = argument.substr(equals + 1);
    if (key == "column") options.columns.push_back(value);
    if (key == "format") options.format = formats.at(value);
    if (key == "separator") options.separator = value.at(0);
    if (key == "header") options.header = value == "on";
    if (key == "quotes") options.quotes = value == "on";
    if (key == "strict") options.strict = value == "on";
    if (key == "block") options.block_bytes = std::stoul(value);
    if (key == "piece") piece = std::stoul(value);
  }
  if (piece > 0) return print_pieces(arguments[1], options, piece);
  const auto files = RecordFiles::open(arguments[1], options);
  if (!files) return failed(files.error());
  fmt::print("{}\n", ordered_json{{"format", files->format_text()}, {"columns", files->columns()}}.dump());
  RecordBlock block;
  for (std::size_t i = 0; i < files->blocks(); ++i) {
    files->read(i, block);
    print(block);
  }
  return 0;
}
