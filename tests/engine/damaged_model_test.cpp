// One byte of a model file after the other, changed: the file is refused, or what it says still holds. Run under the sanitizers,
// too.
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "tests/engine/models.h"

namespace glissade {
namespace {

using test::must;

#ifdef __SANITIZE_THREAD__
constexpr std::size_t kStep = 101;  // all of them take longer than the rest of the tests together, nearly all in one thread
#else
constexpr std::size_t kStep = 1;
#endif

/// A model in training with all kinds of sections that there are: sparse paths, names, optimiser state, a mean of weights.
Model small_model(const test::Data& data) {
  Config config;
  config.network.hidden = {8, 4};
  config.sparse_rows.fan_in = 8;
  config.sparse_rows.epochs = 1;
  config.candidates.neighbours = 3;
  config.candidates.co_labels = 2;
  config.active_set.size = 6;
  config.training.batch = 16;
  config.training.epochs = 2;
  config.schedule.average = 0.9;
  config.run.threads = 1;
  Model model = must(Model::create(config, {data.features, data.labels}));
  must(model.set_label_names(std::vector<std::string>(data.labels, "label")));
  must(must(Trainer::create(model, data.size())).train_epoch(data.view()));
  return model;
}

class FileBytes {
 public:
  explicit FileBytes(const std::string& path) : descriptor_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    REQUIRE(descriptor_ >= 0);
  }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;
  ~FileBytes() { ::close(descriptor_); }
  void set(std::size_t at, char value) const {
    if (::pwrite(descriptor_, &value, 1, static_cast<off_t>(at)) != 1) FAIL("byte " << at << " cannot be written");
  }

 private:
  int descriptor_;
};

TEST_CASE("every byte of a model file, flipped, makes it refused in one line or changes no prediction", "[property]") {
  const test::Data data = test::planted_data(60, 12, 10, 3);
  const test::TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  must(small_model(data).save(path));
  const Predictions right = must(must(Model::load(path)).predict(data.view().features));
  const std::string good = model_file::get(path);
  REQUIRE(good.size() < 400'000);
  const FileBytes file(path);
  std::size_t ignored = 0;
  for (std::size_t at = 0; at < good.size(); at += kStep) {
    file.set(at, static_cast<char>(~good[at]));
    const auto model = Model::load(path);
    if (!model && model.error().message.find('\n') != std::string::npos) FAIL("byte " << at << ": " << model.error().message);
    if (model) {
      // Prediction has no use for the training state and does not read it; training reads all.
      ++ignored;
      if (Model::load(path, LoadFor::training).ok()) FAIL("byte " << at << " is taken for training");
      const auto predicted = model->predict(data.view().features);
      if (!predicted || predicted->labels != right.labels || predicted->scores != right.scores) FAIL("byte " << at);
    }
    file.set(at, good[at]);
  }
  CHECK(ignored > 0);
  CHECK(ignored < good.size() / 4);
  CHECK(model_file::get(path) == good);
  CHECK(Model::load(path, LoadFor::training).ok());
}

}  // namespace
}  // namespace glissade
