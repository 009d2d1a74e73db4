// The TOML config file, and the config section of a model file. The first byte chooses.
#include <glissade/options.h>

#include "apps/config/config_file.h"
#include "tests/fuzz/target.h"

namespace {

using namespace glissade;

/// What was accepted must come back from its text form as it is, and be usable or refused in words.
void check(const Config& config) {
  const auto again = from_text(to_text(config));
  fuzz::require(again.ok() && to_text(*again) == to_text(config), "a config survives its own text form");
  const Shape shape{1000, 2000};
  if (const auto valid = validate(config, shape); !valid) {
    fuzz::require_one_line(valid.error());
  } else {
    fuzz::require(estimate_training_memory(config, shape).total() > 0, "training needs memory");
  }
}

void read_file(std::string_view text) {
  const fuzz::InMemoryFile file(text);
  const auto settings = apps::read_config_file(file.path());
  if (!settings) return fuzz::require_one_line(settings.error());
  Config config;
  for (const Setting& setting : *settings) {
    const auto done = set_option(config, setting.name, setting.text);
    if (!done) return fuzz::require_one_line(done.error());
  }
  check(config);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  if (fuzz::take_byte(text) % 2 == 0) {
    read_file(text);
    return 0;
  }
  const auto config = from_text(text);
  if (!config) {
    fuzz::require_one_line(config.error());
  } else {
    check(*config);
  }
  return 0;
}
