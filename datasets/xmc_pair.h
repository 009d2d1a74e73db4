#pragma once

#include <glissade/result.h>

#include <string>
#include <string_view>

#include "datasets/dataset.h"

namespace glissade::datasets {

/// The two-file form of the Extreme Classification Repository: 'NAME_X_Xf.txt' has the features ("N D", then "f:v f:v" a line),
/// 'NAME_X_Y.txt' beside it the labels ("N L", then "l:1 l:1" a line; a label of value 0 is none).

/// The file of labels that lies beside a file of features, by its name, packed or not; "" if `path` is not called so or there is
/// none.
std::string labels_beside(const std::string& path);

/// Reads both texts. Fails like parse_dataset() for each, and where their numbers of rows differ.
Result<Dataset> parse_xmc_pair(std::string_view features, const std::string& features_path, std::string_view labels,
                               const std::string& labels_path);

}  // namespace glissade::datasets
