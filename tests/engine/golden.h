#pragma once

#include <catch2/catch.hpp>

#include <fstream>
#include <string>
#include <string_view>

#include "tests/engine/models.h"

namespace glissade::test {

/// The path of a golden file.
inline std::string golden(std::string_view name) {
  return std::string(GLISSADE_SOURCE_ROOT) + "/tests/engine/golden/" + std::string(name);
}

/// Answers are those of a golden file: "label:score", row after row.
inline void check_as_written(const Predictions& found, const std::string& path) {
  std::ifstream file(path);
  for (std::size_t i = 0; i < found.labels.size(); ++i) {
    std::uint32_t label = 0;
    float score = 0;
    char colon = 0;
    REQUIRE(file >> label >> colon >> score);
    CHECK(found.labels[i] == label);
    CHECK(found.scores[i] == Approx(score).margin(1e-3));
  }
}

/// Writes such a file.
inline void write_answers(const Predictions& found, const std::string& path) {
  std::ofstream answers(path);
  answers.precision(9);
  for (std::size_t i = 0; i < found.labels.size(); ++i)
    answers << found.labels[i] << ':' << found.scores[i] << (i % found.k == found.k - 1 ? '\n' : ' ');
}

}  // namespace glissade::test
