#pragma once

#include <string>
#include <vector>

namespace glissade::bench {

/// A markdown table that reads well as plain text, too: columns as wide as their widest cell, numbers at the right.
class MarkdownTable {
 public:
  explicit MarkdownTable(const std::vector<std::string>& head) { add(head); }

  /// As many cells as the head has.
  void add(const std::vector<std::string>& row) { rows_.push_back(row); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;  ///< the first is the head
};

}  // namespace glissade::bench
