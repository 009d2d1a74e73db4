#include "apps/training/tensorboard.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <glissade/phases.h>

#include "apps/console/output.h"
#include "datasets/message.h"
#include "system/message.h"

namespace glissade::apps {
namespace {

/// CRC-32C (Castagnoli), bit-reflected, a byte at a time.
constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[byte] = crc;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

/// As the TFRecord format wants it: masked, because a checksum of data that hold checksums is weak.
std::uint32_t masked_crc(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  return std::rotr(~crc, 15) + 0xa282ead8u;
}

template <class T>
std::string little_endian(T value) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// Protocol buffers, as much of them as an Event takes: a key is (field << 3 | wire type).
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}
std::string key(unsigned field, unsigned wire) { return varint(field << 3 | wire); }
std::string varint_field(unsigned field, std::uint64_t value) { return key(field, 0) + varint(value); }
std::string double_field(unsigned field, double value) { return key(field, 1) + little_endian(value); }
std::string float_field(unsigned field, float value) { return key(field, 5) + little_endian(value); }
std::string bytes_field(unsigned field, std::string_view bytes) {
  return key(field, 2) + varint(bytes.size()) + std::string(bytes);
}

// Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
// Summary { repeated Value value = 1; }   Value { string tag = 1; float simple_value = 2; }
std::string event_begin() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return double_field(1, std::chrono::duration<double>(now).count());
}

std::string scalar(const std::string& tag, double value) {
  return bytes_field(1, bytes_field(1, tag) + float_field(2, static_cast<float>(value)));
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "host";
}

Error write_error(const std::string& path, const char* rest) {
  return runtime_error(fmt::format("cannot write {}: {}; {}", datasets::quoted(path), system::error_text(errno), rest));
}

/// What a field of an event is called on the dashboard; text before the slash groups charts.
struct Tag {
  const char* field;
  const char* tag;
};
constexpr Tag kProgressTags[] = {{"loss", "train/loss"},
                                 {"train_p@1", "train/P@1 in the active set"},
                                 {"active_share", "train/active share"},
                                 {"samples_per_second", "speed/samples per second"},
                                 {"rss_mb", "memory/resident MiB"}};
constexpr Tag kEpochTags[] = {{"loss", "epoch/loss"},
                              {"p@1", "test/P@1"},
                              {"p@3", "test/P@3"},
                              {"p@5", "test/P@5"},
                              {"ndcg@5", "test/nDCG@5"},
                              {"psp@1", "test/PSP@1"},
                              {"psp@3", "test/PSP@3"},
                              {"psp@5", "test/PSP@5"},
                              {"active_share", "epoch/active share"},
                              {"rows_touched_share", "epoch/share of rows touched"},
                              {"rows_rehashed", "epoch/rows re-hashed"},
                              {"train_seconds", "speed/seconds per epoch"},
                              {"input_wait_seconds", "speed/seconds waiting for input"},
                              {"peak_rss_mb", "memory/peak MiB"}};

}  // namespace

Result<TensorBoard> TensorBoard::open(const std::string& folder) {
  TensorBoard board;
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  board.path_ = fmt::format("{}/events.out.tfevents.{}.{}.{}", folder,
                            std::chrono::duration_cast<std::chrono::seconds>(now).count(), host_name(), getpid());
  board.file_.reset(std::fopen(board.path_.c_str(), "abe"));
  if (board.file_ == nullptr) return write_error(board.path_, "choose another place for --tensorboard");
  if (!board.write_record(event_begin() + bytes_field(3, "brain.Event:2"))) {
    return write_error(board.path_, "choose another place for --tensorboard");
  }
  return board;
}

/// A TFRecord: length, its checksum, the message, its checksum.
bool TensorBoard::write_record(const std::string& message) {
  const std::string length = little_endian(std::uint64_t{message.size()});
  const std::string record = length + little_endian(masked_crc(length)) + message + little_endian(masked_crc(message));
  return std::fwrite(record.data(), 1, record.size(), file_.get()) == record.size() && std::fflush(file_.get()) == 0;
}

bool TensorBoard::write_scalars(std::uint64_t samples, const Scalars& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars) summary += scalar(tag, value);
  return write_record(event_begin() + varint_field(2, samples) + bytes_field(5, summary));
}

void TensorBoard::write(const nlohmann::ordered_json& event) {
  if (failed_) return;
  Scalars scalars;
  const auto add = [&](const Tag& tag) {
    const auto at = event.find(tag.field);
    if (at != event.end() && at->is_number()) scalars.emplace_back(tag.tag, at->get<double>());
  };
  std::uint64_t samples = 0;
  const std::string kind = event.at("event");
  if (kind == "progress") {
    if (event.value("activity", "training") != name_of(Activity::steps)) return;  // no curve has a point there
    for (const Tag& tag : kProgressTags) add(tag);
    samples = (event.at("epoch").get<std::uint64_t>() - 1) * event.at("samples_total").get<std::uint64_t>() +
              event.at("samples").get<std::uint64_t>();
  } else if (kind == "epoch") {
    for (const Tag& tag : kEpochTags) add(tag);
    if (event.contains("phase_seconds")) {
      for (const auto& [phase, seconds] : event.at("phase_seconds").items()) {
        scalars.emplace_back("seconds of each phase/" + phase, seconds.get<double>());
      }
    }
    samples = event.at("epoch").get<std::uint64_t>() * event.at("samples").get<std::uint64_t>();
  } else {
    return;
  }
  if (write_scalars(samples, scalars)) return;
  failed_ = true;
  complain(write_error(path_, "training goes on without it").message);
}

}  // namespace glissade::apps
