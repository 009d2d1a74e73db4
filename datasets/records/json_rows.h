#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace glissade::datasets {

class RecordWriter;

/// Reads JSON objects with simdjson; keeps what its parser needs. Of one thread at a time.
class JsonRows {
 public:
  JsonRows();
  ~JsonRows();
  JsonRows(const JsonRows&) = delete;
  JsonRows& operator=(const JsonRows&) = delete;

  /// Takes the record that the line holds. `readable`: bytes that may be read from line.data() on.
  void line(std::string_view line, std::size_t readable, RecordWriter& writer);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace glissade::datasets
