#include "datasets/records/json_rows.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "datasets/corpus.h"
#include "datasets/message.h"
#include "datasets/records/json_text.h"
#include "datasets/records/rows.h"

namespace glissade::datasets {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr int kDeepest = 500;

constexpr std::string_view kNoEnd = "it ends before its closing brace";

std::string_view reason(simdjson::error_code code) noexcept {
  switch (code) {
    case simdjson::UNCLOSED_STRING: return "a string is not closed";
    case simdjson::UNESCAPED_CHARS: return "a control character in a string; write \\n, \\t or \\u0000 for it";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT: return kNoEnd;
    case simdjson::DEPTH_ERROR: return "objects and arrays lie too deep inside each other";
    default: return "a comma, colon, bracket or value is missing or too many";
  }
}

std::string_view value_token(std::string_view token) noexcept {
  while (!token.empty() && is_blank(token.back())) token.remove_suffix(1);
  return token;
}

/// Walks over one JSON document and gives texts that are asked for to a writer. Everything is looked at, also what is not asked
/// for: a document that is broken anywhere is refused.
class Walk {
 public:
  Walk(std::string_view line, RecordWriter& writer) noexcept : line_(line), writer_(writer) {}

  void document(ondemand::document& document) {
    ondemand::object object;
    if (const auto code = document.get_object().get(object)) return broken(code);
    if (!walk(object, &writer_.layout().names, 1)) return;
    // There is no place behind the last bracket.
    if (document.current_location().error() == simdjson::SUCCESS) broken("text stands behind its closing brace");
  }

  void broken(simdjson::error_code code) { broken(reason(code)); }

 private:
  bool walk(ondemand::object& object, const JsonNames* names, int depth) {
    if (depth > kDeepest) return stop(simdjson::DEPTH_ERROR);
    std::uint64_t seen = 0;  // of a name that stands twice the first counts
    for (auto field : object) {
      ondemand::raw_json_string raw;
      if (const auto code = field.key().get(raw)) return stop(code);
      const JsonString key = string_at(raw.raw());
      if (!key.good) return stop("an escape in a string is none");
      last_name_ = key.text;
      ondemand::value value;
      if (const auto code = field.value().get(value)) return stop(code);
      if (!take(value, named(names, key.text, seen), depth)) return false;
    }
    return true;
  }

  static const JsonNames* named(const JsonNames* names, std::string_view key, std::uint64_t& seen) noexcept {
    if (names == nullptr) return nullptr;
    for (std::size_t i = 0; i < names->inside.size(); ++i) {
      const JsonNames& inside = names->inside[i];
      if (inside.name != key) continue;
      const std::uint64_t bit = std::uint64_t{1} << std::min<std::size_t>(i, 63);
      if (i < 64 && (seen & bit) != 0) return nullptr;
      seen |= bit;
      return &inside;
    }
    return nullptr;
  }

  bool take(ondemand::value& value, const JsonNames* names, int depth) {
    ondemand::json_type type;
    if (const auto code = value.type().get(type)) return stop(code);
    if (type == ondemand::json_type::object) {
      ondemand::object object;
      if (const auto code = value.get_object().get(object)) return stop(code);
      if (names != nullptr && !names->columns.empty()) wrong_type(*names, true);
      return walk(object, names, depth + 1);
    }
    if (type != ondemand::json_type::array) return scalar(value, type, names);
    if (depth > kDeepest) return stop(simdjson::DEPTH_ERROR);
    ondemand::array array;
    if (const auto code = value.get_array().get(array)) return stop(code);
    for (auto element : array) {
      ondemand::value one;
      if (const auto code = element.get(one)) return stop(code);
      ondemand::json_type inner;
      if (const auto code = one.type().get(inner)) return stop(code);
      const bool nested = inner == ondemand::json_type::array;
      if (nested && names != nullptr && !names->columns.empty()) wrong_type(*names, false);
      if (!take(one, nested ? nullptr : names, depth + 1)) return false;
    }
    return true;
  }

  bool scalar(ondemand::value& value, ondemand::json_type type, const JsonNames* names) {
    const std::string_view token = value_token(value.raw_json_token());
    if (type == ondemand::json_type::string) {
      const JsonString string = string_at(token.data() + 1);
      if (!string.good) return stop("an escape in a string is none");
      give(names, string);
      return true;
    }
    if (type == ondemand::json_type::null) return token == "null" || stop(fmt::format("'{}' is no value", shown(token)));
    const bool is_word = type == ondemand::json_type::boolean;
    if (is_word ? token != "true" && token != "false" : !is_json_number(token))
      return stop(fmt::format("'{}' is no value", shown(token)));
    JsonString text;
    text.text = token;
    give(names, text);
    return true;
  }

