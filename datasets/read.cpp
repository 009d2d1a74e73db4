#include "datasets/read.h"

#include <chrono>
#include <utility>

#include "datasets/decompress.h"
#include "datasets/mapped_file.h"
#include "datasets/parse.h"

namespace glissade::datasets {
namespace {

class Watch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

Result<Dataset> read_dataset(const std::string& path, const ReadOptions& options, ReadReport* report) {
  const Watch total;
  ReadReport unused;
  ReadReport& cost = report != nullptr ? *report : unused;
  cost = {};
  auto file = MappedFile::open(path);
  if (!file) return file.error();
  cost.file_bytes = file->bytes().size();

  const Watch decompression;
  auto text = Text::from(std::move(*file), path);
  if (!text) return text.error();
  cost.text_bytes = text->text().size();
  if (text->compressed()) cost.decompress_seconds = decompression.seconds();

  const Watch parsing;
  auto dataset = parse_dataset(text->text(), path, {.format = options.format, .id_base = options.id_base});
  cost.parse_seconds = parsing.seconds();
  cost.total_seconds = total.seconds();
  return dataset;
}

}  // namespace glissade::datasets
