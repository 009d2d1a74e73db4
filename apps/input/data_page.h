#pragma once

#include <string>

#include <glissade/data_profile.h>

#include "apps/input/data_options.h"

namespace glissade::apps {

/// What a data set is, for `info --data`: a page of "name value" lines, or one JSON object whose shares are from 0 to 1.
std::string data_page(const std::string& path, const DatasetView& data, const DataProfile& profile);
std::string data_json(const std::string& path, const DatasetView& data, const DataProfile& profile);

/// The same in one line, for `train`.
std::string data_line(const DataProfile& profile);

/// A line about rows of other data that are also trained on; "" if there are none.
std::string shared_line(const std::string& path, std::uint64_t rows, const SharedRows& shared);

}  // namespace glissade::apps