  void give(const JsonNames* names, const JsonString& string) {
    if (names == nullptr) return;
    for (const std::uint32_t column : names->columns) {
      if (string.replaced && writer_.layout().strict)
        return writer_.problem(fmt::format("column '{}' has half of a pair of surrogates (\\uD800 to \\uDFFF); write both",
                                           shown(writer_.layout().asked[column], 60)));
      if (string.replaced) writer_.count_replaced();
      writer_.text(column, string.text, !string.escaped);
    }
  }

  void wrong_type(const JsonNames& names, bool object) {
    const std::string name = shown(writer_.layout().asked[names.columns.front()], 60);
    writer_.problem(fmt::format("column '{}' is an {} here, and a text, a number or an array of them is needed; {}", name,
                                object ? "object" : "array of arrays",
                                object ? fmt::format("ask for one of its names as '{}.NAME'", name) : "write one array"));
  }

  JsonString string_at(const char* raw) {
    return json_string(line_.substr(static_cast<std::size_t>(raw - line_.data())), writer_.memory());
  }

  bool stop(simdjson::error_code code) { return stop(reason(code)); }
  bool stop(std::string_view why) {
    broken(why);
    return false;
  }
  void broken(std::string_view why) {
    const std::string after = last_name_.data() == nullptr ? "" : fmt::format(" after the name '{}'", shown(last_name_, 60));
    writer_.problem(fmt::format("invalid JSON{}: {}", after, why));
  }

  std::string_view line_;
  RecordWriter& writer_;
  std::string_view last_name_;
};

std::string_view kind_of(char first) noexcept { return first == '[' ? "an array" : first == '"' ? "a string" : "none"; }

}  // namespace

struct JsonRows::Parser {
  ondemand::parser parser;

  simdjson::error_code start(const char* data, std::size_t size, std::size_t readable, ondemand::document& document) {
    // Grows in steps: the parser would take no more than each line needs.
    constexpr std::size_t kLeast = std::size_t{1} << 16;
    if (parser.capacity() < size) {
      if (const auto code = parser.allocate(std::max(kLeast, 2 * size))) return code;
    }
    return parser.iterate(simdjson::padded_string_view(data, size, readable)).get(document);
  }
};

JsonRows::JsonRows() : parser_(std::make_unique<Parser>()) {}
JsonRows::~JsonRows() = default;

void JsonRows::line(std::string_view line, std::size_t readable, RecordWriter& writer) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (line[first] != '{')
    return writer.problem(
        fmt::format("a record is a JSON object, and this is {}; write one object a line", kind_of(line[first])));
  const auto padded = [&writer](std::string_view text) {
    char* const copy = writer.memory().take(text.size() + simdjson::SIMDJSON_PADDING);
    std::memset(std::copy(text.begin(), text.end(), copy), ' ', simdjson::SIMDJSON_PADDING);
    return std::string_view(copy, text.size());
  };
  if (readable - line.size() < simdjson::SIMDJSON_PADDING) {
    line = padded(line);
    readable = line.size() + simdjson::SIMDJSON_PADDING;
  }
  ondemand::document document;
  auto code = parser_->start(line.data(), line.size(), readable, document);
  if (code == simdjson::UTF8_ERROR) {
    if (writer.layout().strict)
      return writer.problem(fmt::format("the record is not UTF-8 at '{}'; convert the file, for instance with iconv",
                                        shown(line.substr(utf8_end(line), 4))));
    writer.count_replaced();
    line = padded(mended_utf8(line, writer.memory()));
    code = parser_->start(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING, document);
  }
  Walk walk(line, writer);
  if (code != simdjson::SUCCESS) {
    if (line.find('\0') != std::string_view::npos)
      return writer.problem("the record has a NUL byte; remove it, for instance with tr -d '\\000'");
    return walk.broken(code);
  }
  walk.document(document);
}

void read_json_rows(std::string_view text, std::size_t readable, RecordWriter& writer) {
  JsonRows& json = writer.json();
  for_each_row(text, [&](std::string_view line, std::size_t at) {
    if (all_blank(line)) return;
    writer.begin(at);
    json.line(line, readable - at, writer);
    writer.end();
  });
}

}  // namespace glissade::datasets
