#pragma once

// Generators that hold something open while they yield.

#include "analysis/rules/rule.h"

namespace awaitls::analysis {

/// What is known of a generator's use allows to judge its yields: no decorator may turn it into a context manager or something
/// else, and it is no dependency of a web framework, which is entered and left like one.
bool is_plain_generator(const RuleContext& context, NodeId definition);

/// The generator gives a single value, and not in a loop.
bool yields_once(const Tree& tree, NodeId definition);

/// The manager of a WithItem holds a cancel scope open: a timeout, a task group, a manager of a library that opens one, or a
/// manager function of the project that yields within one.
bool holds_cancel_scope(const Model& model, NodeId with_item);

} // namespace awaitls::analysis
