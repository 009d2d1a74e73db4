// The shipped sample is what its README says.
#include <catch2/catch.hpp>
#include <string>

#include "datasets/names.h"
#include "datasets/read.h"

using namespace glissade::datasets;

TEST_CASE("the shipped sample reads, with its names", "[unit]") {
  const std::string folder = GLISSADE_SAMPLES "/wordnet/";
  const auto train = read_dataset(folder + "train.txt.zst", {.use_cache = false});
  const auto test = read_dataset(folder + "test.txt.zst", {.use_cache = false});
  REQUIRE(train);
  REQUIRE(test);
  CHECK(train->view().size() == 74'062);
  CHECK(test->view().size() == 18'056);
  CHECK(train->view().feature_count == 40'200);
  CHECK(test->view().feature_count == 40'200);
  CHECK(train->view().label_count == 16'237);
  CHECK(test->view().label_count == 16'237);
  CHECK(read_names(folder + "labels.txt.zst", 16'237, "label").ok());
  CHECK(read_names(folder + "vocab.txt.zst", 40'200, "feature").ok());
  CHECK(read_names(folder + "test_text.txt.zst", 18'056, "text").ok());
}
