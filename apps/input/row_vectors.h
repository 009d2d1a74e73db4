#pragma once

#include <memory>
#include <string>
#include <vector>

#include <glissade/result.h>
#include <glissade/views.h>

#include "apps/input/row_feed.h"
#include "datasets/npy.h"

namespace CLI {
class App;
}  // namespace CLI

namespace glissade::apps {

/// Adds --vectors, of the rows of `whose`.
void add_vectors_option(CLI::App& parser, std::string& path, const char* whose);

/// The vectors of `path`, one for each of `rows` rows of `rows_path`; none for an empty `path`. A line about them goes to
/// standard error unless `quiet`.
Result<datasets::DenseFile> read_vectors(const std::string& path, std::size_t rows, const std::string& rows_path, bool quiet);

/// Usage error where a model takes vectors and `path` is empty, or the other way round, or `path` has vectors of another width.
/// `option` is what names them.
Result<void> check_vectors_wanted(std::uint32_t width, const std::string& path, std::uint32_t given, const char* option);

/// The rows of `feed`, with the vectors of `path` beside them, one after the other. An error where the counts differ.
Result<std::unique_ptr<RowFeed>> with_vectors(std::unique_ptr<RowFeed> feed, const std::string& path,
                                              const std::string& rows_path, std::uint32_t width);

}  // namespace glissade::apps
