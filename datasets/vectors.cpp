#include "datasets/vectors.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <optional>

#include "datasets/ordered_blocks.h"
#include "datasets/text_sink.h"

namespace glissade::datasets {
namespace {

void append_numbers(std::string& text, std::span<const float> numbers, VectorFormat format) {
  if (format == VectorFormat::binary) {
    text.append(1, ' ').append(reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes());
    return;
  }
  for (const float number : numbers) fmt::format_to(std::back_inserter(text), " {}", number);
}

}  // namespace

VectorFormat vector_format(const std::string& path) { return path.ends_with(".bin") ? VectorFormat::binary : VectorFormat::text; }

Result<void> write_vectors(const std::string& path, VectorFormat format, const std::vector<std::string>& words,
                           const WordVectors& vectors) {
  auto sink = TextSink::create(path);
  if (!sink) return sink.error();
  if (auto head = sink->write(fmt::format("{} {}\n", vectors.size(), vectors.width())); !head) return head;
  std::uint64_t bytes = 0;
  const auto block = [&](std::uint64_t first, std::uint64_t last, std::string& text) -> std::optional<Error> {
    for (std::uint64_t word = first; word < last; ++word) {
      text += words[word];
      append_numbers(text, vectors.vector(word), format);
      text += '\n';
    }
    return std::nullopt;
  };
  if (auto written = write_ordered(vectors.size(), 512, *sink, bytes, block); !written) return written;
  return sink->commit();
}

}  // namespace glissade::datasets
