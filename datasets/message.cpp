#include "datasets/message.h"

#include <fmt/format.h>

namespace glissade::datasets {

std::string quoted(std::string_view path) { return path == "-" ? "'standard input'" : system::quoted(path); }

std::string place(std::string_view path, std::uint64_t line) { return fmt::format("{}:{}", quoted(path), line); }

}  // namespace glissade::datasets
