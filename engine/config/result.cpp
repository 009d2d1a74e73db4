#include <stdexcept>

#include <glissade/result.h>

namespace glissade {

void no_value(const Error& error) { throw std::logic_error("value() called on a Result that holds an error: " + error.message); }

void no_error() { throw std::logic_error("error() called on a Result that holds no error"); }

}  // namespace glissade
