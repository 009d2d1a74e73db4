#include "apps/input/data_options.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "apps/config/choice.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/cache_limit.h"
#include "apps/input/read_notes.h"
#include "apps/input/record_options.h"
#include "datasets/cache.h"
#include "datasets/known_features.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

constexpr std::array<Choice<datasets::Format>, 2> kFormats = {
    {{"xmc", datasets::Format::xmc}, {"libsvm", datasets::Format::libsvm}}};
constexpr std::array<Choice<datasets::IdBase>, 3> kIdBases = {
    {{"detect", datasets::IdBase::detect}, {"zero", datasets::IdBase::zero}, {"one", datasets::IdBase::one}}};

std::string_view name_of(datasets::IdBase base) {
  return std::ranges::find(kIdBases, base, &Choice<datasets::IdBase>::value)->name;
}

std::string speed_text(const datasets::ReadReport& report) {
  const std::string seconds = duration_text(report.total_seconds);
  if (report.from_cache) return fmt::format("read in {} from the cache", seconds);
  const double megabytes = static_cast<double>(report.text_bytes) * 1e-6;
  return fmt::format("read in {} ({:.0f} MB/s)", seconds, megabytes / std::max(report.total_seconds, 1e-9));
}

}  // namespace

void DataOptions::add_options(CLI::App& parser) {
  const std::string group = "Data";
  parser
      .add_option(
          "--format", format_,
          "Format of the data files: xmc ('N D L', then 'l1,l2 f:v f:v'), libsvm, sequence ('user item item ...' or 'item "
          "item ...' in the order of time, for train, eval and predict), text (words of a running text, for train and "
          "eval), or records: csv, tsv, jsonl, fasttext, lines (each a text); "
          "plain, .gz, .zst, .bz2, .xz, a file of a .zip or .tar archive (of several: ARCHIVE:NAME), or - for standard "
          "input. Default xmc, or text "
          "with the presets text8 and text8-slide, sequence for a model of sequences, and records where columns are named or "
          "the content says so.")
      ->type_name("NAME")
      ->group(group);
  parser
      .add_option("--id-base", id_base_,
                  "libsvm: id of the first feature, zero, one or detect. Default detect: as in the training data of the model or "
                  "the run; of these, zero if any id is 0.")
      ->type_name("NAME")
      ->group(group);
  parser
      .add_flag("--no-cache", no_cache_,
                "Parse the text even if a binary copy is in the cache, and leave no copy there; rows stay in memory.")
      ->group(group);
  parser
      .add_option("--cache-dir", cache_directory_,
                  "Where binary copies of parsed files are kept, and rows of records (CSV, JSON lines) that are more than "
                  "$GLISSADE_READ_MEMORY, by default a quarter of the memory at hand. Default $GLISSADE_CACHE, else "
                  "~/.cache/glissade.")
      ->type_name("DIR")
      ->group(group);
}

Result<void> DataOptions::check() const {
  constexpr std::array<std::string_view, 4> kOthers = {"xmc", "libsvm", "sequence", "text"};
  if (!format_.empty() && std::ranges::find(kOthers, format_) == kOthers.end() && !is_record_format(format_))
    return usage_error(
        fmt::format("--format '{}' does not exist; choose one of {}, {}", format_, fmt::join(kOthers, ", "), record_formats()));
  if (!id_base_.empty()) {
    if (const auto base = choose("--id-base", id_base_, kIdBases); !base) return base.error();
    if (format_ != "libsvm") return usage_error("--id-base is for --format libsvm, other formats need none; leave it out");
  }
  if (no_cache_ && !cache_directory_.empty())
    return usage_error("--no-cache and --cache-dir exclude each other; give one of them");
  return {};
}

Result<datasets::ReadOptions> DataOptions::resolve(const KnownBase& known) const {
  if (auto ok = check(); !ok) return ok.error();
  datasets::ReadOptions options;
  if (format_ == "text")
    return usage_error("--format text is for train, and for eval of a model of words; use xmc or libsvm here");
  if (format_ == "sequence")
    return usage_error(
        "--format sequence is for train, and for eval and predict of a model of sequences; use xmc or libsvm here");
  if (is_record_format(format_))
    return usage_error(
        fmt::format("--format {} is for train, and for eval and predict of a model of records; use xmc or libsvm here", format_));
  const auto format = choose_format("--format", format_.empty() ? "xmc" : format_);
  if (!format) return format.error();
  const auto id_base = choose("--id-base", id_base_.empty() ? "detect" : id_base_, kIdBases);
  if (!id_base) return id_base.error();
  options.format = *format;
  options.id_base = *id_base;
  if (*format == datasets::Format::libsvm && known.base != datasets::IdBase::detect) {
    if (*id_base != datasets::IdBase::detect && *id_base != known.base) {
      return usage_error(fmt::format("--id-base: the ids of {} count from {}, not {}; leave the option out",
                                     datasets::quoted(known.source), name_of(known.base), name_of(*id_base)));
    }
    options.id_base = known.base;
  }
  options.use_cache = !no_cache_;
  options.cache_directory = cache_directory_;
  return options;
}

