// The files of a model whose paths several ranks share out: of any number of ranks, merged, from before there were such, damaged.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <glissade/model_file_parts.h>
#include <glissade/model_shards.h>

#include "engine/model/access.h"
#include "engine/ranking/ranked_paths.h"
#include "hashing/seeds.h"
#include "tests/engine/golden.h"
#include "tests/engine/models.h"
#include "tests/engine/thread_transport.h"

namespace glissade::test {
namespace {

using model_file::Reader;
using model_file::Section;
using model_file::SectionKind;
using Layout = StoredArray::Layout;

Config stored_paths_config() {
  Config config = small_config();
  config.network.loss = LossKind::decoupled;
  config.sparse_rows.fan_in = 24;
  config.sparse_rows.epochs = 1;
  config.candidates.neighbours = 15;
  config.candidates.co_labels = 8;
  config.training.epochs = 1;
  return config;
}

/// The name of a label is the first of the features that its samples have.
NameFeatures planted_names(const Data& data) {
  NameFeatures names{{0}, {}};
  for (std::uint32_t label = 0; label < data.labels; ++label) {
    names.ids.push_back(static_cast<std::uint32_t>(hashing::derive(7, label, 0) % data.features));
    names.offsets.push_back(names.ids.size());
  }
  return names;
}

/// A trained model with every array that paths can have; without `weighed` none of how much samples count.
Model model_with_paths(const Data& data, bool weighed) {
  const NameFeatures names = planted_names(data);
  std::vector<float> weights(data.size());
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 1 + 0.125f * static_cast<float>(i % 5);
  DatasetView view = data.view();
  if (weighed) view.weights = weights;
  Model model = make_model(stored_paths_config(), data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  trainer.know_labels(&names);
  must(trainer.train_epoch(view));
  return model;
}

/// Otherwise the tests would not be about all of them.
void check_has_all_arrays(const Model& model, bool weighed) {
  for (const StoredArray& stored : impl_of(model).paths.arrays()) {
    CAPTURE(stored.kind, stored.index);
    const bool there = std::visit([](const auto* array) { return !array->empty(); }, stored.array);
    if (stored.layout != Layout::whole) CHECK(there == (weighed || stored.kind != SectionKind::sample_weights));
  }
}

std::span<const std::byte> bytes_of_array(const StoredArray& stored) {
  return std::visit([](const auto* array) { return array->as_bytes(); }, stored.array);
}

/// Whether `share` holds of the rows of `whole` those of one rank, and all that has no rows.
bool is_share_of(RankedPaths& whole, RankedPaths& share, const RowOwners& owners) {
  if (share.owners.rank != owners.rank || share.owners.ranks != owners.ranks) return false;
  const auto all = whole.arrays(), own = share.arrays();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto from = bytes_of_array(all[i]), found = bytes_of_array(own[i]);
    std::vector<std::byte> wanted(from.begin(), from.end());
    if (all[i].layout != Layout::whole && owners.are_several() && !from.empty()) {
      wanted.clear();
      const Array<std::uint64_t>& begins = *all[i].begins;
      std::vector<std::uint64_t> local = {0};
      const std::size_t size = all[i].layout == Layout::per_row ? from.size() / (begins.size() - 1)
                               : begins[begins.size() - 1] == 0 ? 0
                                                                : from.size() / begins[begins.size() - 1];
      for (std::size_t row = owners.rank; row + 1 < begins.size(); row += owners.ranks) {
        const bool per_row = all[i].layout == Layout::per_row;
        const auto begin = per_row ? row : begins[row], end = per_row ? row + 1 : begins[row + 1];
        local.push_back(local.back() + end - begin);
        const auto part = from.subspan(begin * size, (end - begin) * size);
        if (all[i].layout != Layout::begins) wanted.insert(wanted.end(), part.begin(), part.end());
      }
      const auto numbers = std::as_bytes(std::span(local));
      if (all[i].layout == Layout::begins) wanted.assign(numbers.begin(), numbers.end());
    }
    if (!std::ranges::equal(wanted, found)) return false;
  }
  return true;
}

/// Ranks load `from` and save it as `to`; whether each of them has its share of `whole` meanwhile.
std::vector<bool> pass_paths_on(int count, Model& whole, const std::string& from, const std::string& to, bool with_state = true) {
  std::vector<std::uint8_t> right(static_cast<std::size_t>(count));
  ThreadRanks(count).run([&](Communicator& ranks) {
    Model model = got(Model::load_shard(ranks, from, LoadFor::training));
    const RowOwners owners{static_cast<std::uint32_t>(ranks.rank()), static_cast<std::uint32_t>(count)};
    right[owners.rank] = is_share_of(impl_of(whole).paths, impl_of(model).paths, owners);
    if (ranks.rank() > 0) {
      got(model.answer());
      return;
    }
    must(model.save(to, with_state));
    if (model.is_shard()) must(model.tell({}));
  });
  return {right.begin(), right.end()};
}

/// The same sections, in whatever order.
bool have_same_sections(const std::string& some, const std::string& others) {
  const Reader a = must(Reader::open(some)), b = must(Reader::open(others));
  return std::ranges::equal(a.sections(), b.sections(), [](const Section& one, const Section& other) {
    return one.kind == other.kind && one.index == other.index && std::ranges::equal(one.bytes, other.bytes);
  });
}

std::uint32_t format_version(const std::string& path) {
  const std::string bytes = model_file::get(path);
  std::uint32_t version = 0;
  std::memcpy(&version, bytes.data() + 8, sizeof version);
  return version;
}

using Edit = std::function<void(std::vector<Section>& sections)>;

/// Writes the model file again with what `edit` makes of its sections.
void rewrite(const std::string& path, const Edit& edit) {
  const Reader reader = must(Reader::open(path));
  std::vector<Section> sections(reader.sections().begin(), reader.sections().end());
  edit(sections);
  must(model_file::write(path, sections));
}

std::vector<std::string> named_shards(const std::string& path) {
  const std::string text = model_file::text_of(must(Reader::open(path)).bytes(SectionKind::shard_files));
  std::vector<std::string> names;
  for (std::size_t at = 0, end; at < text.size(); at = end + 1) {
    end = text.find('\n', at);
    names.push_back(text.substr(at, end - at));
  }
  return names;
}

/// The same for one of its shards, whose new name it learns.
void rewrite_shard(const TemporaryFolder& folder, std::size_t rank, const Edit& edit) {
  std::vector<std::string> names = named_shards(folder.file("m.glsd"));
  const Reader reader = must(Reader::open(folder.file(names[rank])));
  std::vector<Section> sections(reader.sections().begin(), reader.sections().end());
  edit(sections);
  const std::string stem = folder.file("m.glsd") + ".shard-" + std::to_string(rank) + "-of-" + std::to_string(names.size());
  names[rank] = std::filesystem::path(must(model_file::write_by_content(stem, sections))).filename().string();
  std::string text;
  for (const std::string& name : names) text += name + '\n';
  rewrite(folder.file("m.glsd"), [&](std::vector<Section>& all) {
    for (Section& section : all) {
      if (section.kind == SectionKind::shard_files) section.bytes = model_file::bytes_of(text);
    }
  });
}

std::vector<StoredArray> arrays_of_rows(RankedPaths& paths) {
  std::vector<StoredArray> arrays = paths.arrays();
  std::erase_if(arrays, [](const StoredArray& stored) { return stored.layout == Layout::whole; });
  return arrays;
}

/// Files of three ranks.
struct PathShards {
  explicit PathShards(Model& whole) {
    must(whole.save(folder.file("whole.glsd")));
    pass_paths_on(3, whole, folder.file("whole.glsd"), folder.file("m.glsd"));
    files = {model_file::get(folder.file("m.glsd"))};
    names = named_shards(folder.file("m.glsd"));
    for (const std::string& name : names) files.push_back(model_file::get(folder.file(name)));
  }

