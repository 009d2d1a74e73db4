#pragma once

#include <optional>
#include <string>

#include <glissade/label_filter.h>
#include <glissade/model.h>
#include <glissade/result.h>

namespace CLI {
class App;
}  // namespace CLI

namespace glissade::apps {

/// The options --allow and --deny: files of labels that alone may be answers, or that may be none.
class LabelLists {
 public:
  enum class For { predict, eval };
  void add_options(CLI::App& parser, For command);
  /// Of the labels of `model`; nothing without these options. A line of a file is a label's name, where the model has names, and
  /// else an id; where `ids` are printed a line that is no name may be an id, too. Lines that are no label of the model are
  /// counted on standard error. Usage error where no label is left.
  Result<std::optional<LabelFilter>> filter(const Model& model, const std::string& model_path, bool ids) const;

 private:
  std::string allow_;
  std::string deny_;
};

}  // namespace glissade::apps
