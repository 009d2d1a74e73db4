#include "datasets/packed.h"

#define ZLIB_CONST
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>

#include "datasets/archive_reader.h"
#include "datasets/message.h"

namespace glissade::datasets {
namespace {

// gzip and Zstandard by their own libraries, which text_sink needs, too. libarchive 3.6 does not look at gzip's checksum and
// takes a damaged second member for the end. And it copies once more what libzstd puts into its place: 1.2 to 1.6 times the CPU
// seconds on two files of 73 and 333 MB.

Result<void> expand_zstd(std::string_view packed, const std::string& path, Unpacked& output) {
  const auto stated = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (stated != ZSTD_CONTENTSIZE_UNKNOWN && stated != ZSTD_CONTENTSIZE_ERROR && stated > 0) {
    // A stated size is only a claim: one that cannot fit is refused here, a wrong one is noticed by the decoder.
    if (auto reserved = output.reserve(static_cast<std::size_t>(stated)); !reserved) return reserved;
  }
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(), &ZSTD_freeDStream);
  if (!stream) return require_memory(std::numeric_limits<std::uint64_t>::max(), "decompressing " + datasets::quoted(path));
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t hint = 1;  // 0: a frame has just ended, so the data may end here
  bool flushed = false;  // the decoder holds no more output for the input it has seen
  while (in.pos < in.size || !flushed) {
    if (auto room = output.make_room(); !room) return room;
    ZSTD_outBuffer out{output.free_begin(), output.free_bytes(), 0};
    hint = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(hint)) return not_intact(path, "Zstandard", ZSTD_getErrorName(hint));
    output.advance(out.pos);
    flushed = out.pos < out.size || hint == 0;
  }
  return hint == 0 ? Result<void>() : not_intact(path, "Zstandard", "the file ends too early");
}

struct Inflater {
  z_stream stream{};
  bool ready = false;
  static constexpr int kGzip = 15 + 16;  ///< 16: expect a gzip header, not a zlib one
  Inflater() noexcept { ready = inflateInit2(&stream, kGzip) == Z_OK; }
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

/// One gzip member from the front of `packed`, which then starts behind it.
Result<void> expand_member(Inflater& inflater, std::string_view& packed, const std::string& path, Unpacked& output) {
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
    if (status == Z_BUF_ERROR) return not_intact(path, "gzip", "the file ends too early");
    if (status != Z_STREAM_END) return not_intact(path, "gzip", stream.msg != nullptr ? stream.msg : "damaged block");
  }
  return {};
}

/// Tapes and block devices pad with zeros, and gzip itself ignores that.
bool only_zeros(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

Result<void> expand_gzip(std::string_view packed, const std::string& path, Unpacked& output) {
  Inflater inflater;
  if (!inflater.ready)
    return require_memory(std::numeric_limits<std::uint64_t>::max(), "decompressing " + datasets::quoted(path));
  while (!packed.empty()) {
    if (auto member = expand_member(inflater, packed, path, output); !member) return member;
    inflateReset(&inflater.stream);
    if (only_zeros(packed)) break;
  }
  return {};
}

Result<void> expand_by_libarchive(std::string_view packed, ArchiveReader::Kind kind, const std::string& path, Unpacked& output) {
  auto reader = ArchiveReader::open(packed, kind, path);
  if (!reader) return reader.error();
  const auto any = reader->next();
  if (!any) return any.error();
  if (*any) {
    if (auto read = reader->read(output); !read) return read;
  }
  // Where one stream of several is damaged, libarchive takes what comes before it for all there is.
  const std::size_t used = reader->consumed();
  if (only_zeros(packed.substr(used))) return {};
  return not_intact(path, ArchiveReader::name_of(kind),
                    fmt::format("what begins at byte {} of {} is none", used + 1, packed.size()));
}

bool is_bzip2(std::string_view bytes) {
  constexpr std::string_view kBlock = "\x31\x41\x59\x26\x53\x59", kEnd = "\x17\x72\x45\x38\x50\x90";
  if (bytes.size() < 4 || !bytes.starts_with("BZh") || bytes[3] < '1' || bytes[3] > '9') return false;
  const std::string_view next = bytes.substr(4, kBlock.size());
  return kBlock.starts_with(next) || kEnd.starts_with(next);
}

/// A frame, or one of those that say something to a program that knows them and that others skip.
bool is_zstd(std::string_view bytes) {
  return bytes.starts_with("\x28\xb5\x2f\xfd") ||
         (bytes.size() > 4 && (bytes[0] & '\xf0') == '\x50' && bytes.substr(1).starts_with("\x2a\x4d\x18"));
}

}  // namespace

Packing packing_of(std::string_view bytes) noexcept {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x1f\x8b")) return Packing::gzip;
  if (is_zstd(bytes)) return Packing::zstd;
  if (is_bzip2(bytes)) return Packing::bzip2;
  return bytes.starts_with("\xfd\x37\x7a\x58\x5a\x00"sv) ? Packing::xz : Packing::none;
}

Result<void> unpack(Packing packing, std::string_view bytes, const std::string& path, Unpacked& output) {
  switch (packing) {
    case Packing::gzip: return expand_gzip(bytes, path, output);
    case Packing::zstd: return expand_zstd(bytes, path, output);
    case Packing::bzip2: return expand_by_libarchive(bytes, ArchiveReader::Kind::bzip2, path, output);
    case Packing::xz: return expand_by_libarchive(bytes, ArchiveReader::Kind::xz, path, output);
    case Packing::none: break;
  }
  return output.append(bytes);
}

}  // namespace glissade::datasets