  /// As they were before any rewrite.
  void restore() const {
    model_file::put(folder.file("m.glsd"), files[0]);
    for (std::size_t i = 0; i < names.size(); ++i) model_file::put(folder.file(names[i]), files[i + 1]);
  }

  /// What a process, ranks of another number and of this one, and the merging say against them, one of the ranks for all.
  std::vector<std::string> complaints() const {
    std::vector<std::string> said(4);
    const std::string path = folder.file("m.glsd");
    for (const int count : {1, 2, 3}) {
      std::mutex mutex;
      ThreadRanks(count).run([&](Communicator& ranks) {
        const auto model = Model::load_shard(ranks, path, LoadFor::training);
        const std::lock_guard lock(mutex);
        if (!model) said[static_cast<std::size_t>(count) - 1] = model.error().message;
      });
    }
    const auto merged = merge_shards(path, folder.file("one.glsd"));
    if (!merged) said[3] = merged.error().message;
    return said;
  }

  TemporaryFolder folder;
  std::vector<std::string> files, names;
};

/// All refuse in one line that tells the file; `but`: one of complaints() that has no complaint.
void check_refused(const PathShards& shards, std::size_t but = 4) {
  const std::vector<std::string> said = shards.complaints();
  for (std::size_t i = 0; i < said.size(); ++i) {
    CAPTURE(i, said[i]);
    if (i == but) {
      CHECK(said[i].empty());
      continue;
    }
    CHECK(said[i].starts_with('\''));
    CHECK(said[i].find(i == 3 && said[i].find("one.glsd") != std::string::npos ? "one.glsd': " : "m.glsd") != std::string::npos);
    CHECK(said[i].ends_with("the file was not written whole by Glissade, use another copy"));
    CHECK(said[i].find('\n') == std::string::npos);
  }
}

Predictions asked_of_shards(const Model& model) {
  Rows rows;
  for (std::uint32_t sample = 0; sample < 20; ++sample) {
    const std::uint32_t first = sample * 2;
    rows.add(std::vector{first, first + 1, first + 2}, std::vector{0.6f, 0.6f, 0.5f});
  }
  return must(model.predict(rows.view(), {.k = 3}));
}

}  // namespace

TEST_CASE("shards of paths are read by any number of ranks, and merged to the file of one process", "[unit]") {
  const bool weighed = GENERATE(false, true);
  CAPTURE(weighed);
  const Data data = planted_data(500, 120, 90, 11);
  Model whole = model_with_paths(data, weighed);
  check_has_all_arrays(whole, weighed);
  const TemporaryFolder folder;
  const std::string one = folder.file("one.glsd"), all = folder.file("whole.glsd"), slim = folder.file("slim.glsd");
  must(whole.save(all));
  must(whole.save(slim, false));
  for (const int count : {2, 3, 5}) {
    CAPTURE(count);
    const std::string path = folder.file(std::to_string(count) + ".glsd");
    CHECK(pass_paths_on(count, whole, all, path) == std::vector<bool>(static_cast<std::size_t>(count), true));
    CHECK(format_version(path) == 6);
    const Reader file = must(Reader::open(path));
    for (const StoredArray& stored : arrays_of_rows(impl_of(whole).paths)) CHECK_FALSE(file.has(stored.kind, stored.index));
    std::map<std::string, std::uint64_t> parts;
    for (const ModelFilePart& part : must(model_file_parts(path))) parts[part.name] = part.bytes;
    for (const ModelFilePart& part : must(model_file_parts(all))) {
      CAPTURE(part.name);
      CHECK(parts[part.name] >= part.bytes);
      CHECK(parts[part.name] <= part.bytes + 1024);
    }
    for (const int others : {1, 2, 3, 5}) {
      CAPTURE(others);
      const TemporaryFolder other;
      const std::string again = other.file("m.glsd");
      CHECK(pass_paths_on(others, whole, path, again) == std::vector<bool>(static_cast<std::size_t>(others), true));
      CHECK((saved(must(Model::load(again, LoadFor::training))) == saved(whole)));
      if (others == 1) continue;
      for (const bool with_state : {true, false}) {
        must(merge_shards(again, one, with_state));
        CHECK(have_same_sections(one, with_state ? all : slim));
        CHECK(format_version(one) == format_version(with_state ? all : slim));
      }
      pass_paths_on(others, whole, path, again, false);
      must(merge_shards(again, one, false));
      CHECK(have_same_sections(one, slim));
      CHECK((saved(must(Model::load(again)), false) == saved(whole, false)));
    }
  }
  const auto inputs = data.view().inputs();
  const Predictions wanted = must(must(Model::load(all)).predict(inputs, {.k = 7}));
  CHECK(must(must(Model::load(folder.file("3.glsd"))).predict(inputs, {.k = 7})).scores == wanted.scores);
}

TEST_CASE("ranks without a label, and rows without an entry, are written and read", "[unit]") {
  Data data = planted_data(60, 30, 4, 5);
  data.labels = 5;
  for (std::uint32_t& label : data.y.ids) ++label;  // label 0 has no sample
  Model whole = model_with_paths(data, true);
  const TemporaryFolder folder;
  must(whole.save(folder.file("whole.glsd")));
  for (const int count : {2, 7}) {
    for (const int others : {1, 2, 7, 8}) {
      CAPTURE(count, others);
      const TemporaryFolder other;
      CHECK(pass_paths_on(count, whole, folder.file("whole.glsd"), folder.file("m.glsd")) ==
            std::vector<bool>(static_cast<std::size_t>(count), true));
      CHECK(pass_paths_on(others, whole, folder.file("m.glsd"), other.file("m.glsd")) ==
            std::vector<bool>(static_cast<std::size_t>(others), true));
      CHECK((saved(must(Model::load(other.file("m.glsd"), LoadFor::training))) == saved(whole)));
      if (others == 1) continue;
      must(merge_shards(other.file("m.glsd"), folder.file("one.glsd")));
      CHECK(have_same_sections(folder.file("one.glsd"), folder.file("whole.glsd")));
    }
  }
}

TEST_CASE("shards of features and labels beside paths that are whole in the file that names them are read", "[unit]") {
  const Data data = planted_data(300, 60, 50, 11);
  Model whole = model_with_paths(data, true);
  const PathShards shards(whole);
  const std::string path = shards.folder.file("m.glsd");
  const auto is_of_rows = [&](const Section& section) {
    return std::ranges::any_of(arrays_of_rows(impl_of(whole).paths), [&](const StoredArray& stored) {
      return stored.kind == section.kind && stored.index == section.index;
    });
  };
  const Reader all = must(Reader::open(shards.folder.file("whole.glsd")));
  for (std::size_t rank = 0; rank < 3; ++rank)
    rewrite_shard(shards.folder, rank, [&](std::vector<Section>& sections) { std::erase_if(sections, is_of_rows); });
  rewrite(path, [&](std::vector<Section>& sections) {
    std::erase_if(sections, [](const Section& section) { return section.kind == SectionKind::shard_paths; });
    std::ranges::copy_if(all.sections(), std::back_inserter(sections), is_of_rows);
  });
  CHECK(format_version(path) == 4);
  must(merge_shards(path, shards.folder.file("one.glsd")));
  CHECK(have_same_sections(shards.folder.file("one.glsd"), shards.folder.file("whole.glsd")));
  for (const int count : {1, 2, 3, 5}) {
    CAPTURE(count);
    const TemporaryFolder other;
    CHECK(pass_paths_on(count, whole, path, other.file("m.glsd")) == std::vector<bool>(static_cast<std::size_t>(count), true));
    CHECK((saved(must(Model::load(other.file("m.glsd"), LoadFor::training))) == saved(whole)));
    if (count > 1) CHECK(format_version(other.file("m.glsd")) == 6);
  }
}

TEST_CASE("paths that ranks have whole are written once, and need no newer version", "[unit]") {
  const Data data = planted_data(300, 60, 50, 11);
  Model whole = model_with_paths(data, true);
  const TemporaryFolder folder;
  must(whole.save(folder.file("whole.glsd")));
  ThreadRanks(3).run([&](Communicator& ranks) {
    Model model = got(Model::load_shard(ranks, folder.file("whole.glsd"), LoadFor::training));
    Model other = got(Model::load(folder.file("whole.glsd"), LoadFor::training));
    impl_of(model).set_paths(std::move(impl_of(other).paths));
    if (ranks.rank() > 0) {
      got(model.answer());
      return;
    }
    must(model.save(folder.file("m.glsd")));
    must(model.tell({}));
  });
  CHECK(format_version(folder.file("m.glsd")) == 4);
  CHECK((saved(must(Model::load(folder.file("m.glsd"), LoadFor::training))) == saved(whole)));
  must(merge_shards(folder.file("m.glsd"), folder.file("one.glsd")));
  CHECK(have_same_sections(folder.file("one.glsd"), folder.file("whole.glsd")));
}

TEST_CASE("a shard whose rows of paths do not fit those of the others is refused in one line", "[unit]") {
  const Data data = planted_data(200, 40, 31, 11);
  Model whole = model_with_paths(data, true);
  check_has_all_arrays(whole, true);
  const PathShards shards(whole);
  for (const std::string& complaint : shards.complaints()) CHECK(complaint.empty());
  for (const StoredArray& stored : arrays_of_rows(impl_of(whole).paths)) {
    CAPTURE(static_cast<std::uint32_t>(stored.kind), stored.index);
    const auto alter = [&](const std::function<void(std::vector<std::byte> & bytes)>& change) {
      std::vector<std::byte> altered;
      rewrite_shard(shards.folder, 1, [&](std::vector<Section>& sections) {
        const auto section = std::ranges::find_if(
            sections, [&](const Section& one) { return one.kind == stored.kind && one.index == stored.index; });
        REQUIRE(section != sections.end());
        altered.assign(section->bytes.begin(), section->bytes.end());
        change(altered);
        section->bytes = altered;
        if (altered.empty()) sections.erase(section);
      });
    };
    // A rank does not know whether others have the lower halves.
    alter([](std::vector<std::byte>& bytes) { bytes.clear(); });
    check_refused(shards, stored.kind == SectionKind::sparse_low ? 2 : 4);
    shards.restore();
    alter([](std::vector<std::byte>& bytes) { bytes.resize(bytes.size() - 8); });
    check_refused(shards);
    shards.restore();
    alter([](std::vector<std::byte>& bytes) { bytes.resize(bytes.size() + 8); });
    check_refused(shards);
    shards.restore();
    alter([](std::vector<std::byte>& bytes) { bytes.resize(bytes.size() - 1); });
    check_refused(shards);
    shards.restore();
    if (stored.layout != Layout::begins) continue;
    for (const std::uint64_t number : {std::uint64_t{1} << 40, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
      for (const std::size_t half : {0u, 1u, 2u}) {  // of the way to the last one
        CAPTURE(number, half);
        alter([&](std::vector<std::byte>& bytes) {
          const std::size_t at = (bytes.size() / sizeof number - 1) * half / 2;
          std::memcpy(bytes.data() + at * sizeof number, &number, sizeof number);
        });
        check_refused(shards);
        shards.restore();
      }
    }
  }
}

TEST_CASE("a file that says something else of the rows of paths than its shards is refused in one line", "[unit]") {
  const Data data = planted_data(200, 40, 31, 11);
  Model whole = model_with_paths(data, true);
  const PathShards shards(whole);
  const auto say = [&](const std::function<void(std::vector<std::uint64_t> & numbers)>& change, std::size_t bytes_less = 0) {
    std::vector<std::uint64_t> numbers;
    rewrite(shards.folder.file("m.glsd"), [&](std::vector<Section>& sections) {
      const auto section = std::ranges::find(sections, SectionKind::shard_paths, &Section::kind);
      REQUIRE(section != sections.end());
      numbers.resize(section->bytes.size() / 8);
      std::memcpy(numbers.data(), section->bytes.data(), section->bytes.size());
      change(numbers);
      section->bytes = std::as_bytes(std::span(numbers)).first(numbers.size() * 8 - bytes_less);
    });
    check_refused(shards);
    shards.restore();
  };
  for (const std::uint64_t samples :
       {std::uint64_t{0}, data.size() - 1, data.size() + 1, std::uint64_t{1} << 62, ~std::uint64_t{0}})
    say([&](std::vector<std::uint64_t>& numbers) { numbers[0] = samples; });
  say([](std::vector<std::uint64_t>& numbers) { numbers.clear(); });
  say([](std::vector<std::uint64_t>&) {}, 1);
  const std::vector<StoredArray> arrays = arrays_of_rows(impl_of(whole).paths);
  const auto listed = std::ranges::count_if(arrays, [](const StoredArray& stored) { return stored.layout != Layout::per_entry; });
  for (std::ptrdiff_t place = 1; place <= listed; ++place)
    say([&](std::vector<std::uint64_t>& numbers) { numbers.erase(numbers.begin() + place); });
  // One that has no shards has nothing to say.
  rewrite(shards.folder.file("whole.glsd"), [](std::vector<Section>& sections) {
    static constexpr std::uint64_t kSamples = 200;
    sections.push_back({SectionKind::shard_paths, 0, std::as_bytes(std::span(&kSamples, 1))});
  });
  const auto refused = Model::load(shards.folder.file("whole.glsd"));
  REQUIRE(!refused);
  CHECK(refused.error().message.find("what it says of the rows of paths in its shards is not readable; ") != std::string::npos);
}

TEST_CASE("a model file of format version 6 and its shards answer what they did when they were written", "[unit][levels]") {
  const Model model = must(Model::load(golden("model_v6.glsd")));
  CHECK(model.shape().labels == 31);
  CHECK_FALSE(impl_of(model).paths.empty());
  check_as_written(asked_of_shards(model), golden("model_v6.txt"));
}

TEST_CASE("write the golden model of format version 6", "[.write-golden]") {
  Model whole = model_with_paths(planted_data(200, 43, 31, 11), true);
  const TemporaryFolder folder;
  must(whole.save(folder.file("whole.glsd")));
  pass_paths_on(2, whole, folder.file("whole.glsd"), "model_v6.glsd", false);
  write_answers(asked_of_shards(must(Model::load("model_v6.glsd"))), "model_v6.txt");
}

}  // namespace glissade::test
