#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <glissade/options.h>
#include <glissade/runtime.h>

#include "engine/estimates/training_memory.h"
#include "engine/output/fused_output.h"
#include "engine/runtime/available_memory.h"

namespace glissade {
namespace {

namespace fs = std::filesystem;

/// A made-up root folder with the files that the system would have.
class FakeRoot {
 public:
  FakeRoot() : path_(fs::temp_directory_path() / ("glissade-memory-" + std::to_string(getpid()))) { fs::remove_all(path_); }
  ~FakeRoot() { fs::remove_all(path_); }
  void file(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  std::uint64_t available() const { return runtime::available_memory_below(path_.string()); }

 private:
  fs::path path_;
};

constexpr std::uint64_t kMiB = 1024 * 1024;
const char* const kMeminfo =
    "MemTotal:       8388608 kB\nMemFree:         102400 kB\nMemAvailable:    4194304 kB\nBuffers: 1 kB\n";

TEST_CASE("available memory is what the system says", "[unit]") {
  FakeRoot root;
  root.file("proc/meminfo", kMeminfo);
  CHECK(root.available() == 4096 * kMiB);
}

TEST_CASE("available memory: cgroup version 2, page cache counts as free", "[unit]") {
  FakeRoot root;
  root.file("proc/meminfo", kMeminfo);
  root.file("proc/self/cgroup", "0::/jobs/one\n");
  root.file("sys/fs/cgroup/jobs/one/memory.max", "max\n");
  root.file("sys/fs/cgroup/jobs/one/memory.current", "5\n");
  CHECK(root.available() == 4096 * kMiB);
  root.file("sys/fs/cgroup/jobs/memory.max", std::to_string(1000 * kMiB) + "\n");
  root.file("sys/fs/cgroup/jobs/memory.current", std::to_string(700 * kMiB) + "\n");
  CHECK(root.available() == 300 * kMiB);
  root.file("sys/fs/cgroup/jobs/memory.stat", "anon 7\nactive_file " + std::to_string(50 * kMiB) + "\ninactive_file " +
                                                  std::to_string(150 * kMiB) + "\nworkingset 1\n");
  CHECK(root.available() == 500 * kMiB);
  root.file("sys/fs/cgroup/jobs/one/memory.max", std::to_string(100 * kMiB));
  root.file("sys/fs/cgroup/jobs/one/memory.current", std::to_string(200 * kMiB));
  CHECK(root.available() == 0);
}

TEST_CASE("available memory: cgroup version 1, also where the process's own path is the host's", "[unit]") {
  FakeRoot root;
  root.file("proc/meminfo", kMeminfo);
  root.file("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n");
  root.file("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(512 * kMiB) + "\n");
  root.file("sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(112 * kMiB) + "\n");
  CHECK(root.available() == 400 * kMiB);
  root.file("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", std::to_string(64 * kMiB) + "\n");
  CHECK(root.available() == 64 * kMiB);
  root.file("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(root.available() == 400 * kMiB);
}

TEST_CASE("available memory of this machine is more than nothing and less than a petabyte", "[unit]") {
  CHECK(available_memory() > kMiB);
  CHECK(available_memory() < (1ull << 50));
}

TEST_CASE("memory of an Amazon-670K training", "[unit]") {
  const auto config = preset("amazon-670k-slide");
  REQUIRE(config.ok());
  const Shape shape{135909, 670091};
  const MemoryEstimate uniform = estimate_training_memory(*config, shape);
  const std::uint64_t rows = 135909ull + 1 + 670091;  // the input layer's bias is a row
  const std::uint64_t parameters = rows * 128 + 670091;
  CHECK(uniform.weights == parameters * 4);
  CHECK(uniform.optimizer_state == parameters * 8 + rows * 4);
  CHECK(uniform.tables == 0);
  CHECK(uniform.total() < 1500 * kMiB);

  Config lsh = *config;
  lsh.active_set.sampler = SamplerKind::lsh;
  lsh.run.threads = 2;
  const std::uint64_t stored = lsh.hash_tables.count * (670091ull * 4 + ((1ull << lsh.hash_tables.k) + 1) * 4);
  // A build's spare tables and the drift; a re-hash's list of rows, the codes of all, and two spares with as many arrivals.
  const std::uint64_t rehash = 4 * (670091ull * (1 + lsh.hash_tables.count) + 2 * (2 * 670091ull + (1ull << lsh.hash_tables.k)));
  CHECK(estimate_training_memory(lsh, shape).tables == stored + 670091ull * (2 * 4 + 8) + rehash);

  Config sgd = *config;
  sgd.optimizer.kind = OptimizerKind::sgd;
  CHECK(estimate_training_memory(sgd, shape).optimizer_state == rows * 4);
  sgd.optimizer.kind = OptimizerKind::momentum;
  CHECK(estimate_training_memory(sgd, shape).optimizer_state == parameters * 4 + rows * 4);

  Config averaging = *config;
  averaging.schedule.average = 0.5;
  CHECK(estimate_training_memory(averaging, shape).optimizer_state == uniform.optimizer_state + parameters * 4);
  // What several ranks share out is the rows of all of it.
  const MemoryEstimate quarter = estimate_training_memory(averaging, shape, 4);
  CHECK(4 * quarter.optimizer_state == Approx(estimate_training_memory(averaging, shape).optimizer_state).epsilon(1e-3));
  CHECK(4 * quarter.weights == Approx(uniform.weights).epsilon(1e-3));
  CHECK(4 * estimate_training_memory(lsh, shape, 4).tables == Approx(estimate_training_memory(lsh, shape).tables).epsilon(0.1));
  averaging.network.hidden = {128, 64};
  Config deep = averaging;
  deep.schedule.average = 0;
  const std::uint64_t mean = estimate_training_memory(averaging, shape).total() - estimate_training_memory(deep, shape).total();
  CHECK(mean == 4 * (135909ull * 128 + 128 + 64 * (128 + 1) + 670091 * (64 + 1ull)));
}

TEST_CASE("memory of an Amazon-670K training with less state", "[unit]") {
  Config config = *preset("amazon-670k-slide");
  const Shape shape{135909, 670091};
  const std::uint64_t labels = shape.labels, rows = shape.features + labels, weights = rows * 128;
  constexpr std::uint64_t kBag = 128 * 4;  // the input layer's bias, always in floats

  config.optimizer.moments = MomentType::bf16;
  MemoryEstimate need = estimate_training_memory(config, shape);
  CHECK(need.weights == weights * 4 + kBag + labels * 4);
  CHECK(need.optimizer_state == weights * 4 + 2 * kBag + labels * 8 + (rows + 1) * 4);

  config.optimizer.second_moment = SecondMoment::row;
  need = estimate_training_memory(config, shape);
  CHECK(need.optimizer_state == weights * 2 + kBag + labels * 8 + (rows + 1) * 8);

  config.network.storage = Storage::bf16;
  config.optimizer.kind = OptimizerKind::adagrad;
  need = estimate_training_memory(config, shape);
  CHECK(need.weights == weights * 2 + kBag + labels * 4);
  CHECK(need.optimizer_state == labels * 4 + (rows + 1) * 8);
  CHECK(need.total() < 280 * kMiB);
}

TEST_CASE("memory estimate: step buffers of both scopes", "[unit]") {
  Config config;
  config.training.batch = 256;
  config.active_set.size = 1000;
  config.run.threads = 4;
  config.network.hidden = {64};
  const Shape shape{10, 50000};
  const std::uint64_t common = 256 * 64 * 12 + 256 * 10 * 40;
  const auto shared = [&](std::uint64_t set) { return common + FusedOutput::step_bytes(config, set, 50000, 4); };
  CHECK(estimate_training_memory(config, shape).step_buffers == shared(1000));
  config.active_set.scope = Scope::sample;
  CHECK(estimate_training_memory(config, shape).step_buffers == common + 256 * 1000 * 40 + 4 * 4 * 50000);
  config.active_set.size = 60000;
  CHECK(estimate_training_memory(config, shape).step_buffers == common + 256 * 50000 * 40 + 4 * 4 * 50000);
  config.active_set.sampler = SamplerKind::full;  // one set for all, whatever the scope
  CHECK(estimate_training_memory(config, shape).step_buffers == shared(50000));
}

TEST_CASE("memory estimate: rows are padded, dense layers count, nothing overflows", "[unit]") {
  Config config;
  config.optimizer.kind = OptimizerKind::sgd;
  config.network.hidden = {33, 7};
  // 3 input rows and the bag's bias of 33 -> 64 elements, 7 rows of 33 -> 64 and 5 output rows of 7 -> 32, each with its bias.
  CHECK(estimate_training_memory(config, {3, 5}).weights == 4 * ((3 + 1) * 64 + 7 * 65 + 5 * 33));
  config.network.hidden = {65536};
  config.optimizer.kind = OptimizerKind::adam;
  config.active_set.sampler = SamplerKind::lsh;
  config.hash_tables.k = 24;
  config.hash_tables.count = 4096;
  config.training.batch = 1048576;
  const MemoryEstimate large = estimate_training_memory(config, {0xffffffffu, 0xffffffffu});
  CHECK(large.weights > 2 * 65536ull * 4 * 0xffffffffu - 1);
  CHECK(large.total() > large.weights);
  CHECK(large.total() < (1ull << 60));
}

TEST_CASE("too little memory: need, parts, what is there, remedy", "[unit]") {
  MemoryEstimate need;
  need.weights = 4096 * kMiB;
  need.optimizer_state = 8192 * kMiB;
  need.step_buffers = 100 * kMiB;
  CHECK(estimates::check_memory_against(need, need.total()).ok());
  const auto refused = estimates::check_memory_against(need, need.total() - 1);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == Error::Kind::runtime);
  CHECK(estimates::check_memory_against(need, 512 * kMiB).error().message ==
        "not enough memory: training needs about 12.10 GiB (weights 4.00 GiB, optimiser state 8.00 GiB, hash tables 0 B, step "
        "buffers "
        "100.0 MiB), "
        "available are 512.0 MiB; use fewer hidden units, or less state: moments = bf16, second-moment = row, optimizer = "
        "adagrad, or average = 0");
  need = {};
  need.tables = 2 * kMiB;
  CHECK(estimates::check_memory_against(need, kMiB)
            .error()
            .message.ends_with("use fewer tables, a smaller k, or sampler = uniform"));
  need.step_buffers = 3 * kMiB;
  CHECK(estimates::check_memory_against(need, kMiB).error().message.ends_with("use a smaller batch or fewer active labels"));
  need.weights = 4 * kMiB;
  CHECK(estimates::check_memory_against(need, kMiB).error().message.ends_with("use fewer hidden units, or precision = bf16"));
  need.weights = 1ull << 60;
  CHECK_FALSE(check_memory(need).ok());
  CHECK(check_memory({}).ok());
}

}  // namespace
}  // namespace glissade
