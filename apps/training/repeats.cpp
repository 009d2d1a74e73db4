#include "apps/training/repeats.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "apps/config/choice.h"
#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/cache_limit.h"
#include "datasets/split.h"

namespace glissade::apps {
namespace {

constexpr std::array<Choice<RepeatedRows>, 2> kChoices = {{{"once", RepeatedRows::once}, {"keep", RepeatedRows::keep}}};

}  // namespace

Result<RepeatedRows> choose_repeated_rows(const std::string& text) { return choose("--repeated-rows", text, kChoices); }

datasets::Dataset without_repeats(const datasets::Dataset& rows, const std::vector<bool>& repeated, bool quiet) {
  if (!quiet)
    note(fmt::format(
        "{} of {} rows have the features and labels of a row before them and are left out; --repeated-rows keep counts "
        "them each time",
        grouped(static_cast<std::uint64_t>(std::ranges::count(repeated, true))), grouped(repeated.size())));
  std::vector<bool> chosen = repeated;
  chosen.flip();
  datasets::Dataset left = select_rows(rows, chosen);
  keep_cache_limit({&left});
  return left;
}

}  // namespace glissade::apps
