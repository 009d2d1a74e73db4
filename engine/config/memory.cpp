#include "engine/config/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <thread>

#include "engine/config/hash_kind.h"
#include "engine/config/text.h"
#include "engine/layers/fused_output.h"
#include "engine/layers/output_path.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/samplers/cluster_index.h"
#include "engine/samplers/sampler.h"
#include "hashing/family.h"
#include "hashing/rehash_job.h"

namespace glissade {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
/// Features of a sample that the estimate assumes (Amazon-670K has 76 on average).
constexpr std::uint64_t kFeaturesPerSample = 128;

std::uint64_t padded(std::uint64_t width) noexcept { return ParameterRows::padded(width); }

std::uint64_t thread_count(const Config& config) noexcept {
  return config.threads != 0 ? config.threads : std::max(1u, std::thread::hardware_concurrency());
}

void add_rows(MemoryEstimate& estimate, const ParameterRows::Options& options, std::uint64_t rows, std::uint64_t width) noexcept {
  const auto bytes = ParameterRows::footprint(rows, width, options);
  estimate.weights += bytes.weights;
  estimate.optimizer_state += bytes.state;
}

std::uint64_t table_bytes(const Config& config, const Shape& shape) noexcept {
  hashing::FamilyParams params;
  params.kind = config::family_kind(config.hash);
  params.k = config.k;
  const std::uint32_t bits = std::min(hashing::table_bits(params), hashing::kMaxTableBits);
  const std::uint64_t buckets = std::uint64_t{1} << bits;
  const std::uint64_t tables = config.tables;
  const std::uint64_t stored = tables * 4 * (shape.labels + buckets + 1);
  const std::uint64_t while_building = std::min(thread_count(config), tables) * 4 * shape.labels;
  const std::uint64_t drift = 8ull * shape.labels;
  const std::uint64_t rehash = hashing::RehashJob::most_bytes(tables, bits, shape.labels, thread_count(config));
  return stored + while_building + drift + rehash;
}

/// A set that all samples share.
std::uint64_t shared_output_bytes(const Config& config, const Shape& shape, const config::BatchSize& batch) noexcept {
  const std::uint64_t wanted = std::max<std::uint64_t>(config.active.of(shape.labels), batch.different_labels);
  const std::uint64_t active = config.sampler == SamplerKind::full ? shape.labels : std::min<std::uint64_t>(wanted, shape.labels);
  if (config.fused) return FusedOutput::step_bytes(config, active, shape.labels, thread_count(config));
  // Logits and their gradients, and a piece's rows packed twice.
  const std::uint64_t piece = std::min<std::uint64_t>(output_piece(config.batch), active);
  return piece * (4ull * config.batch + 8 * padded(config.hidden.back()) + 4 * 64 * thread_count(config)) + 8ull * shape.labels;
}

/// A set for each sample: per active label its id, its logit's gradient and its place in the row-major order of the update; per
/// thread, 4 bytes per label to tell which are in the set.
std::uint64_t per_sample_output_bytes(const Config& config, const Shape& shape, const config::BatchSize& batch) noexcept {
  const std::uint64_t active = std::min(config.active.of(shape.labels), shape.labels);
  return std::max(config.batch * active, batch.labels) * 40 + thread_count(config) * 4 * shape.labels;
}

std::optional<std::string> read_small_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::optional<std::uint64_t> read_count(const std::string& path) {
  const auto text = read_small_file(path);
  std::uint64_t value = 0;
  if (!text || config::parse_number(config::trimmed(std::string_view(*text).substr(0, text->find('\n'))), value) !=
                   config::NumberStatus::ok) {
    return std::nullopt;  // missing, or "max"
  }
  return value;
}

/// The number behind "name " at the begin of a line, 0 if there is none.
std::uint64_t stat_field(std::string_view text, std::string_view name) noexcept {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    std::uint64_t value = 0;
    const bool matches = line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ';
    if (matches && config::parse_number(line.substr(name.size() + 1), value) == config::NumberStatus::ok) return value;
  }
  return 0;
}

