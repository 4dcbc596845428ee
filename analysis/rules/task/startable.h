#pragma once

// Trio's protocol for starting a task: `await nursery.start(f)` waits until `f` calls `task_status.started()`.

#include "analysis/rules/rule.h"

#include <vector>

namespace awaitls::analysis::tasks {

/// The Parameters of a function definition by which the starter hands in a TaskStatus: named `task_status`, or annotated so.
/// `model`: that of the region when the annotation is to be looked at; null: names alone count.
std::vector<NodeId> status_parameters(const Tree& tree, NodeId definition, const Model* model);

/// The expression is a function that can be started: it has such a parameter, is known to have one, or is listed in the option
/// `startable-in-context-manager`. `functools.partial` is looked through.
bool is_startable(const RuleContext& context, NodeId function);

} // namespace awaitls::analysis::tasks
