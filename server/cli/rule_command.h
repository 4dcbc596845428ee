#pragma once

#include "server/cli/command_line.h"

namespace awaitls::server {

/// `awaitls rule`: prints or writes the pages of the rules. Returns the exit status.
int run_rule_command(const RuleOptions& options);

} // namespace awaitls::server
