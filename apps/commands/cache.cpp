#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/commands/command.h"
#include "apps/config/idle_rules.h"
#include "apps/config/number_option.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/cache.h"
#include "datasets/cache_folder.h"
#include "datasets/cache_limit.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

constexpr double kDay = 86400;

using datasets::CachedFile;

std::string age_text(double seconds) {
  const double days = seconds / kDay;
  if (days >= 2) return fmt::format("{:.0f} days", days);
  return seconds >= 7200 ? fmt::format("{:.0f} h", seconds / 3600) : fmt::format("{:.0f} min", seconds / 60);
}

std::string files_text(std::uint64_t files, std::uint64_t bytes) {
  return fmt::format("{} {}, {}", grouped(files), files == 1 ? "file" : "files", system::bytes_text(bytes));
}

/// `limit`: that the cache is kept within, if any.
std::string listed(const std::vector<CachedFile>& files, const std::string& folder, std::optional<std::uint64_t> limit) {
  std::string text =
      fmt::format("{:>10}{:>10}{:>13}{:>11}{:>11}  {}\n", "size", "unused", "rows", "features", "labels", "read from");
  std::uint64_t bytes = 0;
  for (const CachedFile& file : files) {
    bytes += file.bytes;
    text += fmt::format("{:>10}{:>10}", system::bytes_text(file.bytes), age_text(file.idle_seconds));
    if (file.summary) {
      text += fmt::format("{:>13}{:>11}{:>11}  {}\n", grouped(file.summary->rows), grouped(file.summary->feature_count),
                          grouped(file.summary->label_count),
                          file.summary->source.empty() ? "-" : datasets::shown(file.summary->source));
    } else {
      text += fmt::format("{:>13}{:>11}{:>11}  {}\n", "-", "-", "-", "- (of no use: damaged, unfinished or of another version)");
    }
  }
  const std::string kept = limit ? fmt::format("; the limit is {} (GLISSADE_CACHE_LIMIT)", system::bytes_text(*limit)) : "";
  return (files.empty() ? "" : text) +
         fmt::format("{} in {}{}\n", files_text(files.size(), bytes), datasets::quoted(folder), kept);
}

std::string listed_json(const std::vector<CachedFile>& files, const std::string& folder, std::optional<std::uint64_t> limit) {
  using Json = nlohmann::ordered_json;
  Json out = {{"folder", folder}};
  if (limit) out["limit_bytes"] = *limit;
  out["files"] = Json::array();
  for (const CachedFile& file : files) {
    Json one = {
        {"path", file.path}, {"bytes", file.bytes}, {"unused_seconds", file.idle_seconds}, {"usable", file.summary.has_value()}};
    if (file.summary) {
      one["rows"] = file.summary->rows;
      one["features"] = file.summary->feature_count;
      one["labels"] = file.summary->label_count;
      one["source"] = file.summary->source;
    }
    out["files"].push_back(std::move(one));
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

using Rule = IdleRule<bool>;
constexpr bool (*kOfList)(const bool&) = [](const bool& clears) { return !clears; };
constexpr std::array kIdle = {
    Rule{"--older-than", kOfList, "it says what 'cache clear' removes; it counts there"},
    Rule{"--limit", kOfList, "it says what 'cache clear' leaves; it counts there"},
    Rule{"--json", [](const bool& clears) { return clears; }, "'cache clear' prints nothing; it counts for 'cache list'"},
};

class Cache : public Command {
 public:
  const char* name() const noexcept override { return "cache"; }
  const char* summary() const noexcept override { return "List or clear the binary copies of data files that were read"; }

  void add_options(CLI::App& parser) override {
    parser.add_option("ACTION", action_,
                      "list: size, age and source of each copy. clear: remove them; the next reading makes a new one.");
    parser
        .add_option("--cache-dir", folder_,
                    "Where binary copies of parsed files are kept. Default $GLISSADE_CACHE, else ~/.cache/glissade. "
                    "$GLISSADE_CACHE_LIMIT, such as 20G: how much they may take; those used longest ago are removed.")
        ->type_name("DIR");
    add_number(parser, "--older-than", days_, {0, 1e6}, "clear: only copies that were not used for so many days.")
        ->type_name("DAYS");
    add_number(parser, "--limit", gigabytes_, {0, 1e6},
               "clear: remove those used longest ago, until the rest takes no more than so many GB (1,000,000,000 bytes).")
        ->type_name("GB");
    parser.add_flag("--json", json_, "list: print one JSON object.");
    parser_ = &parser;
  }

  Result<int> run() override {
    if (action_ != "list" && action_ != "clear") {
      return usage_error(action_.empty()
                             ? "cache needs an action: 'cache list' or 'cache clear'"
                             : fmt::format("cache {}: there is no such action; allowed: list, clear", datasets::quoted(action_)));
    }
    const bool clears = action_ == "clear";
    warn_of_idle(*parser_, clears, kIdle);
    const std::string folder = datasets::cache_directory({.cache_directory = folder_});
    if (folder.empty()) return usage_error("there is no folder for a cache, as HOME is not set; name one by --cache-dir DIR");
    auto done = clears ? clear(folder) : list(folder);
    if (!done) return done.error();
    return 0;
  }

 private:
  Result<void> list(const std::string& folder) const {
    auto files = datasets::cached_files(folder);
    if (!files) return files.error();
    for (CachedFile& file : *files) file.summary = datasets::summarise_cache(file.path);
    const auto limit = datasets::cache_limit();
    if (!limit) return limit.error();
    return put(json_ ? listed_json(*files, folder, *limit) : listed(*files, folder, *limit));
  }

  Result<void> clear(const std::string& folder) const {
    datasets::CacheLimits limits;
    if (parser_->count("--older-than") > 0) limits.idle_seconds = days_ * kDay;
    if (parser_->count("--limit") > 0) limits.bytes = static_cast<std::uint64_t>(gigabytes_ * 1e9);
    const auto cleared = datasets::clear_cache(folder, limits);
    if (!cleared) return cleared.error();
    note(fmt::format(
        "removed {}; {} in {}", files_text(cleared->removed_files, cleared->removed_bytes),
        cleared->kept_files == 0 ? "nothing is left" : files_text(cleared->kept_files, cleared->kept_bytes) + " are left",
        datasets::quoted(folder)));
    return {};
  }

  const CLI::App* parser_ = nullptr;
  std::string action_;
  std::string folder_;
  double days_ = 0;
  double gigabytes_ = 0;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_cache() { return std::make_unique<Cache>(); }

}  // namespace glissade::apps
