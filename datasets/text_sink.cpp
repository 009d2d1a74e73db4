#include "datasets/text_sink.h"

#define ZLIB_CONST
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "datasets/message.h"

namespace glissade::datasets {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

Error refused(const char* kind, const std::string& why) {
  return runtime_error(fmt::format("{} compression failed: {}; free memory or write plain text", kind, why));
}

}  // namespace

class TextSink::Encoder {
 public:
  virtual ~Encoder() = default;
  /// Compresses all of `text` into `file`; with `last`, also everything held back.
  virtual Result<void> encode(std::string_view text, bool last, AtomicFile& file) = 0;
};

class TextSink::ZstdEncoder final : public Encoder {
 public:
  ZstdEncoder() {
    if (!context_) return;
    // A library built without threads refuses the workers and compresses all the same.
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_nbWorkers, 2);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  Result<void> encode(std::string_view text, bool last, AtomicFile& file) override {
    if (!context_) return refused("Zstandard", "no memory");
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    for (bool finished = false; !finished;) {
      ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
      const std::size_t pending = ZSTD_compressStream2(context_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(pending)) return refused("Zstandard", ZSTD_getErrorName(pending));
      if (auto written = file.write({buffer_.data(), out.pos}); !written) return written;
      finished = last ? pending == 0 : in.pos == in.size;
    }
    return {};
  }

 private:
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  std::vector<char> buffer_ = std::vector<char>(kBufferBytes);
};

class TextSink::GzipEncoder final : public Encoder {
 public:
  // 16: a gzip header. It holds no name and no time, so equal text gives equal files.
  GzipEncoder() : ready_(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK) {}
  ~GzipEncoder() override {
    if (ready_) deflateEnd(&stream_);
  }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

  Result<void> encode(std::string_view text, bool last, AtomicFile& file) override {
    if (!ready_) return refused("gzip", "no memory");
    constexpr std::size_t kMost = std::size_t{1} << 30;  // zlib counts in 32 bits
    do {
      const std::string_view part = text.substr(0, kMost);
      text.remove_prefix(part.size());
      if (auto done = deflate_part(part, last && text.empty() ? Z_FINISH : Z_NO_FLUSH, file); !done) return done;
    } while (!text.empty());
    return {};
  }

 private:
  Result<void> deflate_part(std::string_view part, int flush, AtomicFile& file) {
    stream_.next_in = reinterpret_cast<const Bytef*>(part.data());
    stream_.avail_in = static_cast<uInt>(part.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      deflate(&stream_, flush);
      if (auto written = file.write({buffer_.data(), buffer_.size() - stream_.avail_out}); !written) return written;
    } while (stream_.avail_out == 0);  // full: there may be more
    return {};
  }

  z_stream stream_{};
  bool ready_ = false;
  std::vector<char> buffer_ = std::vector<char>(kBufferBytes);
};

TextSink::TextSink(AtomicFile file, std::unique_ptr<Encoder> encoder) : file_(std::move(file)), encoder_(std::move(encoder)) {}
TextSink::~TextSink() = default;
TextSink::TextSink(TextSink&&) noexcept = default;

Result<TextSink> TextSink::create(const std::string& path) {
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  std::unique_ptr<Encoder> encoder;
  if (path.ends_with(".zst")) encoder = std::make_unique<ZstdEncoder>();
  if (path.ends_with(".gz")) encoder = std::make_unique<GzipEncoder>();
  return TextSink(std::move(*file), std::move(encoder));
}

Result<void> TextSink::write(std::string_view text) {
  return encoder_ ? encoder_->encode(text, false, file_) : file_.write(text);
}

Result<void> TextSink::commit() {
  if (encoder_) {
    if (auto finished = encoder_->encode({}, true, file_); !finished) return finished;
  }
  return file_.commit();
}

std::uint64_t TextSink::file_bytes() const noexcept { return file_.bytes(); }

}  // namespace glissade::datasets
