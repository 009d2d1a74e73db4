#include "datasets/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "datasets/decompress.h"
#include "datasets/message.h"
#include "hashing/word_table.h"

namespace glissade::datasets {
namespace {

constexpr std::string_view kFastText = "__label__";
constexpr std::string_view kForms = "write 'label:score' pairs, or JSON such as {\"labels\":[3,8],\"scores\":[0.9,0.2]}";

/// An answer of the line at hand.
struct Answer {
  std::uint32_t label = 0;
  std::optional<double> score = {};
};

bool ends_pair(char c) noexcept { return c == ' ' || c == '\t'; }

/// Takes the next word between blanks off `rest`; empty at its end.
std::string_view next_word(std::string_view& rest) {
  while (!rest.empty() && ends_pair(rest.front())) rest.remove_prefix(1);
  const std::size_t end = static_cast<std::size_t>(std::ranges::find_if(rest, ends_pair) - rest.begin());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

template <class T>
bool reads_as(std::string_view text, T& value) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end && !text.empty();
}

class AnswerReader {
 public:
  AnswerReader(const std::string& path, const AnsweredData& data) : path_(path), data_(data) {
    if (data.names == nullptr) return;
    label_of_.resize(data.names->size());
    for (std::uint32_t label = 0; label < data.names->size(); ++label) label_of_[names_.add((*data.names)[label])] = label;
  }

  Result<Answers> read(std::string_view text) {
    skip_header(text);
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      ++line_;
      line_answers_.clear();
      if (auto done = take_line(line); !done) return done.error();
      if (auto done = keep(); !done) return done.error();
    }
    return checked();
  }

 private:
  Error wrong(std::string_view what, std::string_view remedy) const {
    return runtime_error(fmt::format("{}: {}; {}", place(path_, line_), what, remedy));
  }

  /// "rows labels" before as many lines as there are rows.
  void skip_header(std::string_view& text) {
    const auto lines =
        static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + (text.ends_with('\n') || text.empty() ? 0 : 1);
    std::string_view first = text.substr(0, text.find_first_of("\r\n"));
    std::uint64_t rows = 0, labels = 0;
    const bool numbers = reads_as(next_word(first), rows) && reads_as(next_word(first), labels) && next_word(first).empty();
    if (lines != data_.rows + 1 || !numbers || rows != data_.rows) return;
    text.remove_prefix(std::min(text.find('\n') + 1, text.size()));
    line_ = 1;
  }

  Result<void> take_line(std::string_view line) {
    std::string_view rest = line;
    const std::string_view first = next_word(rest);
    if (first.starts_with('{')) return take_json(line);
    if (first.starts_with(kFastText)) return take_fasttext(line);
    if (is_error(line)) return {};
    if (!by_name_ && !first.empty()) by_name_ = data_.names != nullptr && !(data_.may_be_ids && begins_with_id(first));
    return by_name_.value_or(false) ? take_named(line) : take_pairs(line);
  }

  /// Whether no answer stands there, but why there is none.
  bool is_error(std::string_view line) const noexcept {
    if (!line.starts_with("error: ")) return false;
    const std::string_view pair = line.substr(0, line.find('\t'));
    return names_.find(pair) == names_.kNone && names_.find(pair.substr(0, pair.rfind(':'))) == names_.kNone;
  }

  static bool begins_with_id(std::string_view word) {
    std::uint64_t id = 0;
    return reads_as(word.substr(0, word.find(':')), id);
  }

  Result<void> take_pairs(std::string_view line) {
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
      const std::size_t colon = std::min(word.find(':'), word.size());
      std::uint64_t label = 0;
      if (!reads_as(word.substr(0, colon), label))
        return wrong(fmt::format("the label of '{}' is no whole number", shown(word)),
                     fmt::format("{}; labels that are names need --label-names FILE", kForms));
      if (names_.find(word.substr(0, colon)) != names_.kNone)
        return wrong(
            fmt::format("'{}' may be an id or a name in {}", shown(word.substr(0, colon)), datasets::quoted(data_.names_source)),
            "give ids as JSON, or --label-names FILE with names");
      std::optional<double> score;
      if (colon < word.size()) {
        score = 0;
        if (!reads_as(word.substr(colon + 1), *score)) return wrong_score(word);
      }
      if (auto done = add(label, score); !done) return done;
    }
    return {};
  }

