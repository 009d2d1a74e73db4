#include "apps/training/resume_point.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "apps/training/checkpoints.h"
#include "datasets/message.h"

namespace glissade::apps {

Result<ResumePoint> newest_resume_point(const std::string& model_path, Communicator& ranks,
                                        const std::function<void(const std::string& message)>& on_damaged) {
  const auto files = Checkpoints::newest_first(model_path);
  if (std::error_code code; files.size() == 1 && !std::filesystem::exists(files.front(), code) && !code) {
    return runtime_error(fmt::format("--resume: there is no {} and no checkpoint of it; leave --resume out to start a new run",
                                     datasets::quoted(model_path)));
  }
  Error newest;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto model = Model::load_shard(ranks, files[i], LoadFor::training);
    if (model) return ResumePoint{files[i], std::move(*model)};
    if (model.error().kind == Error::Kind::usage) return model.error();
    if (i == 0) newest = model.error();
    if (i + 1 < files.size())
      on_damaged(fmt::format("{}; looking at {}, which is older", model.error().message, datasets::quoted(files[i + 1])));
  }
  return newest;
}

}  // namespace glissade::apps
