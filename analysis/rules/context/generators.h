#pragma once

// Generators that hold something open while they yield.

#include "analysis/rules/rule.h"

namespace awaitls::analysis {

/// What is known of a generator's use. Managed: a decorator makes a context manager of it or the like, or a web framework enters
/// and leaves it like one. Decorated: in some way that is not known. Plain: its yields can be judged.
enum class GeneratorUse : std::uint8_t { Managed, Decorated, Plain };
GeneratorUse use_of_generator(const RuleContext& context, NodeId definition);

/// The generator gives a single value, and not in a loop.
bool yields_once(const Tree& tree, NodeId definition);

/// The manager of a WithItem holds a cancel scope open: a timeout, a task group, a manager of a library that opens one, or a
/// manager function of the project that yields within one.
bool holds_cancel_scope(const Model& model, NodeId with_item);

} // namespace awaitls::analysis
