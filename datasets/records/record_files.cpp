#include "datasets/records/record_files.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "datasets/decompress.h"
#include "datasets/message.h"
#include "datasets/records/cut.h"
#include "datasets/records/json_names.h"
#include "datasets/records/layout.h"
#include "datasets/records/record_writer.h"
#include "datasets/source.h"

namespace glissade::datasets {

Result<std::vector<std::string>> files_of(const std::string& path) {
  std::error_code ignored;
  const bool pattern = path != "-" && path.find_first_of("*?[") != std::string::npos;
  if (!pattern || std::filesystem::exists(path, ignored) || source_file(path) != path) return std::vector{path};
  glob_t found{};
  const int code = ::glob(path.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> files;
  for (std::size_t i = 0; code == 0 && i < found.gl_pathc; ++i) {
    if (!std::filesystem::is_directory(found.gl_pathv[i], ignored)) files.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  if (files.empty())
    return runtime_error(fmt::format("no file matches the pattern {}; check it with ls", datasets::quoted(path)));
  std::ranges::sort(files);
  return files;
}

struct RecordFiles::Impl {
  struct File {
    Text text;
    RecordLayout layout;
    std::vector<std::size_t> starts;
    std::shared_ptr<const LineCounts> lines;
  };

  /// Of all columns asked for, those that no object of the files has, as an error.
  Result<void> columns_somewhere(const RecordOptions& options) const;

  std::string path;
  std::vector<std::string> paths;
  std::vector<File> files;
  std::vector<std::pair<std::size_t, std::size_t>> blocks;  ///< file, number in the file
  std::uint64_t text_bytes = 0;
};

Result<void> RecordFiles::Impl::columns_somewhere(const RecordOptions& options) const {
  for (const std::string& column : options.columns) {
    RecordOptions one = options;
    one.columns = {column};
    std::optional<Error> missing;
    for (const File& file : files) {
      const auto layout = read_layout(file.text.text(), one, file.layout.path, true);
      if (layout) {
        missing.reset();
        break;
      }
      if (!missing) missing = layout.error();
    }
    if (missing) return *missing;
  }
  return {};
}

Result<RecordFiles> RecordFiles::open(const std::string& path, const RecordOptions& options) {
  auto paths = files_of(path);
  if (!paths) return paths.error();
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->paths = std::move(*paths);
  RecordOptions settled = options;
  const bool alone = impl->paths.size() == 1;
  for (const std::string& name : impl->paths) {
    auto text = Text::open(name, options.place);
    if (!text) return text.error();
    auto layout = read_layout(text->text(), settled, name, alone);
    if (!layout) return layout.error();
    settled.format = layout->format;
    if (layout->format == RecordFormat::csv) settled.separator = layout->separator;
    Impl::File file{std::move(*text), std::move(*layout), {}, nullptr};
    file.starts = cut_blocks(file.text.text(), file.layout, std::max<std::size_t>(1, options.block_bytes));
    file.lines = std::make_shared<LineCounts>(file.text.text(), file.starts);
    for (std::size_t block = 0; block < file.starts.size(); ++block) impl->blocks.emplace_back(impl->files.size(), block);
    impl->text_bytes += file.text.text().size();
    impl->files.push_back(std::move(file));
  }
  if (!alone && settled.format == RecordFormat::json_lines) {
    if (auto there = impl->columns_somewhere(settled); !there) return there.error();
  }
  return RecordFiles(std::move(impl));
}

RecordFiles::RecordFiles(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
RecordFiles::RecordFiles(RecordFiles&&) noexcept = default;
RecordFiles& RecordFiles::operator=(RecordFiles&&) noexcept = default;
RecordFiles::~RecordFiles() = default;

std::size_t RecordFiles::blocks() const noexcept { return impl_->blocks.size(); }

void RecordFiles::read(std::size_t block, RecordBlock& out) const {
  const auto [index, number] = impl_->blocks[block];
  const Impl::File& file = impl_->files[index];
  const std::string_view text = file.text.text();
  const std::size_t begin = file.starts[number];
  const std::size_t end = number + 1 < file.starts.size() ? file.starts[number + 1] : text.size();
  read_records(text.substr(begin, end - begin), text.size() - begin, file.layout, LinesBefore(file.lines, number), out);
}

std::string RecordFiles::place(std::size_t block, const RecordBlock& records, std::size_t i) const {
  return datasets::place(impl_->paths[impl_->blocks[block].first], records.line(i));
}

RecordFormat RecordFiles::format() const noexcept { return impl_->files.front().layout.format; }
std::string RecordFiles::format_text() const { return datasets::format_text(impl_->files.front().layout); }
const std::vector<std::string>& RecordFiles::columns() const noexcept { return impl_->files.front().layout.found; }
const std::vector<std::string>& RecordFiles::files() const noexcept { return impl_->paths; }
std::uint64_t RecordFiles::text_bytes() const noexcept { return impl_->text_bytes; }
std::string RecordFiles::name() const { return datasets::quoted(impl_->path); }

}  // namespace glissade::datasets
