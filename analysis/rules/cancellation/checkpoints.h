#pragma once

// Where a task can be cancelled: what the rules about timeouts and checkpoints count.

#include "analysis/rules/rule.h"
#include "analysis/semantic/flow.h"

namespace awaitls::analysis::cancellation {

/// The step waits, as far as syntax tells: `await`, `async for`, the ends of `async with`. What trio calls a checkpoint.
bool is_checkpoint(const Tree& tree, const Step& step);

/// The task may be cancelled at the step: a checkpoint, or a `yield`, whose consumer may have one. Not so: an awaited function
/// of the project that has no suspension point; a timeout that is entered or left; a task group in which nothing is started.
bool is_cancel_point(const Model& model, const Step& step);

/// The flow of a block with what the option `exception-suppress-context-managers` says.
Flow flow_with_options(const RuleContext& context, NodeId block);

/// How often the block of a timeout or cancel scope can be cancelled before it comes to its end.
struct ScopeUse {
    NodeId scope; // the call
    Occurrence cancelled;
};
/// For each scope that a With opens, in async code or at module level; none where the code cannot be followed, and not those
/// whose object the block uses: somebody else may cancel it.
std::vector<ScopeUse> scopes_of(const RuleContext& context, NodeId with);

/// Something with `shield=True`, or a scope whose `shield` was last set to something else than False, is around the node within `outer`.
bool is_shielded(const Model& model, NodeId node, NodeId outer);
/// What is awaited is made for cleaning up: `aclose()`, `aclose_forcefully(x)`, `cancel_shielded_checkpoint()`,
/// `asyncio.shield(..)`, the `__aexit__` of another manager, a function that waits for nothing else.
bool is_safe_in_cleanup(const Model& model, NodeId awaited);
/// What is awaited is a call of a function that comes to its end at once, itself or by others that do, unless a subclass has
/// another one.
bool never_waits(const Model& model, NodeId awaited);
/// The innermost open WithItem at a node, of its own function, that is a timeout, cancel scope or task group; kNoNode: none.
NodeId scope_around(const Model& model, NodeId node);
/// `with CancelScope(shield=True):`, which nothing cancels.
bool is_plain_shield(const Model& model, NodeId item);
/// The Await, the async For or CompFor, or the async With that does not only open task groups: control may wait at the node.
bool waits_at(const Model& model, NodeId node);
/// Waiting at the node would be cleanup that a cancelled task of trio or anyio skips (await_in_cleanup_unshielded.cpp).
bool is_skipped_cleanup(const Model& model, NodeId node);
/// Waiting at the node, in a handler of trio or anyio code that raises its exception again, could lose that
/// (await_in_except.cpp).
bool may_lose_exception(const Model& model, NodeId node);
/// What a finding about such a node underlines.
Span waiting_span(const Tree& tree, NodeId node);

} // namespace awaitls::analysis::cancellation
