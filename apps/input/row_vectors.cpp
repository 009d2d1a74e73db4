#include "apps/input/row_vectors.h"

#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

Error other_count(const std::string& path, std::uint64_t vectors, const std::string& rows_path, const std::string& rows) {
  return runtime_error(fmt::format("{} has {} vectors and {} has {} rows; give one vector for each row, in their order",
                                   datasets::quoted(path), grouped(vectors), datasets::quoted(rows_path), rows));
}

class VectorFeed : public RowFeed {
 public:
  VectorFeed(std::unique_ptr<RowFeed> feed, datasets::DenseFile file, std::string path, std::string rows_path)
      : feed_(std::move(feed)), file_(std::move(file)), path_(std::move(path)), rows_path_(std::move(rows_path)) {}

  Result<RowBlock> next() override {
    auto block = feed_->next();
    if (!block) return block;
    const std::size_t count = block->rows.rows(), all = file_.rows.rows();
    if (count > all - row_) return other_count(path_, all, rows_path_, "more");
    if (block->empty() && row_ < all) return other_count(path_, all, rows_path_, grouped(row_));
    block->vectors = file_.rows.piece(row_, count);
    row_ += count;
    return block;
  }
  SparseRows seen() const override { return feed_->seen(); }
  std::vector<std::string> told() const override { return feed_->told(); }

 private:
  std::unique_ptr<RowFeed> feed_;
  datasets::DenseFile file_;
  std::string path_, rows_path_;
  std::size_t row_ = 0;
};

}  // namespace

void add_vectors_option(CLI::App& parser, std::string& path, const char* whose) {
  parser
      .add_option("--vectors", path,
                  fmt::format("Dense vectors, such as sentence vectors, one for each row of {}, in their order: a matrix of "
                              "float32 or float16 that numpy.save wrote (.npy).",
                              whose))
      ->type_name("FILE");
}

Result<datasets::DenseFile> read_vectors(const std::string& path, std::size_t rows, const std::string& rows_path, bool quiet) {
  if (path.empty()) return datasets::DenseFile{};
  auto file = datasets::read_npy(path);
  if (!file) return file;
  if (file->rows.rows() != rows) return other_count(path, file->rows.rows(), rows_path, grouped(rows));
  if (!quiet)
    note(fmt::format("vectors {}: {} of {} numbers", datasets::quoted(path), grouped(file->rows.rows()), file->rows.width));
  return file;
}

Result<void> check_vectors_wanted(std::uint32_t width, const std::string& path, std::uint32_t given, const char* option) {
  if (width == 0 && !path.empty())
    return usage_error(fmt::format("{}: the model was trained without vectors; leave it out", option));
  if (width != 0 && path.empty())
    return usage_error(
        fmt::format("{} is missing: the model takes a vector of {} numbers with each row; give a file of them", option, width));
  if (width != given)
    return runtime_error(
        fmt::format("{} has vectors of {} numbers, the model takes {}; make them as those that it was trained on",
                    datasets::quoted(path), given, width));
  return {};
}

Result<std::unique_ptr<RowFeed>> with_vectors(std::unique_ptr<RowFeed> feed, const std::string& path,
                                              const std::string& rows_path, std::uint32_t width) {
  datasets::DenseFile file;
  if (!path.empty()) {
    auto read = datasets::read_npy(path);
    if (!read) return read.error();
    file = std::move(*read);
  }
  if (auto wanted = check_vectors_wanted(width, path, file.rows.width, "--vectors"); !wanted) return wanted.error();
  if (path.empty()) return feed;
  return std::unique_ptr<RowFeed>(std::make_unique<VectorFeed>(std::move(feed), std::move(file), path, rows_path));
}

}  // namespace glissade::apps
