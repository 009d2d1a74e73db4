#include "engine/samplers/lsh.h"

#include <cmath>
#include <vector>

namespace glissade {

float inclusion_of(double met, double visits) noexcept { return static_cast<float>(1 - std::pow(1 - met / visits, visits)); }

namespace {

/// In how many of the group's buckets each of the rows out.ids[before], ... lies.
void report_inclusion(const hashing::Tables& tables, const hashing::GroupCodes& group, std::size_t before, ActiveSet& out) {
  static thread_local std::vector<std::uint32_t> met;  // of all rows; only those found are set to 0 first and read
  met.resize(tables.rows());
  for (std::size_t j = before; j < out.ids.size(); ++j) met[out.ids[j]] = 0;
  for (std::uint32_t table = 0; table < tables.tables(); ++table) {
    for (std::size_t s = 0; s < group.samples; ++s) {
      for (const std::uint32_t id : tables.bucket(table, group.codes[table * group.stride + s])) ++met[id];
    }
  }
  const double visits = static_cast<double>(group.samples) * tables.tables();
  for (std::size_t j = before; j < out.ids.size(); ++j) out.inclusion.push_back(inclusion_of(met[out.ids[j]], visits));
}

}  // namespace

void collect_from_tables(const LabelIndex& index, const hashing::GroupCodes& group, const Source::Order& order,
                         hashing::StampSet& seen, ActiveSet& out) {
  const std::size_t before = out.ids.size();
  hashing::collect(index.tables(), group, order.seed, order.quota, seen, out.ids);
  if (order.inclusion) report_inclusion(index.tables(), group, before, out);
}

void LshSource::add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const {
  collect_from_tables(index_, group.codes, order, seen, out);
}

}  // namespace glissade
