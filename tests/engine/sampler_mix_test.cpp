// The text form of a mixture of samplers.

#include <catch2/catch.hpp>

#include <glissade/options.h>

#include "engine/config/sampler_mix.h"

namespace glissade::test {
namespace {

std::string refusal(const char* text) {
  const auto mix = config::sampler_mix(text);
  return mix.ok() ? "" : mix.error().message;
}

}  // namespace

TEST_CASE("mixes: what is read is what is written", "[unit]") {
  for (const char* text : {"lsh", "full", "uniform", "lsh:0.25+frequency:0.5", "exact:1", "lsh:0.1+in-batch:0.2+uniform:0.7"}) {
    const auto mix = config::sampler_mix(text);
    REQUIRE(mix.ok());
    CHECK(config::mix_text(*mix) == text);
  }
  CHECK(config::mix_text(*config::sampler_mix(" lsh : 0.5 + uniform : 0.5 ")) == "lsh:0.5+uniform:0.5");
  CHECK(*config::sampler_mix("lsh") == SamplerMix(SamplerKind::lsh));
  // Ten shares of a tenth are a little more than one in binary; six of the kinds make the point.
  CHECK(refusal("lsh:0.1+in-batch:0.2+exact:0.3+uniform:0.1+frequency:0.3").empty());
}

TEST_CASE("mixes: what is wrong is named", "[unit]") {
  const std::string allowed = "; allowed: " + std::string(config::kMixRange);
  CHECK(refusal("lhs") == "option 'sampler': 'lhs' is unknown" + allowed);
  CHECK(refusal("") == "option 'sampler': '' is unknown" + allowed);
  CHECK(refusal("lsh:0.5+unifrom:0.5") == "option 'sampler': 'lsh:0.5+unifrom:0.5' has the unknown part 'unifrom'" + allowed);
  CHECK(refusal("lsh:0.5+") == "option 'sampler': 'lsh:0.5+' has the unknown part ''" + allowed);
  CHECK(refusal("lsh+uniform:0.5") == "option 'sampler': 'lsh+uniform:0.5' leaves the share of 'lsh' open" + allowed);
  CHECK(refusal("lsh:0.5+lsh:0.5") == "option 'sampler': 'lsh:0.5+lsh:0.5' names 'lsh' twice" + allowed);
  CHECK(refusal("lsh:0.6+uniform:0.5") == "option 'sampler': 'lsh:0.6+uniform:0.5' has shares that sum to more than 1" + allowed);
  CHECK(refusal("full:0.5+lsh:0.5") ==
        "option 'sampler': 'full:0.5+lsh:0.5' gives 'full' a share, it takes every label" + allowed);
  for (const char* share : {"0", "-0.1", "1.1", "x", ""}) {
    const std::string text = std::string("lsh:") + share;
    CHECK(refusal(text.c_str()) ==
          "option 'sampler': '" + text + "' has a share of '" + share + "', it must be above 0 and at most 1" + allowed);
  }
}

}  // namespace glissade::test
