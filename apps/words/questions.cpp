#include "apps/words/questions.h"

#include <cctype>
#include <filesystem>
#include <optional>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/console/numbers.h"
#include "datasets/word_questions.h"

namespace glissade::apps {
namespace {

using Json = nlohmann::ordered_json;

/// Words of questions to numbers.
class Index {
 public:
  explicit Index(const std::vector<std::string>& words) {
    for (std::uint32_t i = 0; i < words.size(); ++i) numbers_.emplace(words[i], i);
  }
  std::optional<std::uint32_t> find(std::string word) const {
    if (const auto at = numbers_.find(word); at != numbers_.end()) return at->second;
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (const auto at = numbers_.find(word); at != numbers_.end()) return at->second;
    return std::nullopt;
  }

 private:
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

struct Tally {
  std::string name;
  std::size_t right = 0, asked = 0, unknown = 0;
  double share() const { return asked == 0 ? 0 : static_cast<double>(right) / static_cast<double>(asked); }
  Tally& operator+=(const Tally& other) {
    right += other.right;
    asked += other.asked;
    unknown += other.unknown;
    return *this;
  }
};

struct Similarity {
  std::string name;
  double correlation = 0;
  std::size_t pairs = 0, unknown = 0;
};

/// By section, then of the semantic ones, the syntactic ones (named gram...), and all.
Result<std::vector<Tally>> analogies(const Vocabulary& vocabulary, const Index& index, const WordQuestions& questions) {
  const auto file = datasets::read_analogies(questions.analogies);
  if (!file) return file.error();
  std::vector<Tally> tallies;
  for (const std::string& section : file->sections) tallies.push_back({section});
  std::vector<WordVectors::Analogy> known;
  std::vector<std::size_t> sections;
  for (const auto& question : file->questions) {
    std::array<std::uint32_t, 4> ids{};
    bool all = true;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto id = index.find(question.words[i]);
      all = all && id && *id < questions.among;
      ids[i] = id.value_or(0);
    }
    if (!all) {
      ++tallies[question.section].unknown;
      continue;
    }
    known.push_back({ids[0], ids[1], ids[2], ids[3]});
    sections.push_back(question.section);
  }
  const std::vector<char> right = vocabulary.vectors().solve(known, questions.among);
  for (std::size_t i = 0; i < known.size(); ++i) {
    ++tallies[sections[i]].asked;
    tallies[sections[i]].right += static_cast<std::size_t>(right[i]);
  }
  Tally semantic{"semantic"}, syntactic{"syntactic"}, all{"all"};
  for (const Tally& tally : tallies) {
    (tally.name.starts_with("gram") ? syntactic : semantic) += tally;
    all += tally;
  }
  tallies.insert(tallies.end(), {semantic, syntactic, all});
  return tallies;
}

Result<Similarity> similarity(const Vocabulary& vocabulary, const Index& index, const std::string& path) {
  const auto pairs = datasets::read_similarities(path);
  if (!pairs) return pairs.error();
  Similarity out{std::filesystem::path(path).filename().string()};
  std::vector<double> people, cosines;
  for (const auto& pair : *pairs) {
    const auto a = index.find(pair.words[0]), b = index.find(pair.words[1]);
    if (!a || !b) {
      ++out.unknown;
      continue;
    }
    people.push_back(pair.score);
    cosines.push_back(vocabulary.vectors().cosine(*a, *b));
  }
  out.pairs = people.size();
  out.correlation = rank_correlation(people, cosines);
  return out;
}

std::string table(const std::vector<Tally>& tallies, const std::vector<Similarity>& similarities) {
  std::string text;
  if (!tallies.empty()) text += fmt::format("{:<30}{:>8}{:>9}{:>9}{:>10}\n", "analogies", "%", "right", "asked", "unknown");
  for (const Tally& t : tallies)
    text += fmt::format("{:<30}{:>8}{:>9}{:>9}{:>10}\n", t.name, percent(t.share()), grouped(t.right), grouped(t.asked),
                        grouped(t.unknown));
  if (similarities.empty()) return text;
  if (!text.empty()) text += '\n';
  text += fmt::format("{:<30}{:>8}{:>9}{:>9}{:>10}\n", "similarities", "rho", "", "pairs", "unknown");
  for (const Similarity& s : similarities)
    text += fmt::format("{:<30}{:>8.4f}{:>9}{:>9}{:>10}\n", s.name, s.correlation, "", grouped(s.pairs), grouped(s.unknown));
  return text;
}

std::string json_text(const std::vector<Tally>& tallies, const std::vector<Similarity>& similarities) {
  Json json = Json::object();
  for (const Tally& t : tallies)
    json["analogies"][t.name] = {{"share", t.share()}, {"right", t.right}, {"asked", t.asked}, {"unknown", t.unknown}};
  for (const Similarity& s : similarities)
    json["similarities"][s.name] = {{"rank_correlation", s.correlation}, {"pairs", s.pairs}, {"unknown", s.unknown}};
  return json.dump() + "\n";
}

}  // namespace

Result<std::string> ask(const Vocabulary& vocabulary, const WordQuestions& questions, bool json) {
  const Index index(vocabulary.words());
  std::vector<Tally> tallies;
  if (!questions.analogies.empty()) {
    auto answered = analogies(vocabulary, index, questions);
    if (!answered) return answered.error();
    tallies = std::move(*answered);
  }
  std::vector<Similarity> similarities;
  for (const std::string& path : questions.similarities) {
    auto answered = similarity(vocabulary, index, path);
    if (!answered) return answered.error();
    similarities.push_back(std::move(*answered));
  }
  return json ? json_text(tallies, similarities) : table(tallies, similarities);
}

}  // namespace glissade::apps
