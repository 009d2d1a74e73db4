#pragma once

#include <functional>
#include <string>

#include <glissade/communicator.h>
#include <glissade/model.h>
#include <glissade/result.h>

namespace glissade::apps {

/// A state that training goes on from: the file that it was read from, and what was in it.
struct ResumePoint {
  std::string path;
  Model model;
};

/// The newest of a model file and its checkpoints that is sound in every section. What is newer and damaged is told, one line a
/// file, and left as it is. A finished model without its training state is no damage, and an error. If no file is sound, the
/// error is that of the newest. `ranks`: those that share the rows of the model out.
Result<ResumePoint> newest_resume_point(const std::string& model_path, Communicator& ranks,
                                        const std::function<void(const std::string& message)>& on_damaged);

}  // namespace glissade::apps
