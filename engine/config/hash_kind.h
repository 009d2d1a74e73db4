#pragma once

#include <glissade/config.h>

#include "hashing/family.h"

namespace glissade::config {

/// The hash family that an option names.
constexpr hashing::FamilyKind family_kind(HashKind kind) noexcept {
  switch (kind) {
    case HashKind::simhash: return hashing::FamilyKind::simhash;
    case HashKind::dwta: return hashing::FamilyKind::dwta;
    case HashKind::wta: return hashing::FamilyKind::wta;
    case HashKind::minhash: return hashing::FamilyKind::minhash;
  }
  return hashing::FamilyKind::simhash;
}

}  // namespace glissade::config
