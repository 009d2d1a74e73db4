#include <fmt/format.h>

#include "datasets/message.h"
#include "datasets/parse_rows.h"

namespace glissade::datasets {

namespace {

bool is_minus_one(std::string_view label) { return label == "-1" || label.starts_with("-1.") || label.starts_with("-1e"); }

}  // namespace

std::string describe(const RowChunk& chunk, const IdLimits& limits) {
  const std::string_view token = chunk.problem_token;
  const std::string shown_token = shown(token);
  const std::string id = shown(token.substr(0, token.find_first_of(",:")));
  const bool xmc = limits.format == Format::xmc;
  switch (chunk.problem) {
    case Problem::none: break;
    case Problem::bad_label:
      return fmt::format("'{}' is not a list of labels; write label ids separated by commas, or a space where there are none",
                         shown_token);
    case Problem::negative_label:
      return fmt::format("label id {} is negative; label ids start at 0{}", id,
                         is_minus_one(id) ? ": write the classes -1 and +1 as 0 and 1" : "");
    case Problem::label_not_whole:
      return fmt::format("label {} is not a whole number; labels are ids, and values to be estimated are not supported", id);
    case Problem::label_missing:
      return fmt::format("a label is missing beside a comma in '{}'; write label ids such as 3,17, without blanks", shown_token);
    case Problem::label_too_large:
      return xmc ? fmt::format("label id {} is not below the {} labels of the header; correct the id or the header", id,
                               limits.labels)
                 : fmt::format("label id {} is too large; ids must be below {}", id, limits.labels);
    case Problem::bad_feature:
      return fmt::format("'{}' is not a feature; write id:value pairs such as 17:0.25, separated by spaces", shown_token);
    case Problem::negative_feature:
      return fmt::format("feature id {} is negative; feature ids start at {}", id, xmc ? "0" : "0 or 1");
    case Problem::feature_too_large:
      return xmc ? fmt::format("feature id {} is not below the {} features of the header; correct the id or the header", id,
                               limits.features)
                 : fmt::format("feature id {} is too large; ids must be below {}", id, limits.features);
    case Problem::feature_zero:
      return "feature id 0 where ids count from 1, as --id-base or the training file says; give files of one data set, with one "
             "--id-base";
    case Problem::bad_value:
      return fmt::format("the value in '{}' is not a number; write it as a decimal such as 0.25", shown_token);
    case Problem::value_not_finite:
      return fmt::format("the value in '{}' is not finite; leave the feature out or give it a number", shown_token);
    case Problem::value_too_large:
      return fmt::format("the value in '{}' does not fit in a 32-bit float; scale the values down", shown_token);
    case Problem::sum_too_large:
      return fmt::format(
          "feature {} occurs more than once, and its values add up to more than a 32-bit float holds; scale them down",
          chunk.problem_id);
    case Problem::lone_return:
      return "a carriage return within the line; end lines in a line feed, with or without one before it";
  }
  return "the row cannot be read";
}

}  // namespace glissade::datasets
