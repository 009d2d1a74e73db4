#include <glissade/model_file_parts.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <map>
#include <string>

#include "tests/engine/living.h"

namespace glissade::test {
namespace {

std::map<std::string, std::uint64_t> parts_of(const std::string& path) {
  std::map<std::string, std::uint64_t> parts;
  for (const ModelFilePart& part : must(model_file_parts(path))) parts[part.name] = part.bytes;
  return parts;
}

TEST_CASE("a model file's parts are what it consists of", "[unit]") {
  const TemporaryFolder folder;
  const std::string whole = folder.file("whole.glsd"), slim = folder.file("slim.glsd");
  const Data data = planted_data(900, 400, 150, 3);
  const Model model = living_model(data, true);
  must(model.save(whole));
  must(model.save(slim, false));
  const auto all = parts_of(whole), answering = parts_of(slim);
  for (const char* name : {"rows of features", "rows of labels", "sparse rows of labels", "neighbours", "to train on"})
    CHECK(all.count(name) == 1);
  // bf16-mixed: two bytes a weight are enough to answer.
  const std::uint64_t width = model.config().network.hidden.front();
  CHECK(all.at("rows of features") >= 400 * width * 2);
  CHECK(all.at("rows of labels") >= 150 * (width * 2 + sizeof(float)));
  CHECK(answering.count("to train on") == 0);
  for (const auto& [name, bytes] : answering) CHECK(all.at(name) == bytes);
  // But for the gaps between sections.
  std::uint64_t sum = 0;
  for (const auto& [name, bytes] : all) sum += bytes;
  CHECK(sum <= std::filesystem::file_size(whole));
  CHECK(sum + 64 * 4096 > std::filesystem::file_size(whole));
  CHECK_FALSE(model_file_parts(folder.file("none.glsd")).ok());
}

}  // namespace
}  // namespace glissade::test
