#include "datasets/records/record_parser.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "datasets/byte_order_mark.h"
#include "datasets/message.h"
#include "datasets/records/cut.h"
#include "datasets/records/layout.h"
#include "datasets/records/record_writer.h"
#include "datasets/records/rows.h"

namespace glissade::datasets {

struct RecordParser::Impl {
  RecordOptions options;
  std::string path;
  std::optional<RecordLayout> layout;
  std::uint64_t lines = 0;  ///< of what was taken

  /// Reads what is before the first record. Its bytes; 0 while there is no line to tell the format by.
  Result<std::size_t> begin(std::string_view text, bool last) {
    const std::size_t mark = byte_order_mark(text);
    const std::string_view body = text.substr(mark);
    if (!last && body.size() < 4) return std::size_t{0};
    if (const auto encoding = wide_encoding(text); !encoding.empty())
      return runtime_error(fmt::format("{} is {} text; write it as UTF-8", datasets::quoted(path), encoding));
    if (!last && (body.find('\n') == std::string_view::npos || all_blank(body.substr(0, body.rfind('\n')))))
      return std::size_t{0};
    auto settled = read_layout(body, options, path, false);
    if (!settled) return settled.error();
    const bool whole = whole_records(body, *settled) >= settled->first;
    if (!whole && !last) return std::size_t{0};  // the header, or the record that stands for one, goes on
    if (!whole) settled = read_layout(body, options, path, settled->format != RecordFormat::json_lines);
    if (!settled) return settled.error();
    layout = std::move(*settled);
    return mark + layout->body;
  }
};

RecordParser::RecordParser(RecordOptions options, std::string path) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  impl_->path = std::move(path);
}
RecordParser::RecordParser(RecordParser&&) noexcept = default;
RecordParser& RecordParser::operator=(RecordParser&&) noexcept = default;
RecordParser::~RecordParser() = default;

Result<std::size_t> RecordParser::read(std::string_view text, bool last, RecordBlock& out) {
  std::size_t before = 0;
  if (!impl_->layout) {
    const auto began = impl_->begin(text, last);
    if (!began) return began.error();
    before = *began;
    if (!impl_->layout) {
      RecordWriter(text, RecordLayout{}, out, LinesBefore()).finish();
      return before;
    }
    impl_->lines = newlines(text.substr(0, before));
  }
  const std::string_view body = text.substr(before);
  const std::string_view records = last ? body : body.substr(0, whole_records(body, *impl_->layout));
  read_records(records, body.size(), *impl_->layout, LinesBefore(impl_->lines), out);
  impl_->lines += newlines(records);
  return before + records.size();
}

std::string RecordParser::format_text() const { return impl_->layout ? datasets::format_text(*impl_->layout) : ""; }

}  // namespace glissade::datasets
