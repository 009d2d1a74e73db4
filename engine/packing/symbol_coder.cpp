#include "engine/packing/symbol_coder.h"

#include <algorithm>
#include <numeric>

namespace glissade::packing {

void SymbolCounts::add(const SymbolCounts& other) noexcept {
  for (std::size_t context = 0; context < counts_.size(); ++context) {
    for (std::size_t symbol = 0; symbol < kSymbols; ++symbol) counts_[context][symbol] += other.counts_[context][symbol];
  }
}

namespace {

/// Frequencies that sum to kProbabilities, all 0 without symbols: rounded shares, and what rounding is off goes to the symbols
/// that feel it least.
std::array<std::uint16_t, kSymbols> shares_of(const std::array<std::uint64_t, kSymbols>& counts) {
  std::array<std::uint16_t, kSymbols> shares{};
  const std::uint64_t all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (all == 0) return shares;
  std::int64_t left = kProbabilities;
  for (std::size_t i = 0; i < kSymbols; ++i) {
    if (counts[i] == 0) continue;
    const double share = static_cast<double>(counts[i]) / static_cast<double>(all) * kProbabilities;
    shares[i] = static_cast<std::uint16_t>(std::max(1.0, share + 0.5));
    left -= shares[i];
  }
  while (left != 0) {
    const auto most = static_cast<std::size_t>(std::ranges::max_element(shares) - shares.begin());
    const std::int64_t step = left > 0 ? left : std::max<std::int64_t>(left, -std::max(1, shares[most] / 8));
    shares[most] = static_cast<std::uint16_t>(shares[most] + step);
    left -= step;
  }
  return shares;
}

}  // namespace

SymbolTables::SymbolTables(const SymbolCounts& counts) : tables_(counts.contexts()) {
  for (std::size_t context = 0; context < tables_.size(); ++context) {
    tables_[context].frequency = shares_of(counts.of(context));
    fill(tables_[context]);
  }
}

void SymbolTables::fill(Table& table) {
  std::uint32_t begin = 0;
  for (std::size_t symbol = 0; symbol < kSymbols; ++symbol) {
    table.begin[symbol] = static_cast<std::uint16_t>(begin);
    begin += table.frequency[symbol];
  }
  if (begin == 0) return;
  table.slots.resize(kProbabilities);
  for (std::size_t symbol = 0; symbol < kSymbols; ++symbol) {
    std::fill_n(table.slots.begin() + table.begin[symbol], table.frequency[symbol],
                Slot{table.frequency[symbol], table.begin[symbol], static_cast<std::uint8_t>(symbol)});
  }
}

void SymbolTables::write(ByteWriter& out) const {
  out.put_count(tables_.size());
  for (const Table& table : tables_) {
    std::size_t used = kSymbols;
    while (used > 0 && table.frequency[used - 1] == 0) --used;
    out.put_count(used);
    for (std::size_t symbol = 0; symbol < used; ++symbol) out.put_count(table.frequency[symbol]);
  }
}

bool SymbolTables::read(ByteReader& in) {
  constexpr std::uint64_t kMostContexts = 256;
  const std::uint64_t contexts = in.get_count();
  if (contexts > kMostContexts) return false;
  tables_.assign(contexts, {});
  for (Table& table : tables_) {
    const std::uint64_t used = in.get_count();
    if (used > kSymbols) return false;
    std::uint64_t sum = 0;
    for (std::size_t symbol = 0; symbol < used; ++symbol) {
      const std::uint64_t frequency = in.get_count();
      sum += frequency;
      if (frequency > kProbabilities) return false;
      table.frequency[symbol] = static_cast<std::uint16_t>(frequency);
    }
    if (in.failed() || (sum != kProbabilities && sum != 0)) return false;
    fill(table);
  }
  return !in.failed();
}

std::vector<std::byte> encode(std::span<const std::uint8_t> symbols, std::span<const std::uint8_t> contexts,
                              const SymbolTables& tables) {
  std::array<std::uint32_t, 2> states = {SymbolReader::kLeast, SymbolReader::kLeast};
  std::vector<std::uint16_t> words;
  for (std::size_t i = symbols.size(); i-- > 0;) {  // the last one first: reading takes them back in order
    const SymbolTables::Table& table = tables.tables_[contexts[i]];
    const std::uint32_t frequency = table.frequency[symbols[i]];
    std::uint32_t& state = states[i % 2];
    if (state >= std::uint64_t{frequency} << (32 - kProbabilityBits)) {
      words.push_back(static_cast<std::uint16_t>(state));
      state >>= 16;
    }
    state = state / frequency * kProbabilities + state % frequency + table.begin[symbols[i]];
  }
  std::ranges::reverse(words);
  ByteWriter out;
  out.put(states);
  out.put_all(std::span<const std::uint16_t>(words));
  return out.take();
}

SymbolReader::SymbolReader(std::span<const std::byte> bytes, const SymbolTables& tables) noexcept : tables_(tables) {
  ByteReader in(bytes);
  state_ = in.get<std::uint32_t>();
  other_ = in.get<std::uint32_t>();
  const auto words = in.get_bytes(in.left());
  at_ = words.data();
  end_ = words.data() + words.size();
}

void put_symbols(ByteWriter& out, std::span<const std::uint8_t> bytes) {
  SymbolCounts counts(1);
  for (const std::uint8_t byte : bytes) counts.add(0, byte);
  const SymbolTables tables(counts);
  const std::vector<std::uint8_t> contexts(bytes.size(), 0);
  const std::vector<std::byte> stream = encode(bytes, contexts, tables);
  out.put_count(bytes.size());
  tables.write(out);
  out.put_count(stream.size());
  out.put_all(std::span<const std::byte>(stream));
}

bool get_symbols(ByteReader& in, std::uint64_t most, std::vector<std::uint8_t>& bytes) {
  const std::uint64_t count = in.get_count();
  SymbolTables tables;
  if (count > most || !tables.read(in) || tables.contexts() != 1) return false;
  const auto stream = in.get_bytes(in.get_count());
  if (in.failed()) return false;
  SymbolReader symbols(stream, tables);
  bytes.resize(count);
  for (std::uint8_t& byte : bytes) byte = symbols.next(0);
  return true;
}

}  // namespace glissade::packing
