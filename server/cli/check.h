#pragma once

#include "server/cli/command_line.h"

namespace awaitls::server {

/// `awaitls check`: finds the files, analyses them on all cores, reports in a fixed order. Returns
/// the exit status.
int run_check(const CheckOptions& options);

} // namespace awaitls::server
