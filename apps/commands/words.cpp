#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/commands/command.h"
#include "apps/config/number_option.h"
#include "apps/console/output.h"
#include "apps/console/output_file.h"
#include "apps/words/vocabulary.h"

namespace glissade::apps {
namespace {

constexpr std::uint32_t kMost = 1000;

/// What `nearest` and `analogy` have in common: words of a model, in; the nearest words, out.
class WordCommand : public Command {
 public:
  void add_options(CLI::App& parser) override {
    parser.add_option("words", words_, words_help());
    parser.add_option("--model", model_, "Model file, trained on a running text.")->type_name("FILE");
    add_number(parser, "--k", k_, {1, kMost}, "Words to print, 1 to 1000. Default 10.")->type_name("N");
  }

  Result<int> run() override {
    if (model_.empty() || words_.size() != words_needed()) return usage_error(usage());
    if (auto ok = check_file_name("--model", model_); !ok) return ok.error();
    const auto vocabulary = Vocabulary::load(model_);
    if (!vocabulary) return vocabulary.error();
    std::vector<std::uint32_t> ids;
    for (const std::string& word : words_) {
      const auto id = vocabulary->require(word);
      if (!id) return id.error();
      ids.push_back(*id);
    }
    const auto found = vocabulary->vectors().nearest(direction(vocabulary->vectors(), ids), k_, ids);
    if (auto written = put(lines(*vocabulary, found)); !written) return written.error();
    return 0;
  }

 protected:
  virtual std::size_t words_needed() const noexcept = 0;
  virtual const char* words_help() const noexcept = 0;
  virtual const char* usage() const noexcept = 0;
  virtual std::vector<float> direction(const WordVectors& vectors, const std::vector<std::uint32_t>& ids) const = 0;

 private:
  std::vector<std::string> words_;
  std::string model_;
  std::uint32_t k_ = 10;
};

class Nearest : public WordCommand {
 public:
  const char* name() const noexcept override { return "nearest"; }
  const char* summary() const noexcept override {
    return "Print the words whose vectors are nearest to a word's, with their cosines";
  }

 protected:
  std::size_t words_needed() const noexcept override { return 1; }
  const char* words_help() const noexcept override { return "The word."; }
  const char* usage() const noexcept override { return "nearest needs --model FILE and one word"; }
  std::vector<float> direction(const WordVectors& vectors, const std::vector<std::uint32_t>& ids) const override {
    const auto vector = vectors.vector(ids[0]);
    return {vector.begin(), vector.end()};
  }
};

class Analogy : public WordCommand {
 public:
  const char* name() const noexcept override { return "analogy"; }
  const char* summary() const noexcept override { return "Answer 'A is to B as C is to ?': analogy A B C"; }

 protected:
  std::size_t words_needed() const noexcept override { return 3; }
  const char* words_help() const noexcept override { return "A, B and C: the answer is near B - A + C."; }
  const char* usage() const noexcept override { return "analogy needs --model FILE and three words: A is to B as C is to ?"; }
  std::vector<float> direction(const WordVectors& vectors, const std::vector<std::uint32_t>& ids) const override {
    return vectors.analogy_direction(ids[0], ids[1], ids[2]);
  }
};

}  // namespace

std::unique_ptr<Command> make_nearest() { return std::make_unique<Nearest>(); }
std::unique_ptr<Command> make_analogy() { return std::make_unique<Analogy>(); }

}  // namespace glissade::apps
