#pragma once

// What the rules about exception groups share.

#include "analysis/rules/rule.h"

#include <vector>

namespace awaitls::analysis::groups {

/// The expression names ExceptionGroup or BaseExceptionGroup, of the language or of the backport `exceptiongroup`; also subscripted.
bool is_group_class(const Model& model, NodeId expression);
/// The same, or a tuple that holds one.
bool names_group_class(const Model& model, NodeId expression);

/// The uses of the variable of an `except .. as name` in its body that run as part of it, in text order, up to where the name is bound anew; a
/// nested handler for the same name is left out.
std::vector<NodeId> uses_in_handler(const Tree& tree, NodeId handler);

} // namespace awaitls::analysis::groups
