// Records in all formats. The first byte chooses the format, the second how they are read; whole, in blocks of a few bytes and in
// pieces the same records come out.
#include <array>

#include "datasets/corpus.h"
#include "datasets/records/record_files.h"
#include "datasets/records/record_parser.h"
#include "tests/fuzz/target.h"

namespace {

using namespace glissade;
using datasets::RecordFormat;
using fuzz::checked;

/// All that a block says, as bytes, so that two ways can be compared.
struct Told {
  std::string records;
  std::vector<std::string> problems;
};

void take(const datasets::RecordBlock& block, std::size_t columns, Told& told) {
  for (std::size_t i = 0; i < block.size(); ++i) {
    told.records += std::to_string(block.line(i));
    fuzz::require(block.record(i).size() == columns, "a record has a field for each column");
    for (const auto& field : block.record(i)) {
      told.records += '\1';
      for (const auto text : field) {
        fuzz::require(!text.empty() && text.find('\0') == text.npos, "texts are not empty and hold no NUL");
        fuzz::require(datasets::utf8_end(text) == text.size(), "texts are UTF-8");
        told.records.append("\2").append(text);
      }
    }
    told.records += '\n';
  }
  std::size_t before = 0;
  for (const auto& problem : block.problems()) {
    fuzz::require(problem.record >= before && problem.record <= block.size(), "a problem has a place among the records");
    before = problem.record;
    fuzz::require_one_line(runtime_error(problem.message));
    told.problems.push_back(problem.message);
  }
}

bool read_files(const std::string& path, const datasets::RecordOptions& options, Told& told) {
  const auto files = datasets::RecordFiles::open(path, options);
  const auto* read = checked(files);
  if (read == nullptr) return false;
  datasets::RecordBlock block;
  for (std::size_t i = 0; i < read->blocks(); ++i) {
    read->read(i, block);
    take(block, options.columns.size(), told);
  }
  return true;
}

bool read_pieces(std::string_view text, const std::string& path, const datasets::RecordOptions& options, std::size_t piece,
                 Told& told) {
  datasets::RecordParser parser(options, path);
  datasets::RecordBlock block;
  std::string held;
  for (std::size_t at = 0;; at += piece) {
    const bool last = at + piece >= text.size();
    held += text.substr(std::min(at, text.size()), piece);
    const std::vector<char> exact(held.begin(), held.end());  // so that reading behind it is seen
    const auto taken = parser.read({exact.data(), exact.size()}, last, block);
    const auto* bytes = checked(taken);
    if (bytes == nullptr) return false;
    fuzz::require(*bytes <= held.size() && (!last || *bytes == held.size()),
                  "no more is taken than there is, and all in the end");
    take(block, options.columns.size(), told);
    if (last) return true;
    held.erase(0, *bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::single_threaded();
  std::string_view text = fuzz::as_text(data, size);
  const std::uint8_t format = fuzz::take_byte(text), choice = fuzz::take_byte(text);
  constexpr std::array kFormats = {RecordFormat::csv, RecordFormat::tsv, RecordFormat::json_lines, RecordFormat::fasttext,
                                   RecordFormat::lines};
  datasets::RecordOptions options;
  if (format % 6 < kFormats.size()) options.format = kFormats[format % 6];
  const bool words = options.format == RecordFormat::fasttext || options.format == RecordFormat::lines;
  options.header = choice % 2 == 0;
  options.quotes = choice / 2 % 8 != 0;
  options.strict = choice / 16 % 4 == 0;
  if (words) {
    options.columns = {"text"};
  } else if (options.format == RecordFormat::json_lines || options.header) {
    options.columns = {"a", "b.c", "a"};
  } else {
    options.columns = {"2", "1"};
  }
  const fuzz::InMemoryFile file(text);
  Told whole, cut, pieces;
  if (!read_files(file.path(), options, whole)) return 0;
  options.block_bytes = 1u + choice / 64u * 7u;
  fuzz::require(read_files(file.path(), options, cut), "blocks do not matter to what is opened");
  fuzz::require(cut.records == whole.records && cut.problems == whole.problems, "records do not depend on blocks");
  // Bytes of an archive or a packed file are no records to a stream, and a format is told by what has come.
  if (!options.format || text.size() < 8) return 0;
  // Objects without any of the columns are refused early in a stream.
  const bool streams = read_pieces(text, file.path(), options, 1u + choice % 13u, pieces);
  if (streams && datasets::RecordFiles::open(file.path(), options)->text_bytes() == text.size()) {
    fuzz::require(pieces.records == whole.records && pieces.problems == whole.problems, "records do not depend on pieces");
  }
  return 0;
}
