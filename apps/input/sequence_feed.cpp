#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/input/row_feed.h"
#include "apps/input/sequence_rows.h"
#include "datasets/decompress.h"

namespace glissade::apps {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 18;

/// Whole lines of a file or of a stream.
class SequenceFeed : public RowFeed {
 public:
  SequenceFeed(const RowInput& input, const SequenceNotes& notes, const Model& model)
      : rows_(model.label_names(), notes), name_(input.name()) {}

  Result<void> open(const RowInput& input) {
    if (input.is_stream()) {
      stream_ = input.lines();
      return {};
    }
    auto text = datasets::Text::open(input.path);
    if (!text) return text.error();
    text_ = std::move(*text);
    rest_ = text_->text();
    return {};
  }

  Result<RowBlock> next() override {
    if (stream_) {
      const auto lines = stream_->next();
      if (!lines) return lines.error();
      return rows_.rows(*lines);
    }
    std::size_t end = rest_.find('\n', std::min(kBlockBytes, std::max<std::size_t>(rest_.size(), 1) - 1));
    end = end == std::string_view::npos ? rest_.size() : end + 1;
    const std::string_view lines = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return rows_.rows(lines);
  }

  SparseRows seen() const override { return rows_.seen(); }

  std::vector<std::string> told() const override {
    std::vector<std::string> lines;
    if (rows_.read() == 0) lines.push_back(fmt::format("{} held no sequences", name_));
    if (rows_.unknown() > 0)
      lines.push_back(fmt::format("{}: {} of {} items are unknown to the model; they are passed over", name_,
                                  grouped(rows_.unknown()), grouped(rows_.items())));
    return lines;
  }

 private:
  SequenceRows rows_;
  std::string name_;
  std::optional<LineStream> stream_;
  std::optional<datasets::Text> text_;
  std::string_view rest_;
};

}  // namespace

Result<std::unique_ptr<RowFeed>> feed_of_sequences(const RowInput& input, const SequenceNotes& notes, const Model& model) {
  auto feed = std::make_unique<SequenceFeed>(input, notes, model);
  if (auto opened = feed->open(input); !opened) return opened.error();
  return std::unique_ptr<RowFeed>(std::move(feed));
}

}  // namespace glissade::apps
