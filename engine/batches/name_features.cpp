#include <algorithm>
#include <cctype>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include <glissade/label_names.h>

#include "engine/batches/fold_case.h"
#include "engine/pipeline/characters.h"

namespace glissade {
namespace {

/// A word as a pipeline makes features of it: in lower case, and Latin, Greek and Cyrillic letters without accents. What is no
/// letter stays.
std::string without_accents(std::string_view word) {
  const Characters& plain = Characters::with(false);
  std::string out;
  for (std::size_t at = 0, length = 0; at < word.size(); at += length) {
    const FoldedCharacter character = plain.first(word.substr(at), length);
    out += character.kind == CharacterKind::separator ? word.substr(at, length) : character.text();
  }
  return out;
}

/// Features by their names, and by these in lower case: of several, the first. A word with accents is looked up without them,
/// too: features of a pipeline have none.
class FeaturesByName {
 public:
  explicit FeaturesByName(std::span<const std::string> names) {
    exact_.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) exact_.emplace(names[i], static_cast<std::uint32_t>(i));
    for (std::size_t i = 0; i < names.size(); ++i) folded_.emplace(fold_case(names[i]), static_cast<std::uint32_t>(i));
    has_runs_ = std::ranges::any_of(names, [](const std::string& name) { return name.find(' ') != std::string::npos; });
  }
  /// Whether some feature is a run of words.
  bool has_runs() const noexcept { return has_runs_; }
  void add(std::string_view word, std::vector<std::uint32_t>& found) const {
    if (word.empty()) return;
    if (const auto it = exact_.find(word); it != exact_.end()) return found.push_back(it->second);
    if (const auto it = folded_.find(fold_case(word)); it != folded_.end()) return found.push_back(it->second);
    if (std::ranges::all_of(word, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return;
    if (const auto it = folded_.find(without_accents(word)); it != folded_.end()) found.push_back(it->second);
  }

 private:
  std::unordered_map<std::string_view, std::uint32_t> exact_;
  std::unordered_map<std::string, std::uint32_t> folded_;
  bool has_runs_ = false;
};

bool is_space(char c) noexcept { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// Calls visit(piece) for what stands between spaces.
template <class Visit>
void for_each_piece(std::string_view text, const Visit& visit) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    while (i < text.size() && !is_space(text[i])) ++i;
    if (i != begin) visit(text.substr(begin, i - begin));
    while (i < text.size() && is_space(text[i])) ++i;
  }
}

/// Calls visit(word) for runs of letters and digits, and for overlapping pairs of characters of a script that writes no spaces,
/// as a pipeline cuts texts; of such a character that stands alone, for it.
template <class Visit>
void for_each_word(std::string_view text, const Visit& visit) {
  const Characters& characters = Characters::with(true);
  std::size_t word = 0, word_bytes = 0;    // where the run of letters begins
  std::size_t dense = 0, dense_bytes = 0;  // the last character of a run without spaces
  bool is_paired = false;
  const auto end_word = [&] {
    if (word_bytes > 0) visit(text.substr(word, word_bytes));
    word_bytes = 0;
  };
  const auto end_dense = [&] {
    if (dense_bytes > 0 && !is_paired) visit(text.substr(dense, dense_bytes));
    dense_bytes = 0;
    is_paired = false;
  };
  for (std::size_t at = 0, length = 0; at < text.size(); at += length) {
    const CharacterKind kind = characters.first(text.substr(at), length).kind;
    if (kind != CharacterKind::letter) end_word();
    if (kind != CharacterKind::dense) end_dense();
    if (kind == CharacterKind::letter) {
      if (word_bytes == 0) word = at;
      word_bytes += length;
    } else if (kind == CharacterKind::dense) {
      if (dense_bytes > 0) {
        visit(text.substr(dense, dense_bytes + length));
        is_paired = true;
      }
      dense = at;
      dense_bytes = length;
    }
  }
  end_word();
  end_dense();
}

/// Features that are runs of two to four words of the name, with a space between them.
void find_runs(std::string_view name, const FeaturesByName& features, std::vector<std::uint32_t>& found) {
  constexpr std::size_t kLongest = 4;
  std::vector<std::string_view> words;
  for_each_word(name, [&](std::string_view word) { words.push_back(word); });
  for (std::size_t first = 0; first < words.size(); ++first) {
    std::string run(words[first]);
    for (std::size_t last = first + 1; last < std::min(words.size(), first + kLongest); ++last) {
      run += ' ';
      run += words[last];
      features.add(run, found);
    }
  }
}

void find_words(std::string_view name, const FeaturesByName& features, std::vector<std::uint32_t>& found) {
  found.clear();
  features.add(name, found);
  for_each_piece(name, [&](std::string_view piece) {
    features.add(piece, found);
    for_each_word(piece, [&](std::string_view word) { features.add(word, found); });
  });
  if (features.has_runs()) find_runs(name, features, found);
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());  // clang 14 takes no subrange of libstdc++
}

}  // namespace

std::size_t NameFeatures::named() const noexcept {
  std::size_t count = 0;
  for (std::size_t label = 0; label < labels(); ++label) count += offsets[label + 1] > offsets[label] ? 1 : 0;
  return count;
}

NameFeatures name_features(std::span<const std::string> label_names, std::span<const std::string> feature_names) {
  const FeaturesByName features(feature_names);
  NameFeatures out;
  out.offsets.reserve(label_names.size() + 1);
  out.offsets.push_back(0);
  std::vector<std::uint32_t> found;
  for (const std::string& name : label_names) {
    find_words(name, features, found);
    out.ids.insert(out.ids.end(), found.begin(), found.end());
    out.offsets.push_back(out.ids.size());
  }
  return out;
}

}  // namespace glissade