Result<datasets::SpillPlace> DataOptions::spill_place() const {
  const auto memory = datasets::read_memory();
  if (!memory) return memory.error();
  if (no_cache_) return datasets::SpillPlace{"", *memory};
  return datasets::SpillPlace{datasets::cache_directory({.cache_directory = cache_directory_}), *memory};
}

Result<datasets::Dataset> DataOptions::read(const std::string& path, const std::string& what, const KnownBase& known,
                                            datasets::ReadReport* report) const {
  const auto options = resolve(known);
  if (!options) return options.error();
  datasets::ReadReport local;
  auto data = datasets::read_dataset(path, *options, &local);
  if (!data) return data;
  if (!local.from_cache) keep_cache_limit({&*data});
  const std::string pair = local.labels_path.empty() ? "" : " with the labels of " + datasets::quoted(local.labels_path);
  if (!what.empty())
    note(fmt::format("{} {}{}: {}; {}", what, datasets::quoted(path), pair, describe(data->view()), speed_text(local)));
  const datasets::ReadChanges& changes = local.facts.changes;
  if (changes.alters_rows() || (changes.any() && !what.empty())) note(changes_text(path, changes));
  if (known.is_told && options->format == datasets::Format::libsvm && options->id_base == datasets::IdBase::detect)
    note(fmt::format("{}: feature ids are taken to count from {}; --id-base says otherwise", datasets::quoted(path),
                     name_of(local.facts.id_base)));
  if (report != nullptr) *report = local;
  return data;
}

Result<datasets::Dataset> DataOptions::fit(datasets::Dataset data, const std::string& path, std::uint32_t features,
                                           std::optional<std::uint32_t> labels) const {
  const std::uint32_t most_labels = labels.value_or(data.view().label_count);
  if (format_ != "libsvm") {
    if (auto fits = check_fits(data.view(), path, features, most_labels); !fits) return fits.error();
    return data;
  }
  datasets::Known known = datasets::with_known_features(std::move(data), features);
  const std::uint64_t unknown_labels = datasets::count_labels_from(known.data.view(), most_labels);
  const std::string text = unknown_text(path, known.left_out, features, unknown_labels, most_labels);
  if (!text.empty()) note(text);
  return std::move(known.data);
}

Result<void> check_standard_input(const std::vector<std::string>& inputs) {
  if (std::ranges::count(inputs, "-") < 2) return {};
  return usage_error("standard input can be read only once; give '-' for one input, and files for the others");
}

Result<void> check_scorable(const DatasetView& data, const std::string& path) {
  if (data.size() == 0)
    return runtime_error(fmt::format("{} holds no rows to evaluate on; give it some", datasets::quoted(path)));
  if (data.labels.ids.empty())
    return runtime_error(fmt::format("no row of {} has a label, and without one there is nothing to score; give labelled data",
                                     datasets::quoted(path)));
  return {};
}

Result<datasets::Format> choose_format(const std::string& option, const std::string& text) {
  return choose(option, text, kFormats);
}

Result<void> check_fits(const DatasetView& data, const std::string& path, std::uint32_t features, std::uint32_t labels) {
  const auto error = [&](const char* what, std::uint32_t has, std::uint32_t room) {
    return runtime_error(fmt::format("{} has {} {}, the model only {}; use data made with the model's training data",
                                     datasets::quoted(path), grouped(has), what, grouped(room)));
  };
  if (data.feature_count > features) return error("features", data.feature_count, features);
  if (data.label_count > labels) return error("labels", data.label_count, labels);
  return {};
}

std::string describe(const DatasetView& data) {
  const double rows = std::max<double>(1.0, static_cast<double>(data.size()));
  return fmt::format("{} rows, D {}, L {}, {:.1f} features and {:.1f} labels per row", grouped(data.size()),
                     grouped(data.feature_count), grouped(data.label_count), static_cast<double>(data.features.ids.size()) / rows,
                     static_cast<double>(data.labels.ids.size()) / rows);
}

}  // namespace glissade::apps
