#include "apps/training/rank_group.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <glissade/options.h>
#include <glissade/replicas.h>
#include <glissade/runtime.h>

#include "apps/config/choice.h"
#include "apps/console/launched.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

enum class Wanted { automatic, data, labels, off };
constexpr std::array kDistributions = {Choice<Wanted>{"auto", Wanted::automatic}, Choice<Wanted>{"data", Wanted::data},
                                       Choice<Wanted>{"labels", Wanted::labels}, Choice<Wanted>{"off", Wanted::off}};
constexpr std::array kWays = {Choice<Communicate>{"dense", Communicate::dense},
                              Choice<Communicate>{"sparse", Communicate::sparse},
                              Choice<Communicate>{"coarse", Communicate::coarse}};
constexpr std::array kWires = {Choice<Wire>{"fp32", Wire::fp32}, Choice<Wire>{"bf16", Wire::bf16}};

template <class T, std::size_t N>
std::string_view choice_name(T value, const std::array<Choice<T>, N>& choices) {
  return std::ranges::find(choices, value, &Choice<T>::value)->name;
}

/// What rank 0 tells the others between two epochs.
enum RankOrder : std::int64_t { kTrainEpoch, kEvaluate, kEnd };

/// What must be the same everywhere, a line each: "what<tab>value".
std::string facts_of(const Model& model, std::uint64_t data, const Sharing& sharing) {
  std::string level;
  for (const SimdLevel& one : simd_levels()) {
    if (one.active) level = one.name;
  }
  std::string facts = fmt::format("version of Glissade\t{}\ninstruction set (GLISSADE_SIMD)\t{}\n", version(), level);
  for (const Option& option : options()) {
    if (option.stored) facts += fmt::format("option --{}\t{}\n", option.name, option.get(model.config()));
  }
  facts += fmt::format("option --distribute\t{}\n", sharing.distribution == Distribution::labels ? "labels" : "data");
  facts += fmt::format("option --communicate\t{}\noption --wire\t{}\noption --travel-share\t{}\n",
                       choice_name(sharing.communicate, kWays), choice_name(sharing.wire, kWires), sharing.share);
  const Shape shape = model.shape();
  facts += fmt::format("number of features\t{}\nnumber of labels\t{}\nwidth of the vectors\t{}\n", shape.features, shape.labels,
                       shape.vector_width);
  facts += fmt::format("content of --train\t{:016x}\nsteps trained so far\t{}\n", data, model.step());
  return facts;
}

/// The first line in which two differ, in words; "" if there is none.
std::string difference(std::string_view here, std::string_view first, std::size_t rank) {
  while (!here.empty() && !first.empty()) {
    const auto take = [](std::string_view& text) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      return line;
    };
    const std::string_view own = take(here), other = take(first);
    if (own == other) continue;
    const auto value = [](std::string_view line) { return line.substr(std::min(line.size(), line.find('\t') + 1)); };
    return fmt::format("rank {} has another {} than rank 0: {}, not {}", rank, own.substr(0, own.find('\t')),
                       datasets::quoted(std::string(value(own))), datasets::quoted(std::string(value(other))));
  }
  return "";
}

}  // namespace

Result<void> RankGroup::check(const std::string& distribute) {
  const auto known = choose("--distribute", distribute, kDistributions);
  return known ? Result<void>() : known.error();
}

Result<Sharing> RankGroup::sharing(const std::string& communicate, const std::string& wire, double share) {
  const auto way = choose("--communicate", communicate, kWays);
  if (!way) return way.error();
  const auto form = choose("--wire", wire, kWires);
  if (!form) return form.error();
  return Sharing{*way, *form, share};
}

Result<RankGroup> RankGroup::join(const std::string& distribute, const std::string& distribution) {
  RankGroup group;
  if (distribute == "off") return group;
  if (!launch_in_environment()) {
    if (distribute == "auto") return group;
    return usage_error(fmt::format(
        "--distribute {}: no launcher has started this process; run 'mpirun -np N glissade train ...', or leave it out",
        distribute));
  }
  auto ranks = join_launched();
  if (!ranks) return ranks.error();
  group.ranks_ = std::move(*ranks);
  if (distribution == "labels") group.distribution_ = Distribution::labels;
  return group;
}

void RankGroup::settle_parts(ConfigSource::Resolved& asked) const noexcept {
  Config::Training& training = asked.config.training;
  if (asked.names("parts") || shares_rows()) return;
  const std::uint64_t ranks = size(), pieces = training.pieces_of_step();
  training.parts = std::min(static_cast<std::uint32_t>((ranks + pieces - 1) / pieces), training.piece_samples());
}

Result<void> RankGroup::check_same(const Model& model, std::uint64_t data, const Sharing& sharing) {
  if (is_alone()) return {};
  const std::string own = facts_of(model, data, sharing);
  const auto all = ranks_.all_gather_unknown(std::as_bytes(std::span(own)));
  if (!all) return all.error();
  const auto text_of = [&](std::size_t rank) {
    return std::string_view(reinterpret_cast<const char*>((*all)[rank].data()), (*all)[rank].size());
  };
  for (std::size_t rank = 1; rank < all->size(); ++rank) {
    if (const std::string differs = difference(text_of(rank), text_of(0), rank); !differs.empty())
      return usage_error(differs + "; start all ranks with the same command on the same files");
  }
  return {};
}

Result<void> RankGroup::tell(Model& model, const Model::Told& what) {
  if (model.is_shard()) return model.tell(what);
  Model::Told told = what;
  return ranks_.broadcast(std::as_writable_bytes(std::span(&told, 1)), 0);
}

Result<Model::Told> RankGroup::hear(Model& model) {
  if (model.is_shard()) return model.answer();
  Model::Told told;
  if (auto heard = ranks_.broadcast(std::as_writable_bytes(std::span(&told, 1)), 0); !heard) return heard.error();
  return told;
}

Result<void> RankGroup::lead_epoch(Model& model) { return tell(model, {kTrainEpoch, 0}); }

Result<Evaluation> RankGroup::evaluate(Model& model, const DatasetView& data, EvaluateOptions options) {
  if (is_alone() || shares_rows() || options.excluded.rows() != 0) return glissade::evaluate(model, data, options);
  if (auto led = tell(model, {kEvaluate, 0}); !led) return led.error();
  Replicas replicas(ranks_);
  options.replicas = &replicas;
  Result<Evaluation> evaluation = glissade::evaluate(model, data, options);
  if (auto ended = replicas.end(); !ended && evaluation) return ended.error();
  return evaluation;
}

void RankGroup::end(Model& model, int status) {
  if (tell(model, {kEnd, status})) ranks_.finish();
}

Result<int> RankGroup::follow(Model& model, const std::function<Result<EpochReport>(const PassCallbacks&)>& pass) {
  for (;;) {
    const auto told = hear(model);
    if (!told) return told.error();
    if (told->code == kEnd) {
      ranks_.finish();
      return static_cast<int>(told->value);
    }
    if (told->code == kEvaluate) {
      if (auto served = Replicas(ranks_).serve(model); !served) return served.error();
      continue;
    }
    if (auto trained = pass({}); !trained) return trained.error();
  }
}

}  // namespace glissade::apps
