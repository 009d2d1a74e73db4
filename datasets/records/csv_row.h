#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace glissade::datasets {

enum class CsvFault { none, unclosed, behind_quote };

/// One cell as it stands in the text, without its outer quotes.
struct CsvCell {
  std::string_view text;
  std::size_t at = 0;    ///< where it begins in the text, its quote included
  bool doubled = false;  ///< quotes stand twice in it
  CsvFault fault = CsvFault::none;
};

/// The cells of a CSV text (RFC 4180), row by row. A quote opens a quoted cell where a cell begins and is a character like others
/// elsewhere, as in Python's csv. Lines end with LF or CRLF.
class CsvRows {
 public:
  CsvRows(std::string_view text, char separator, bool quotes) noexcept : text_(text), separator_(separator), quotes_(quotes) {}

  /// Steps over empty lines; whether a row follows.
  bool more() noexcept {
    for (;;) {
      if (at_ == text_.size()) return false;
      if (text_[at_] == '\n') {
        ++at_;
      } else if (ends_line(at_)) {
        at_ += 1;
      } else {
        return true;
      }
    }
  }
  std::size_t at() const noexcept { return at_; }

  /// Calls take(cell) for each cell of the row that begins here.
  template <class Take>
  void row(const Take& take) {
    for (bool last = false; !last;) {
      CsvCell cell;
      cell.at = at_;
      last = quotes_ && at_ < text_.size() && text_[at_] == '"' ? quoted(cell) : plain(at_, cell);
      take(cell);
    }
  }

 private:
  std::size_t find(char c, std::size_t from, std::size_t to) const noexcept {
    if (from >= to) return to;
    const void* const found = std::memchr(text_.data() + from, c, to - from);
    return found == nullptr ? to : static_cast<std::size_t>(static_cast<const char*>(found) - text_.data());
  }

  /// Whether CR stands here and the line ends behind it.
  bool ends_line(std::size_t at) const noexcept { return text_[at] == '\r' && (at + 1 == text_.size() || text_[at + 1] == '\n'); }

  std::size_t line_end(std::size_t at) noexcept {
    if (line_end_ == kUnknown || line_end_ < at) line_end_ = find('\n', at, text_.size());
    return line_end_;
  }

  /// The rest of a cell without quotes, from `from`; whether it is the row's last.
  bool plain(std::size_t from, CsvCell& cell) noexcept {
    const std::size_t line = line_end(from);
    const std::size_t end = find(separator_, from, line);
    if (end < line) {
      cell.text = text_.substr(from, end - from);
      at_ = end + 1;
      return false;
    }
    const bool carriage = line > from && text_[line - 1] == '\r';
    cell.text = text_.substr(from, line - from - (carriage ? 1 : 0));
    at_ = line < text_.size() ? line + 1 : line;
    return true;
  }

  bool quoted(CsvCell& cell) noexcept {
    const std::size_t begin = at_ + 1;
    std::size_t end = begin;
    for (;;) {
      end = find('"', end, text_.size());
      if (end == text_.size()) {
        cell.text = text_.substr(begin);
        cell.fault = CsvFault::unclosed;
        at_ = end;
        return true;
      }
      if (end + 1 == text_.size() || text_[end + 1] != '"') break;
      cell.doubled = true;
      end += 2;
    }
    cell.text = text_.substr(begin, end - begin);
    at_ = end + 1;
    if (at_ == text_.size()) return true;
    if (text_[at_] == separator_) {
      ++at_;
      return false;
    }
    if (text_[at_] == '\n' || ends_line(at_)) {
      at_ += text_[at_] == '\n' ? 1 : (at_ + 1 == text_.size() ? 1 : 2);
      return true;
    }
    cell.fault = CsvFault::behind_quote;
    return plain(at_, cell);
  }

  static constexpr std::size_t kUnknown = std::string_view::npos;
  std::string_view text_;
  char separator_;
  bool quotes_;
  std::size_t at_ = 0;
  std::size_t line_end_ = kUnknown;  ///< the first newline behind a place asked for last
};

}  // namespace glissade::datasets
