// Predicts one row with a model file, learns from it, and predicts again: consumer MODEL LABEL id:value ...
#include <glissade/model.h>
#include <glissade/runtime.h>
#include <glissade/trainer.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

int fail(const glissade::Error& error) {
  std::fprintf(stderr, "consumer: %s\n", error.message.c_str());
  return 1;
}

void print(const glissade::Predictions& best) {
  for (const std::uint32_t label : best.labels) std::printf("%u ", label);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  auto model = glissade::Model::load(argv[1], glissade::LoadFor::training);
  if (!model) return fail(model.error());

  const std::vector<std::uint32_t> label = {static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10))};
  std::vector<std::uint32_t> ids;
  std::vector<float> values;
  for (int i = 3; i < argc; ++i) {
    char* end = nullptr;
    ids.push_back(static_cast<std::uint32_t>(std::strtoul(argv[i], &end, 10)));
    values.push_back(std::strtof(end + 1, nullptr));
  }
  const std::vector<std::uint64_t> features_at = {0, ids.size()};
  const std::vector<std::uint64_t> labels_at = {0, 1};
  const glissade::SparseRows row{features_at, ids, values};

  const auto before = model->predict(row);
  if (!before) return fail(before.error());
  print(*before);

  auto trainer = glissade::Trainer::create(*model, 1);
  if (!trainer) return fail(trainer.error());
  const glissade::DatasetView batch{model->shape().features, model->shape().labels, row, {labels_at, label, {}}};
  const auto step = trainer->train_step(batch);
  if (!step) return fail(step.error());
  const auto after = model->predict(row);
  if (!after) return fail(after.error());
  print(*after);
  return 0;
}