  /// "name:score", with tabs between them. Names may hold colons and blanks; what follows the last colon is a score if it is a
  /// number and no name ends in it.
  Result<void> take_named(std::string_view line) {
    while (!line.empty()) {
      const std::size_t end = std::min(line.find('\t'), line.size());
      const std::string_view pair = line.substr(0, end);
      line.remove_prefix(std::min(end + 1, line.size()));
      if (pair.empty()) continue;
      const std::size_t colon = pair.rfind(':');
      double score = 0;
      const bool scored =
          colon != std::string_view::npos && names_.find(pair) == names_.kNone && reads_as(pair.substr(colon + 1), score);
      auto done = scored ? add_name(unescaped(pair.substr(0, colon)), score) : add_name(unescaped(pair), std::nullopt);
      if (!done) return done;
    }
    return {};
  }

  /// A name as `predict` prints it, with \\t, \\n, \\r and \\\\ for a tab, line ends and a backslash; or as another program does:
  /// as it is.
  std::string_view unescaped(std::string_view name) {
    if (name.find('\\') == std::string_view::npos) return name;
    unescaped_.clear();
    for (std::size_t i = 0; i < name.size(); ++i) {
      constexpr std::string_view kCodes = "tnr\\", kMeant = "\t\n\r\\";
      const std::size_t code = name[i] == '\\' && i + 1 < name.size() ? kCodes.find(name[i + 1]) : std::string_view::npos;
      unescaped_ += code == std::string_view::npos ? name[i] : kMeant[code];
      i += code == std::string_view::npos ? 0 : 1;
    }
    return names_.find(unescaped_) == names_.kNone ? name : std::string_view(unescaped_);
  }

  Result<void> take_fasttext(std::string_view line) {
    if (data_.names == nullptr)
      return wrong(fmt::format("labels such as '{}' are names", shown(next_word(line))),
                   "say what they are with --label-names FILE");
    std::string_view word = next_word(line);
    while (!word.empty()) {
      if (!word.starts_with(kFastText))
        return wrong(fmt::format("'{}' is no label", shown(word)), "write '__label__name score' pairs");
      const std::string_view name = word.substr(kFastText.size());
      std::optional<double> score;
      word = next_word(line);
      if (!word.empty() && !word.starts_with(kFastText)) {
        score = 0;
        if (!reads_as(word, *score)) return wrong_score(word);
        word = next_word(line);
      }
      if (auto done = add_name(name, score); !done) return done;
    }
    return {};
  }

