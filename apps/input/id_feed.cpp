#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "apps/console/output.h"
#include "apps/input/data_notes.h"
#include "apps/input/read_notes.h"
#include "apps/input/row_feed.h"
#include "apps/input/row_stream.h"
#include "datasets/decompress.h"

namespace glissade::apps {
namespace {

constexpr std::size_t kBlockRows = 4096;

class IdStream : public RowFeed {
 public:
  /// `path` and `name` are for messages.
  IdStream(LineStream lines, std::string path, std::string name, const datasets::ReadOptions& reading, const Shape& shape,
           bool keeps_going)
      : stream_(std::move(lines), path == "-" ? name : path, reading, shape.features, keeps_going),
        path_(std::move(path)),
        name_(std::move(name)),
        shape_(shape) {}

  Result<RowBlock> next() override { return stream_.next(); }
  std::vector<std::string> told() const override {
    std::vector<std::string> lines = {changes_text(path_, stream_.changes()),
                                      unknown_text(path_, stream_.unknown_features(), shape_.features, 0, shape_.labels)};
    std::erase(lines, "");
    if (stream_.rows() == 0) lines.push_back(fmt::format("{} held no rows", name_));
    return lines;
  }

 private:
  RowStream stream_;
  std::string path_, name_;
  Shape shape_;
};

class IdFile : public RowFeed {
 public:
  IdFile(datasets::Dataset data, std::string name) : data_(std::move(data)), name_(std::move(name)) {}

  Result<RowBlock> next() override {
    const SparseRows& all = data_.view().features;
    const std::size_t count = std::min(kBlockRows, all.rows() - row_), first = std::exchange(row_, row_ + count);
    return RowBlock{{all.offsets.subspan(first, count + 1), all.ids, all.values}};
  }
  std::vector<std::string> told() const override {
    if (data_.view().size() > 0) return {};
    return {fmt::format("{} holds no rows", name_)};
  }

 private:
  datasets::Dataset data_;
  std::string name_;
  std::size_t row_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowFeed>> feed_of_ids(const RowInput& input, const DataOptions& options, const Model& model,
                                             const std::string& model_path) {
  const KnownBase known = known_base(model, model_path);
  if (!input.is_stream() && !input.keeps_going) {
    auto data = options.read(input.path, "", known);
    if (!data) return data.error();
    // Only the features matter: labels of the file may be unknown to the model.
    auto fit = options.fit(std::move(*data), input.path, model.shape().features, std::nullopt);
    if (!fit) return fit.error();
    return std::unique_ptr<RowFeed>(std::make_unique<IdFile>(std::move(*fit), input.name()));
  }
  const auto reading = options.resolve(known);
  if (!reading) return reading.error();
  const std::string name = input.path == "-" ? "standard input" : input.name();
  // Rows are answered as they come, so no id 0 of a later one can say otherwise.
  if (reading->format == datasets::Format::libsvm && reading->id_base == datasets::IdBase::detect)
    note(fmt::format("{}: feature ids are taken to count from one; --id-base says otherwise", name));
  if (input.is_stream())
    return std::unique_ptr<RowFeed>(
        std::make_unique<IdStream>(input.lines(), "-", name, *reading, model.shape(), input.keeps_going));
  auto text = datasets::Text::open(input.path);
  if (!text) return text.error();
  return std::unique_ptr<RowFeed>(
      std::make_unique<IdStream>(LineStream(std::move(*text)), input.path, name, *reading, model.shape(), input.keeps_going));
}

}  // namespace glissade::apps
