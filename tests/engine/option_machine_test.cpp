// Options that concern the machine alone are no part of a model file: whoever goes on with a model gives them anew.
#include <catch2/catch.hpp>

#include <algorithm>

#include <glissade/model.h>
#include <glissade/options.h>

#include "tests/engine/models.h"

namespace glissade::test {

TEST_CASE("options that no model file holds are given to a loaded model anew", "[unit]") {
  Config config;
  config.network.hidden = {4};
  config.run.threads = 3;
  config.training.loader_threads = 5;
  config.run.deterministic = true;
  const TemporaryFolder folder;
  must(must(Model::create(config, {6, 5})).save(folder.file("m.glsd")));
  Model model = must(Model::load(folder.file("m.glsd"), LoadFor::training));
  const Config loaded = model.config();
  model.set_machine_options(config);
  for (const Option& option : options()) {
    INFO(option.name);
    CHECK(option.get(model.config()) == option.get(config));
    if (option.stored) {
      CHECK(option.get(loaded) == option.get(config));
    } else {
      CHECK(option.get(loaded) == option.get(Config{}));
      CHECK(option.get(config) != option.get(Config{}));  // each is tried
    }
  }
}

}  // namespace glissade::test