/// What one version of cgroups calls its files.
struct Cgroup {
  const char* mount;
  const char* limit;
  const char* usage;
  std::array<const char*, 2> page_cache;  ///< in memory.stat: counted as used, but given up before anything else fails
};
constexpr std::array kCgroups = {
    Cgroup{"/sys/fs/cgroup", "memory.max", "memory.current", {"inactive_file", "active_file"}},
    Cgroup{"/sys/fs/cgroup/unified", "memory.max", "memory.current", {"inactive_file", "active_file"}},
    Cgroup{
        "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", {"total_inactive_file", "total_active_file"}},
};

std::uint64_t left_in_group(const Cgroup& kind, const std::string& folder) {
  const auto limit = read_count(folder + "/" + kind.limit);
  if (!limit) return kNoLimit;
  const std::uint64_t usage = read_count(folder + "/" + kind.usage).value_or(0);
  const std::string stat = read_small_file(folder + "/memory.stat").value_or("");
  const std::uint64_t cache = stat_field(stat, kind.page_cache[0]) + stat_field(stat, kind.page_cache[1]);
  const std::uint64_t held = usage - std::min(usage, cache);
  return *limit - std::min(*limit, held);
}

/// The path of this process's group: of the memory controller (version 1) or of the one hierarchy (version 2, "0::").
std::string own_group(std::string_view cgroup_file, bool memory_controller) {
  while (!cgroup_file.empty()) {
    const std::string_view line = cgroup_file.substr(0, cgroup_file.find('\n'));
    cgroup_file.remove_prefix(std::min(line.size() + 1, cgroup_file.size()));
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (memory_controller ? controllers.find("memory") != std::string_view::npos : controllers.empty()) {
      return std::string(line.substr(second + 1));
    }
  }
  return "/";
}

/// Every group on the way up limits the process. In a container the own path may be the host's and not exist here: then the mount
/// point itself is the container's group.
std::uint64_t left_in_cgroups(const std::string& root) {
  const std::string groups = read_small_file(root + "/proc/self/cgroup").value_or("");
  std::uint64_t left = kNoLimit;
  for (const Cgroup& kind : kCgroups) {
    const std::string mount = root + kind.mount;
    std::string path = own_group(groups, std::string_view(kind.mount).ends_with("/memory"));
    while (!path.empty() && path != "/") {
      left = std::min(left, left_in_group(kind, mount + path));
      path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
    left = std::min(left, left_in_group(kind, mount));
  }
  return left;
}

std::uint64_t left_in_address_space() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  const auto status = read_small_file("/proc/self/status");
  const std::uint64_t used = status ? config::kib_field(*status, "VmSize").value_or(0) : 0;
  return limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, used);
}

std::string remedy(const MemoryEstimate& need) {
  const std::uint64_t largest = std::max({need.weights, need.optimizer_state, need.tables, need.step_buffers});
  if (largest == need.optimizer_state) {
    return "use fewer hidden units, or less state: moments = bf16, second-moment = row, optimizer = adagrad, or average = 0";
  }
  if (largest == need.weights) return "use fewer hidden units, or precision = bf16";
  if (largest == need.tables) return "use fewer tables, a smaller k, or sampler = uniform";
  return "use a smaller batch or fewer active labels";
}

}  // namespace

