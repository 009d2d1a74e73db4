// Loads a model and predicts one sample: embed MODEL id:value id:value ...
#include <cstdint>
#include <cstdio>
#include <vector>

#include <glissade/model.h>

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: embed MODEL id:value id:value ...\n"), 2;
  const auto model = glissade::Model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "embed: %s\n", model.error().message.c_str()), 1;

  std::vector<std::uint32_t> ids;
  std::vector<float> values;
  for (int i = 2; i < argc; ++i) {
    unsigned id = 0;
    float value = 1;
    if (std::sscanf(argv[i], "%u:%f", &id, &value) < 1) return std::fprintf(stderr, "embed: '%s' is not id:value\n", argv[i]), 2;
    ids.push_back(id);
    values.push_back(value);
  }
  const std::vector<std::uint64_t> offsets = {0, ids.size()};  // one row; a batch has more
  const auto best = model->predict({offsets, ids, values}, {.k = 5, .probabilities = true});
  if (!best) return std::fprintf(stderr, "embed: %s\n", best.error().message.c_str()), 1;

  for (std::size_t i = 0; i < best->labels.size() && best->labels[i] != glissade::Predictions::kNoLabel; ++i) {
    const std::uint32_t label = best->labels[i];
    const char* name = model->label_names().empty() ? "" : model->label_names()[label].c_str();
    std::printf("%u %.4f %s\n", label, best->scores[i], name);
  }
}
