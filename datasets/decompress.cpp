#include "datasets/decompress.h"

#include <fmt/format.h>

#include "datasets/archive_members.h"
#include "datasets/byte_order_mark.h"
#include "datasets/message.h"
#include "datasets/packed.h"

namespace glissade::datasets {

Result<Text> Text::open(const std::string& path, const SpillPlace& place) {
  auto source = open_source(path, place);
  if (!source) return source.error();
  return from(std::move(*source), path, place);
}

void Text::keep(Unpacked unpacked) noexcept {
  compressed_ = true;
  size_ = unpacked.used();
  memory_ = std::move(unpacked).take();
}

Result<Text> Text::from(Source source, const std::string& path, const SpillPlace& place) {
  Text text(std::move(source.file));
  if (const Packing packing = packing_of(text.whole()); packing != Packing::none) {
    Unpacked unpacked(path, place);
    if (auto done = unpack(packing, text.whole(), path, unpacked); !done) return done.error();
    text.keep(std::move(unpacked));
  }
  // What was packed as a whole may be an archive: d.tar.gz.
  if (const auto kind = archive_kind(text.whole())) {
    Unpacked unpacked(path, place);
    if (auto done = unpack_member(text.whole(), *kind, source.member, path, unpacked); !done) return done.error();
    text.keep(std::move(unpacked));
  } else if (!source.member.empty()) {
    const std::string file = path.substr(0, path.size() - source.member.size() - 1);
    return runtime_error(fmt::format("{}: {} is one packed text and no archive of files; give its name alone",
                                     datasets::quoted(path), datasets::quoted(file)));
  }
  if (const auto encoding = wide_encoding(text.whole()); !encoding.empty())
    return runtime_error(fmt::format("{} is {} text; write it as UTF-8", datasets::quoted(path), encoding));
  text.mark_ = byte_order_mark(text.whole());
  return text;
}

}  // namespace glissade::datasets
