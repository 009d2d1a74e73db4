#pragma once

#include <string>
#include <string_view>

#include <glissade/model.h>

#include "apps/input/data_options.h"
#include "datasets/format.h"

namespace glissade::apps {

/// What a model keeps of how its training data were read (Model::data_notes), one "name value" a line.
std::string data_notes(datasets::Format format, datasets::IdBase base);

/// The value behind "name " on a line of its own, "" if there is none.
std::string_view notes_value(std::string_view notes, std::string_view name);

/// Where the feature ids of libsvm files for a model, read from `path`, count from. A model of libsvm data says it itself. One
/// from before it was kept, or of XMC data, cannot: each file then is detected, and told.
KnownBase known_base(const Model& model, const std::string& path);

}  // namespace glissade::apps
