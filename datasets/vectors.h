#pragma once

#include <glissade/result.h>
#include <glissade/words.h>

#include <string>
#include <vector>

namespace glissade::datasets {

enum class VectorFormat { text, binary };

/// binary for a path that ends in .bin, text otherwise.
VectorFormat vector_format(const std::string& path);

/// Writes word vectors as word2vec does: a line "words width", then per word its name, a space, and its numbers, in decimals with
/// spaces between them (the shortest that read back as the same float) or as raw little-endian floats, and a line's end. The file
/// appears whole or not at all; .gz and .zst are compressed. One name per vector, without white space.
Result<void> write_vectors(const std::string& path, VectorFormat format, const std::vector<std::string>& words,
                           const WordVectors& vectors);

}  // namespace glissade::datasets