namespace config {

/// Gradients of rows are not counted, they are summed row by row.
std::uint64_t step_bytes(const Config& config, const Shape& shape, const BatchSize& batch) noexcept {
  std::uint64_t activations = 0;  // values, 16-bit halves, gradients
  for (const std::uint32_t width : config.hidden) activations += config.batch * padded(width) * 12;
  // Two batches' copies; features also in the row-major order of the update.
  const std::uint64_t copies = batch.features * 40 + batch.labels * 16;
  const bool per_sample = config.scope == Scope::sample && !(config.sampler == SamplerKind::full);
  return activations + copies +
         (per_sample ? per_sample_output_bytes(config, shape, batch) : shared_output_bytes(config, shape, batch));
}

std::uint64_t gradient_bytes(const Config& config, const Shape& shape, const BatchSize& batch) noexcept {
  if (config.accumulate == 1 && config.clip_norm == 0) return 0;
  const auto block = [](std::uint64_t rows, std::uint64_t touched, std::uint64_t width) {
    return rows * 4 + std::min(rows, touched) * (4 * padded(width) + 8);
  };
  const std::uint64_t samples = std::uint64_t{config.batch} * config.accumulate;
  const bool per_sample = config.scope == Scope::sample;
  const std::uint64_t wanted = std::max<std::uint64_t>(config.active.of(shape.labels), per_sample ? 0 : batch.different_labels);
  const std::uint64_t active = config.sampler == SamplerKind::full ? shape.labels : wanted;
  std::uint64_t bytes = block(shape.features, batch.features * config.accumulate, config.hidden.front()) +
                        block(shape.labels, active * (per_sample ? samples : config.accumulate), config.hidden.back());
  for (std::size_t i = 1; i < config.hidden.size(); ++i) bytes += block(config.hidden[i], config.hidden[i], config.hidden[i - 1]);
  return bytes;
}

std::optional<std::uint64_t> kib_field(std::string_view text, std::string_view name) noexcept {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    line = trimmed(line.substr(name.size() + 1));
    std::uint64_t kib = 0;
    if (!line.ends_with(" kB") || parse_number(trimmed(line.substr(0, line.size() - 3)), kib) != NumberStatus::ok) {
      return std::nullopt;
    }
    return kib * 1024;
  }
  return std::nullopt;
}

std::uint64_t available_memory_below(const std::string& root) {
  std::uint64_t system = kNoLimit;
  if (const auto meminfo = read_small_file(root + "/proc/meminfo")) {
    system = kib_field(*meminfo, "MemAvailable").value_or(kNoLimit);
  }
  return std::min(system, left_in_cgroups(root));
}

std::uint64_t average_bytes(const Config& config, const Shape& shape) noexcept {
  if (config.average == 0) return 0;
  std::uint64_t parameters = std::uint64_t{shape.features} * config.hidden.front() + config.hidden.front();
  for (std::size_t i = 1; i < config.hidden.size(); ++i) parameters += config.hidden[i] * (config.hidden[i - 1] + 1ull);
  return 4 * (parameters + shape.labels * (config.hidden.back() + 1ull));
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  char text[48];
  std::snprintf(text, sizeof text, value < 10 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
  return text;
}

Result<void> check_memory_against(const MemoryEstimate& need, std::uint64_t available) {
  if (need.total() <= available) return {};
  return runtime_error("not enough memory: training needs about " + bytes_text(need.total()) + " (weights " +
                       bytes_text(need.weights) + ", optimiser state " + bytes_text(need.optimizer_state) + ", hash tables " +
                       bytes_text(need.tables) + ", step buffers " + bytes_text(need.step_buffers) + "), available are " +
                       bytes_text(available) + "; " + remedy(need));
}

}  // namespace config

MemoryEstimate estimate_training_memory(const Config& config, const Shape& shape) {
  MemoryEstimate estimate;
  if (config.hidden.empty()) return estimate;
  // The embedding bag: a row per feature, and its bias as a row of its own. Then the dense layers and the output layer.
  const auto options = ParameterRows::Options::of(config, true);
  add_rows(estimate, options.without_bias(), shape.features, config.hidden.front());
  add_rows(estimate, options.without_bias().in_floats(), 1, config.hidden.front());
  for (std::size_t i = 1; i < config.hidden.size(); ++i) add_rows(estimate, options, config.hidden[i], config.hidden[i - 1]);
  add_rows(estimate, options, shape.labels, config.hidden.back());
  estimate.optimizer_state += config::average_bytes(config, shape);
  if (uses_tables(config.sampler)) estimate.tables = table_bytes(config, shape);
  if (uses_clusters(config.sampler)) estimate.tables += ClusterIndex::most_bytes(shape.labels, config.hidden.back());
  // Without the data nobody knows how large a batch is: one of rather long rows, with few labels.
  const std::uint64_t features = config.batch * std::min<std::uint64_t>(shape.features, kFeaturesPerSample);
  const config::BatchSize batch{features, 0, 0};
  estimate.step_buffers = config::step_bytes(config, shape, batch) + config::gradient_bytes(config, shape, batch);
  return estimate;
}

std::uint64_t available_memory() { return std::min(config::available_memory_below(""), left_in_address_space()); }

Result<void> check_memory(const MemoryEstimate& need) { return config::check_memory_against(need, available_memory()); }

}  // namespace glissade
