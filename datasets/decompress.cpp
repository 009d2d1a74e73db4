#include "datasets/decompress.h"

#define ZLIB_CONST
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "datasets/byte_order_mark.h"
#include "datasets/message.h"
#include "datasets/zip_directory.h"

namespace glissade::datasets {
namespace {

constexpr std::size_t kFirstBytes = std::size_t{1} << 20;

Error corrupt(const std::string& path, const char* kind, const std::string& why) {
  return runtime_error(fmt::format("{} is not intact {} data ({}); fetch or compress the file again", quoted(path), kind, why));
}

/// The growing output of a decompressor. It grows by doubling, and never past what is available.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path) {}

  Result<void> reserve(std::size_t bytes) {
    if (auto enough = require_memory(bytes - std::min(bytes, memory_.size()), "decompressing " + quoted(path_)); !enough)
      return enough;
    if (!memory_.grow(bytes)) {
      return runtime_error(
          fmt::format("decompressing {} needs {} of memory, which the system refused; free memory or split the file",
                      quoted(path_), human_bytes(bytes)));
    }
    return {};
  }
  Result<void> make_room() {
    return used_ < memory_.size() ? Result<void>() : reserve(std::max(kFirstBytes, memory_.size() * 2));
  }
  char* free_begin() const noexcept { return memory_.data() + used_; }
  std::size_t free_bytes() const noexcept { return memory_.size() - used_; }
  void advance(std::size_t bytes) noexcept { used_ += bytes; }
  std::size_t used() const noexcept { return used_; }
  std::string_view written() const noexcept { return {memory_.data(), used_}; }
  Memory take() && noexcept { return std::move(memory_); }

 private:
  const std::string& path_;
  Memory memory_;
  std::size_t used_ = 0;
};

Result<void> expand_zstd(std::string_view packed, const std::string& path, Output& output) {
  const auto stated = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (stated != ZSTD_CONTENTSIZE_UNKNOWN && stated != ZSTD_CONTENTSIZE_ERROR && stated > 0) {
    // A stated size is only a claim: one that cannot fit is refused here, a wrong one is noticed by the decoder.
    if (auto reserved = output.reserve(static_cast<std::size_t>(stated)); !reserved) return reserved;
  }
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(), &ZSTD_freeDStream);
  if (!stream) return require_memory(std::numeric_limits<std::uint64_t>::max(), "decompressing " + quoted(path));
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t hint = 1;  // 0: a frame has just ended, so the data may end here
  bool flushed = false;  // the decoder holds no more output for the input it has seen
  while (in.pos < in.size || !flushed) {
    if (auto room = output.make_room(); !room) return room;
    ZSTD_outBuffer out{output.free_begin(), output.free_bytes(), 0};
    hint = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(hint)) return corrupt(path, "Zstandard", ZSTD_getErrorName(hint));
    output.advance(out.pos);
    flushed = out.pos < out.size || hint == 0;
  }
  return hint == 0 ? Result<void>() : corrupt(path, "Zstandard", "the file ends too early");
}

struct Inflater {
  z_stream stream{};
  bool ready = false;
  static constexpr int kGzip = 15 + 16;  ///< 16: expect a gzip header, not a zlib one
  static constexpr int kRaw = -15;       ///< no header at all
  explicit Inflater(int window) noexcept { ready = inflateInit2(&stream, window) == Z_OK; }
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

/// One gzip member, or raw stream, from the front of `packed`, which then starts behind it.
Result<void> expand_member(Inflater& inflater, std::string_view& packed, const std::string& path, const char* kind,
                           Output& output) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // zlib counts in 32 bits
  z_stream& stream = inflater.stream;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    if (auto room = output.make_room(); !room) return room;
    const auto offered = static_cast<uInt>(std::min(packed.size(), kMost));
    const auto room = static_cast<uInt>(std::min(output.free_bytes(), kMost));
    stream.next_in = reinterpret_cast<const Bytef*>(packed.data());
    stream.avail_in = offered;
    stream.next_out = reinterpret_cast<Bytef*>(output.free_begin());
    stream.avail_out = room;
    status = inflate(&stream, Z_NO_FLUSH);
    packed.remove_prefix(offered - stream.avail_in);
    output.advance(room - stream.avail_out);
    if (status == Z_OK) continue;
    if (status == Z_BUF_ERROR) return corrupt(path, kind, "the file ends too early");
    if (status != Z_STREAM_END) return corrupt(path, kind, stream.msg != nullptr ? stream.msg : "damaged block");
  }
  return {};
}

Result<void> expand_gzip(std::string_view packed, const std::string& path, Output& output) {
  Inflater inflater(Inflater::kGzip);
  if (!inflater.ready) return require_memory(std::numeric_limits<std::uint64_t>::max(), "decompressing " + quoted(path));
  while (!packed.empty()) {
    if (auto member = expand_member(inflater, packed, path, "gzip", output); !member) return member;
    inflateReset(&inflater.stream);
    // Tapes and block devices pad with zeros, and gzip itself ignores that.
    if (packed.find_first_not_of('\0') == std::string_view::npos) break;
  }
  return {};
}

/// One file of a zip archive.
Result<void> expand_zip(std::string_view archive, const std::string& name, const std::string& path, Output& output) {
  const auto member = find_member(archive, name, path);
  if (!member) return member.error();
  const auto packed = packed_bytes(archive, *member, path);
  if (!packed) return packed.error();
  // A stated size is only a claim: one that cannot fit is refused here, a wrong one is noticed below.
  if (auto room = output.reserve(static_cast<std::size_t>(member->bytes)); !room) return room;
  if (member->method == 0) {
    std::copy_n(packed->begin(), packed->size(), output.free_begin());
    output.advance(packed->size());
  } else {
    Inflater inflater(Inflater::kRaw);
    if (!inflater.ready) return require_memory(std::numeric_limits<std::uint64_t>::max(), "decompressing " + quoted(path));
    std::string_view rest = *packed;
    if (auto done = expand_member(inflater, rest, path, "zip", output); !done) return done;
  }
  const std::string_view text = output.written();
  if (text.size() != member->bytes) return corrupt(path, "zip", "a file of another size than its directory says");
  if (crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()) == member->checksum) return {};
  return corrupt(path, "zip", "wrong checksum");
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }
bool is_zstd(std::string_view bytes) { return bytes.starts_with("\x28\xb5\x2f\xfd"); }

}  // namespace

Result<Text> Text::open(const std::string& path) {
  auto source = open_source(path);
  if (!source) return source.error();
  return from(std::move(*source), path);
}

Result<Text> Text::from(Source source, const std::string& path) {
  Text text(std::move(source.file));
  const std::string_view packed = text.file_.bytes();
  const auto expand = is_gzip(packed) ? expand_gzip : is_zstd(packed) ? expand_zstd : nullptr;
  if (expand != nullptr || is_zip(packed)) {
    Output output(path);
    auto expanded = expand != nullptr ? expand(packed, path, output) : expand_zip(packed, source.member, path, output);
    if (!expanded) return expanded.error();
    text.compressed_ = true;
    text.size_ = output.used();
    text.memory_ = std::move(output).take();
  }
  if (const auto encoding = wide_encoding(text.whole()); !encoding.empty())
    return runtime_error(fmt::format("{} is {} text; write it as UTF-8", quoted(path), encoding));
  text.mark_ = byte_order_mark(text.whole());
  return text;
}

}  // namespace glissade::datasets
