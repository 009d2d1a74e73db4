#include "datasets/records/record_writer.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "datasets/corpus.h"
#include "datasets/message.h"
#include "datasets/records/json_rows.h"

namespace glissade::datasets {
namespace {

/// Bytes of the broken character that `text` begins with: those that could begin one, up to the byte that cannot go on (the
/// "maximal subpart" of Unicode 15, section 3.9, D93b). Python's decode("utf-8", "replace") cuts alike.
std::size_t broken_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0xc2 || first > 0xf4) return 1;
  const unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 1;
  std::size_t length = 2;
  while (length < (first >= 0xf0 ? 4u : first >= 0xe0 ? 3u : 2u) && (byte(length) & 0xc0u) == 0x80u) ++length;
  return length;
}

}  // namespace

RecordBlock::RecordBlock() = default;
RecordBlock::RecordBlock(RecordBlock&&) noexcept = default;
RecordBlock& RecordBlock::operator=(RecordBlock&&) noexcept = default;
RecordBlock::~RecordBlock() = default;

RecordWriter::RecordWriter(std::string_view text, const RecordLayout& layout, RecordBlock& block, LinesBefore before)
    : text_(text), layout_(layout), block_(block) {
  block.columns_ = layout.asked.size();
  block.before_ = std::move(before);
  block.lines_.clear();
  block.texts_.clear();
  block.ends_.clear();
  block.fields_.clear();
  block.problems_.clear();
  block.replaced_ = 0;
  block.memory_.clear();
  block.pending_.resize(layout.asked.size());
  for (auto& texts : block.pending_) texts.clear();
}

JsonRows& RecordWriter::json() {
  if (block_.json_ == nullptr) block_.json_ = std::make_unique<JsonRows>();
  return *block_.json_;
}

void RecordWriter::begin(std::size_t at) noexcept {
  line_ += static_cast<std::uint32_t>(newlines(text_.substr(counted_, at - counted_)));
  counted_ = at;
  failed_ = false;
}

void RecordWriter::text(std::uint32_t column, std::string_view text, bool sound) {
  if (text.empty()) return;
  const auto name = [&] { return shown(layout_.asked[column], 60); };
  if (text.size() > kLongestText) {
    const bool csv = layout_.format == RecordFormat::csv || layout_.format == RecordFormat::tsv;
    return problem(fmt::format("column '{}' has {} here, and {} is the most; {}", name(), system::bytes_text(text.size()),
                               system::bytes_text(kLongestText), csv ? "close its quote, or shorten it" : "shorten it"));
  }
  if (!sound) {
    if (std::memchr(text.data(), '\0', text.size()) != nullptr)
      return problem(fmt::format("column '{}' has a NUL byte; remove it, for instance with tr -d '\\000'", name()));
    if (const std::size_t valid = utf8_end(text); valid < text.size()) {
      if (layout_.strict)
        return problem(fmt::format("column '{}' is not UTF-8 at '{}'; convert the file, for instance with iconv", name(),
                                   shown(text.substr(valid, 4))));
      text = mended_utf8(text, block_.memory_);
      ++block_.replaced_;
    }
  }
  block_.pending_[column].push_back(text);
}

void RecordWriter::again(std::uint32_t column, std::uint32_t same_as) { block_.pending_[column] = block_.pending_[same_as]; }

void RecordWriter::problem(std::string what) { problem(std::move(what), counted_); }

void RecordWriter::problem(std::string what, std::size_t at) {
  if (std::exchange(failed_, true)) return;
  const std::uint64_t line = block_.before_.lines() + line_ + newlines(text_.substr(counted_, at - counted_));
  block_.problems_.push_back({block_.size(), line, fmt::format("{}: {}", place(layout_.path, line), what)});
}

void RecordWriter::end() {
  for (auto& texts : block_.pending_) {
    if (!failed_) {
      block_.texts_.insert(block_.texts_.end(), texts.begin(), texts.end());
      block_.ends_.push_back(static_cast<std::uint32_t>(block_.texts_.size()));
    }
    texts.clear();
  }
  if (!failed_) block_.lines_.push_back(line_);
}

void RecordWriter::finish() {
  block_.fields_.reserve(block_.ends_.size());
  std::uint32_t begin = 0;
  for (const std::uint32_t end : block_.ends_) {
    block_.fields_.push_back(std::span(block_.texts_).subspan(begin, end - begin));
    begin = end;
  }
}

std::string_view mended_utf8(std::string_view text, TextMemory& memory) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  char* const begin = memory.take(kReplacement.size() * text.size());
  char* to = begin;
  const auto put = [&to](std::string_view bytes) { to = std::copy(bytes.begin(), bytes.end(), to); };
  while (!text.empty()) {
    const std::size_t valid = utf8_end(text);
    put(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) break;
    put(kReplacement);
    text.remove_prefix(broken_length(text));
  }
  return {begin, static_cast<std::size_t>(to - begin)};
}

}  // namespace glissade::datasets
