#include "bench/train/report.h"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "bench/train/markdown_table.h"

namespace glissade::bench {
namespace {

/// A column of a table: the scalar of a run that it shows, and how.
struct Column {
  const char* title;
  const char* key;
  double scale = 1;
  int digits = 2;
};

constexpr Column kReached[] = {
    {"P@1", "p@1", 100},
    {"P@3", "p@3", 100},
    {"P@5", "p@5", 100},
    {"PSP@1", "psp@1", 100},
    {"PSP@3", "psp@3", 100},
    {"PSP@5", "psp@5", 100},
    {"nDCG@5", "ndcg@5", 100},
    {"training s", "train_seconds"},
    {"CPU s", "train_cpu_seconds"},
};

constexpr Column kCost[] = {
    {"s/epoch", "seconds_per_epoch"},           {"with input", "seconds_per_epoch_with_input"},
    {"samples/s", "samples_per_second", 1, 0},  {"sampling s", "sampling_seconds", 1, 3},
    {"re-hash s", "rehash_seconds", 1, 3},      {"active %", "active_share", 100},
    {"touched %", "rows_touched_share", 100},   {"eval ms/sample", "eval_ms_per_sample", 1, 3},
    {"bytes/parameter", "bytes_per_parameter"}, {"peak MiB", "peak_mib", 1, 0},
};

/// One table for both where variants are compared: memory, time, quality.
constexpr Column kVariants[] = {
    {"bytes/parameter", "bytes_per_parameter"},
    {"of weights", "weight_bytes_per_parameter"},
    {"s/epoch", "seconds_per_epoch"},
    {"P@1", "p@1", 100},
    {"P@3", "p@3", 100},
    {"P@5", "p@5", 100},
    {"PSP@1", "psp@1", 100},
    {"peak MiB", "peak_mib", 1, 0},
    {"anonymous MiB", "anonymous_mib", 1, 0},
};

/// What probe.h measures.
constexpr Column kProbed[] = {
    {"recall@8 %", "recall@8", 100, 1},   {"hidden cosine", "hidden_cosine", 1, 3}, {"hidden error", "hidden_error", 1, 3},
    {"rows cosine", "rows_cosine", 1, 3}, {"rows error", "rows_error", 1, 3},
};

bool by_sampler(const Json& report) { return report["compared"] == "samplers"; }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// The median, with the extremes where they can be told apart.
std::string cell(const Json& summary, const Column& column) {
  if (!summary.contains(column.key)) return "-";
  const auto text = [&](const char* which) {
    return fmt::format("{:.{}f}", column.scale * summary[column.key][which].get<double>(), column.digits);
  };
  const std::string low = text("min");
  const std::string high = text("max");
  return low == high ? low : fmt::format("{} ({}..{})", text("median"), low, high);
}

template <std::size_t N>
std::string table(const Json& report, const Column (&columns)[N]) {
  std::vector<std::string> head = {by_sampler(report) ? "sampler" : "variant"};
  for (const Column& column : columns) head.emplace_back(column.title);
  MarkdownTable out(head);
  for (const auto& [variant, summary] : report["summary"].items()) {
    std::vector<std::string> row = {variant};
    for (const Column& column : columns) row.push_back(cell(summary, column));
    out.add(row);
  }
  return out.text();
}

std::string data_line(const Json& data) {
  return fmt::format("{} rows, D {}, L {}, {:.1f} features and {:.1f} labels per row", data["rows"].get<std::uint64_t>(),
                     data["features"].get<std::uint64_t>(), data["labels"].get<std::uint64_t>(),
                     data["features_per_row"].get<double>(), data["labels_per_row"].get<double>());
}

std::string reading_line(const Json& reading) {
  return fmt::format("{:.1f} MB of text read in {:.2f} s ({:.0f} MB/s), of which decompressing {:.2f} s, parsing {:.2f} s",
                     reading["text_bytes"].get<double>() * 1e-6, reading["seconds"].get<double>(),
                     reading["text_mb_per_second"].get<double>(), reading["decompress_seconds"].get<double>(),
                     reading["parse_seconds"].get<double>());
}

/// A sampler has no say where the true labels alone fill the active sets: such a comparison says nothing, and must not look as if
/// it did.
std::string active_line(const Json& report) {
  const Json& asked = report["config"]["active"];
  const double labels = report["data"]["train"]["labels"].get<double>();
  std::string line = fmt::format("{}, all for full", asked.is_string() ? asked.get<std::string>() : asked.dump());
  for (const Json& run : report["runs"]) {
    const double scored = run["active_share"].get<double>() * labels;
    if (run["sampler"] == "full" || scored <= run["active"].get<double>()) continue;
    return line + fmt::format(
                      "; **the true labels of a batch are more than that ({:.0f} scored): nothing is left to sample, raise "
                      "--active or lower "
                      "--batch**",
                      scored);
  }
  return line;
}

std::string facts(const Json& report) {
  const Json& machine = report["machine"];
  const auto text = [&machine](const char* key) { return machine[key].get<std::string>(); };
  std::string out = fmt::format("# Training with each {}\n\n", by_sampler(report) ? "sampler" : "variant");
  const auto line = [&out](const char* name, const std::string& value) { out += fmt::format("- {}: {}\n", name, value); };
  line("machine", fmt::format("{}, {} CPUs usable, {:.1f} GiB, {}, load {:.1f} before", text("cpu"), machine["cpus"].get<int>(),
                              machine["memory_mib"].get<double>() / 1024, text("kernel"), machine["load_before"].get<double>()));
  std::string compute = fmt::format("{} threads, simd {}", report["data"]["threads"].get<int>(), text("simd"));
  if (!report["runs"].empty()) {
    const Json& run = report["runs"].front();
    compute += fmt::format(", matrix products in {}, oneDNN up to {}", run["products"].get<std::string>(),
                           run["onednn_isa"].get<std::string>());
  }
  line("computing", compute);
  line("build",
       fmt::format("{}, {}, version {}, commit {}", text("compiler"), text("build_type"), text("version"), text("commit")));
  line("command", fmt::format("`{}`", report["command"].get<std::string>()));
  line("training data", data_line(report["data"]["train"]));
  line("test data", data_line(report["data"]["test"]));
  line("input", reading_line(report["data"]["reading"]));
  line("active labels", active_line(report));
  for (const Json& failure : report["failures"]) line("failed", failure.get<std::string>());
  return out;
}

}  // namespace

Json summarise(const Json& runs) {
  std::vector<std::string> variants;
  std::map<std::string, std::map<std::string, std::vector<double>>> values;
  for (const Json& run : runs) {
    const auto variant = run["variant"].get<std::string>();
    if (!values.contains(variant)) variants.push_back(variant);
    for (const auto& [key, value] : run.items()) {
      if (value.is_number() && key != "round") values[variant][key].push_back(value.get<double>());
    }
  }
  Json summary = Json::object();
  for (const std::string& variant : variants) {
    for (const auto& [key, all] : values[variant]) {
      const auto [low, high] = std::minmax_element(all.begin(), all.end());
      summary[variant][key] = {{"median", median(all)}, {"min", *low}, {"max", *high}};
    }
  }
  return summary;
}

std::string markdown(const Json& report) {
  std::string out = facts(report);
  if (report["runs"].empty()) return out;
  if (!by_sampler(report)) {
    out += "\nReached after the last epoch, in percent, and what it took; seconds are means per epoch:\n\n" +
           table(report, kVariants);
  } else {
    out += "\nReached after the last epoch, in percent:\n\n" + table(report, kReached);
    out += "\nCost; seconds are means per epoch, 'with input' adds reading the training text once:\n\n" + table(report, kCost);
  }
  if (report["runs"].front().contains("recall@8")) {
    out +=
        "\nActive sets of a test batch after the last epoch, against all labels: largest logits found; gradients by the hidden "
        "vectors and by the output rows:\n\n" +
        table(report, kProbed);
  }
  const auto rounds = report["rounds"].get<int>();
  if (rounds > 1) out += fmt::format("\nMedians of {} rounds, extremes in brackets.\n", rounds);
  return out;
}

std::string markdown_curve(const Json& report) {
  MarkdownTable out({by_sampler(report) ? "sampler" : "variant", "round", "epoch", "training s", "loss", "P@1", "P@3", "P@5"});
  for (const Json& run : report["runs"]) {
    for (const Json& epoch : run["epochs"]) {
      if (!epoch.contains("p@1")) continue;
      const auto number = [&epoch](const char* key, double scale, int digits) {
        return fmt::format("{:.{}f}", scale * epoch[key].get<double>(), digits);
      };
      out.add({run["variant"].get<std::string>(), fmt::format("{}", run["round"].get<int>()), number("epoch", 1, 0),
               number("train_seconds_so_far", 1, 2), number("loss", 1, 4), number("p@1", 100, 2), number("p@3", 100, 2),
               number("p@5", 100, 2)});
    }
  }
  return "\nEpoch by epoch:\n\n" + out.text();
}

}  // namespace glissade::bench
