#include "engine/samplers/lsh.h"

namespace glissade {

void LshSource::add(const SampleGroup& group, std::size_t quota, std::uint64_t seed, hashing::StampSet& seen,
                    ActiveSet& out) const noexcept {
  hashing::collect(index_.tables(), group.codes, seed, quota, seen, out.ids);
  out.inclusion.resize(out.ids.size() - out.labels, 1.f);
}

}  // namespace glissade
