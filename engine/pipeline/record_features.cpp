#include "engine/pipeline/record_features.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace glissade {
namespace {

/// A decimal number with white space around it, finite.
std::optional<double> number_of(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::string number_feature(const PipelineColumn& column) { return column.name + "="; }

RecordFeatures::RecordFeatures(const PipelineOptions& options, const RunFilter* runs)
    : columns_(&options.columns), words_(options, runs) {
  for (const PipelineColumn& column : options.columns) {
    const bool named = column.kind != ColumnKind::text;
    prefixes_.push_back(named ? column.name + "=" : options.columns_apart ? column.name + ":" : "");
  }
}

std::int32_t RecordFeatures::cut(Record record, FeatureTaker& taker) {
  std::int32_t no_number = -1;
  words_.begin();
  for (std::size_t column = 0; column < columns_->size(); ++column) {
    const ColumnKind kind = (*columns_)[column].kind;
    for (const std::string_view text : record[column]) {
      if (kind == ColumnKind::text) {
        words_.cut(text, prefixes_[column], taker);
      } else if (kind == ColumnKind::categories) {
        words_.take_whole(text, prefixes_[column], taker);
      } else if (const auto value = number_of(text)) {
        taker.take_number(column, *value);
      } else if (no_number < 0) {
        no_number = static_cast<std::int32_t>(column);
      }
    }
  }
  return no_number;
}

}  // namespace glissade