  Result<void> take_json(std::string_view line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object() && json.contains("answers") && json["answers"].is_array()) return take_objects(json["answers"]);
    if (json.is_object() && json.contains("error") && !json.contains("labels")) return {};
    const bool labelled = json.is_object() && json.contains("labels") && json["labels"].is_array();
    if (!labelled) return wrong("this is no JSON object with an array \"labels\"", kForms);
    const auto& labels = json["labels"];
    const bool scored = json.contains("scores");
    if (scored && (!json["scores"].is_array() || json["scores"].size() != labels.size()))
      return wrong(fmt::format("\"scores\" is no array of {} numbers, one for each label", labels.size()), kForms);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      std::optional<double> score;
      if (scored) {
        if (!json["scores"][i].is_number()) return wrong_score(json["scores"][i].dump());
        score = json["scores"][i].get<double>();
      }
      auto done = labels[i].is_string()            ? add_name(labels[i].get_ref<const std::string&>(), score)
                  : labels[i].is_number_unsigned() ? add(labels[i].get<std::uint64_t>(), score)
                                                   : Result<void>(wrong(fmt::format("'{}' is no label", shown(labels[i].dump())),
                                                                        "labels are whole numbers from 0, or names"));
      if (!done) return done;
    }
    return {};
  }

  /// [{"label":3,"name":"x","probability":0.5}], as `predict --json` writes.
  Result<void> take_objects(const nlohmann::json& objects) {
    for (const auto& object : objects) {
      const bool has_label = object.is_object() && object.contains("label") && object["label"].is_number_unsigned();
      const bool has_name = object.is_object() && object.contains("name") && object["name"].is_string();
      if (!has_label)
        return wrong(fmt::format("'{}' is no answer", shown(object.dump())), "write it as {\"label\":3,\"score\":0.5}");
      std::optional<double> score;
      for (const char* const key : {"probability", "score", "logit"}) {
        if (score || !object.contains(key)) continue;
        if (!object[key].is_number()) return wrong_score(object[key].dump());
        score = object[key].get<double>();
      }
      const auto label = object["label"].get<std::uint64_t>();
      const bool by_name =
          has_name && data_.names != nullptr &&
          (label >= data_.names->size() || (*data_.names)[label] != object["name"].get_ref<const std::string&>());
      auto done = by_name ? add_name(object["name"].get_ref<const std::string&>(), score) : add(label, score);
      if (!done) return done;
    }
    return {};
  }

  Error wrong_score(std::string_view word) const {
    return wrong(fmt::format("the score in '{}' is not a number", shown(word)), "write it as a decimal such as 0.25");
  }

  Result<void> add_name(std::string_view name, std::optional<double> score) {
    if (data_.names == nullptr)
      return wrong(fmt::format("the label '{}' is a name", shown(name)), "say which label it is with --label-names FILE");
    const std::uint32_t number = names_.find(name);
    if (number != names_.kNone && names_.counts()[number] > 1)
      return wrong(fmt::format("the name '{}' stands for {} labels of {}", shown(name), names_.counts()[number],
                               datasets::quoted(data_.names_source)),
                   "give answers by id");
    return put(number == names_.kNone ? Answers::kUnknown : label_of_[number], score);
  }

  Result<void> add(std::uint64_t label, std::optional<double> score) {
    const std::uint64_t most = data_.labels == 0 ? Answers::kUnknown : data_.labels;
    if (label < most) return put(static_cast<std::uint32_t>(label), score);
    return wrong(fmt::format("label {} is out of range: {} has {} labels, from 0 on", label, datasets::quoted(data_.path), most),
                 "give answers to these data");
  }

  Result<void> put(std::uint32_t label, std::optional<double> score) {
    if (score && std::isnan(*score)) return wrong("a score is not a number (nan)", "write it as a decimal such as 0.25");
    line_answers_.push_back({label, score});
    if (line_answers_.front().score.has_value() == score.has_value()) return {};
    return wrong("some labels have a score and some have none", "give all of a line scores, or none");
  }

  /// The answers of a line, best first.
  Result<void> keep() {
    std::ranges::stable_sort(line_answers_,
                             [](const Answer& a, const Answer& b) { return a.score.value_or(0) > b.score.value_or(0); });
    const std::size_t first = answers_.ids.size();
    for (const Answer& answer : line_answers_) answers_.ids.push_back(answer.label);
    answers_.offsets.push_back(answers_.ids.size());
    sorted_.assign(answers_.ids.begin() + static_cast<std::ptrdiff_t>(first), answers_.ids.end());
    std::ranges::sort(sorted_);
    answers_.unknown += static_cast<std::uint64_t>(std::ranges::count(sorted_, Answers::kUnknown));
    const auto twice = std::ranges::adjacent_find(sorted_);
    if (twice == sorted_.end() || *twice == Answers::kUnknown) return {};
    return wrong(fmt::format("label {} is answered twice", *twice), "give each label of a row once");
  }

  Result<Answers> checked() {
    const std::uint64_t rows = answers_.offsets.size() - 1;
    if (rows != data_.rows)
      return runtime_error(
          fmt::format("{} has {} lines of answers where {} has {} rows; give a line for each row, an empty one for none",
                      datasets::quoted(path_), rows, datasets::quoted(data_.path), data_.rows));
    if (!answers_.ids.empty() && answers_.unknown == answers_.ids.size())
      return runtime_error(fmt::format("none of the {} answers in {} is a name in {}; give the names that these answers use",
                                       answers_.unknown, datasets::quoted(path_), datasets::quoted(data_.names_source)));
    return std::move(answers_);
  }

  const std::string& path_;
  const AnsweredData& data_;
  hashing::WordTable names_;
  std::vector<std::uint32_t> label_of_;  ///< of each name, the last label that has it
  std::optional<bool> by_name_;          ///< what pairs have; none until there is one
  std::uint64_t line_ = 0;
  std::vector<Answer> line_answers_;
  std::vector<std::uint32_t> sorted_;
  std::string unescaped_;
  Answers answers_;
};

}  // namespace

Result<Answers> read_answers(const std::string& path, const AnsweredData& data) {
  const auto text = Text::open(path);
  if (!text) return text.error();
  return AnswerReader(path, data).read(text->text());
}

}  // namespace glissade::datasets
