#include "engine/packing/packed_bytes.h"

#include "engine/packing/symbol_coder.h"

namespace glissade::packing {
namespace {

constexpr std::uint32_t kBytesFormat = 1;
constexpr std::uint32_t kMostElementBytes = 16;

}  // namespace

std::vector<std::byte> pack_bytes(std::span<const std::byte> bytes, std::uint32_t element_bytes) {
  ByteWriter out;
  out.put(kBytesFormat);
  out.put(element_bytes);
  out.put(static_cast<std::uint64_t>(bytes.size()));
  for (std::size_t place = 0; place < element_bytes; ++place) {
    std::vector<std::uint8_t> plane;
    for (std::size_t i = place; i < bytes.size(); i += element_bytes) plane.push_back(std::to_integer<std::uint8_t>(bytes[i]));
    put_symbols(out, plane);
  }
  return out.take();
}

std::optional<Array<std::byte>> unpack_bytes(std::span<const std::byte> packed) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 40;
  ByteReader in(packed);
  const auto format = in.get<std::uint32_t>();
  const auto element_bytes = in.get<std::uint32_t>();
  const auto size = in.get<std::uint64_t>();
  if (in.failed() || format != kBytesFormat || element_bytes == 0 || element_bytes > kMostElementBytes || size > kMostBytes)
    return std::nullopt;
  Array<std::byte> bytes(size);
  std::vector<std::uint8_t> plane;
  for (std::size_t place = 0; place < element_bytes; ++place) {
    const std::uint64_t count = size > place ? (size - place - 1) / element_bytes + 1 : 0;
    if (!get_symbols(in, count, plane) || plane.size() != count) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) bytes[i * element_bytes + place] = static_cast<std::byte>(plane[i]);
  }
  return in.left() == 0 ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace glissade::packing
