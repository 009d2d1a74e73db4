#include "apps/serve/model_holder.h"

#include <utility>

#include <fmt/format.h>

#include "apps/console/output.h"
#include "datasets/message.h"

namespace glissade::apps {

std::optional<FileMark> FileMark::of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return FileMark{found.st_dev, found.st_ino, static_cast<std::uint64_t>(found.st_size), found.st_mtim.tv_sec,
                  found.st_mtim.tv_nsec};
}

ModelHolder::ModelHolder(std::string path, std::optional<FileMark> mark, ServedHandle model)
    : path_(std::move(path)), mark_(mark), model_(std::move(model)), since_(Clock::now()) {}

ServedHandle ModelHolder::current() const {
  const std::lock_guard lock(mutex_);
  return model_;
}

void ModelHolder::put(ServedHandle model) {
  const std::lock_guard lock(mutex_);
  std::swap(model_, model);  // the old one goes away behind the lock
  since_ = Clock::now();
}

void ModelHolder::replaced_by_own(std::optional<FileMark> mark) {
  const std::lock_guard lock(mutex_);
  mark_ = mark;
}

bool ModelHolder::replaced() {
  const auto now = FileMark::of(path_);
  const std::lock_guard lock(mutex_);
  if (!now || now == mark_) return false;  // no file: one is about to come, or the old one goes on
  mark_ = now;
  return true;
}

void ModelHolder::reload_if_replaced() {
  if (!replaced()) return;
  auto model = load_served(path_, current()->version + 1);
  if (!model) {
    ++failed_reloads_;
    complain(fmt::format("{}; the model that was read before goes on answering", model.error().message));
    return;
  }
  ++reloads_;
  put(std::move(*model));
  note(fmt::format("{} was replaced; version {} answers", datasets::quoted(path_), current()->version));
}

double ModelHolder::age_seconds() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::duration<double>(Clock::now() - since_).count();
}

}  // namespace glissade::apps
