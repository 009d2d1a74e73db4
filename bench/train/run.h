#pragma once

#include <string>

#include <glissade/result.h>

#include "bench/train/arguments.h"
#include "bench/train/json.h"

namespace glissade::bench {

/// Trains one variant from first weights to the last epoch, in this process, and says on standard error how it goes. The
/// result holds "epochs", one object each, and beside it the scalars that the report summarises.
Result<Json> run_training(const Arguments& arguments, const Variant& variant);

}  // namespace glissade::bench
