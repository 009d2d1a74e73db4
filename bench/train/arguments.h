#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <glissade/config.h>
#include <glissade/result.h>

#include "datasets/read.h"

namespace glissade::bench {

/// One run of a comparison: what differs from the options that all runs share.
struct Variant {
  std::string name;  ///< how the tables call it: a sampler's name, or the settings as given
  std::vector<std::pair<std::string, std::string>> settings;  ///< option and value
};

struct Arguments {
  std::string train;
  std::string test;    ///< "" = hold rows out instead
  double holdout = 0;  ///< share of the training rows to evaluate on
  datasets::ReadOptions read;
  Config config;                  ///< of all runs, before their variants' settings
  std::vector<Variant> variants;  ///< in the order of the report
  bool by_sampler = true;         ///< the variants are samplers
  std::uint32_t repeat = 1;       ///< rounds, in each of which every variant has its turn
  std::uint32_t eval_every = 1;   ///< epochs from one evaluation to the next; the last is always evaluated
  std::string json;               ///< file for the results, "" = none
  bool curve = false;
  bool probe = false;  ///< look at the active sets with each evaluation (probe.h)
  std::string worker;  ///< internal: "" in the process that was started by hand, else what a child of it is to do (worker.h)
  std::string help;    ///< not empty if only this text was asked for
};

/// Options of the network and its training come from glissade::options(), after the preset.
Result<Arguments> parse_arguments(int argc, char** argv);

}  // namespace glissade::bench
