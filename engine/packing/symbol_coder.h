#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/packing/byte_stream.h"

namespace glissade::packing {

/// Bytes coded by how often they occur in their context: an asymmetric numeral system (rANS, Duda 2013) with fixed frequencies,
/// two states in turn, 16 bits at a time. A symbol of probability p takes about -log2(p) bits.
inline constexpr unsigned kProbabilityBits = 12;
inline constexpr std::uint32_t kProbabilities = 1u << kProbabilityBits;
inline constexpr std::size_t kSymbols = 256;

/// How often each symbol occurs in each of some contexts.
class SymbolCounts {
 public:
  explicit SymbolCounts(std::size_t contexts) : counts_(contexts) {}
  void add(std::size_t context, std::uint8_t symbol) noexcept { ++counts_[context][symbol]; }
  void add(const SymbolCounts& other) noexcept;
  std::size_t contexts() const noexcept { return counts_.size(); }
  const std::array<std::uint64_t, kSymbols>& of(std::size_t context) const noexcept { return counts_[context]; }

 private:
  std::vector<std::array<std::uint64_t, kSymbols>> counts_;
};

/// The frequencies of all contexts, in parts of kProbabilities. Both sides have the same.
class SymbolTables {
 public:
  SymbolTables() = default;
  /// A symbol that occurs has a frequency of 1 at least.
  explicit SymbolTables(const SymbolCounts& counts);

  void write(ByteWriter& out) const;
  /// False if what was read is no such table.
  bool read(ByteReader& in);

  std::size_t contexts() const noexcept { return tables_.size(); }

 private:
  friend class SymbolReader;
  friend std::vector<std::byte> encode(std::span<const std::uint8_t>, std::span<const std::uint8_t>, const SymbolTables&);
  struct Slot {
    std::uint16_t frequency = 0;
    std::uint16_t begin = 0;
    std::uint8_t symbol = 0;
  };
  struct Table {
    std::array<std::uint16_t, kSymbols> frequency{};
    std::array<std::uint16_t, kSymbols> begin{};
    std::vector<Slot> slots;  ///< of each of kProbabilities; empty: a context without symbols
  };
  static void fill(Table& table);

  std::vector<Table> tables_;
};

/// contexts[i] is that of symbols[i], whose frequency must not be 0 there.
std::vector<std::byte> encode(std::span<const std::uint8_t> symbols, std::span<const std::uint8_t> contexts,
                              const SymbolTables& tables);

/// Reads the symbols of one encode() again. The contexts must be those of writing. From damaged bytes come wrong symbols, within
/// their tables; reading never leaves the bytes.
class SymbolReader {
 public:
  SymbolReader(std::span<const std::byte> bytes, const SymbolTables& tables) noexcept;

  std::uint8_t next(std::size_t context) noexcept {
    const auto& slots = tables_.tables_[context].slots;
    if (slots.empty()) return 0;
    const SymbolTables::Slot slot = slots[state_ & (kProbabilities - 1)];
    std::uint32_t state = slot.frequency * (state_ >> kProbabilityBits) + (state_ & (kProbabilities - 1)) - slot.begin;
    if (state < kLeast && end_ - at_ >= static_cast<std::ptrdiff_t>(sizeof(std::uint16_t))) {
      std::uint16_t word;
      std::memcpy(&word, at_, sizeof word);
      at_ += sizeof word;
      state = state << 16 | word;
    }
    state_ = other_;
    other_ = state;
    return slot.symbol;
  }

  static constexpr std::uint32_t kLeast = 1u << 16;

 private:
  const SymbolTables& tables_;
  const std::byte* at_;
  const std::byte* end_;
  std::uint32_t state_ = kLeast, other_ = kLeast;
};

/// Bytes by themselves, without contexts: their count, a table, and a stream.
void put_symbols(ByteWriter& out, std::span<const std::uint8_t> bytes);
/// `most`: more is taken for damage. What is damaged leaves `in` failed or `bytes` shorter than expected.
bool get_symbols(ByteReader& in, std::uint64_t most, std::vector<std::uint8_t>& bytes);

}  // namespace glissade::packing
