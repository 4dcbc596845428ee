#pragma once

// Which calls, `with` items and loops block the thread that runs them. The one answer that the
// blocking rules and the summaries of functions share; where the code runs is not asked here.

#include "analysis/semantic/model.h"

#include <optional>
#include <string_view>

namespace awaitls::analysis {

/// Waits that are sure to end within this many seconds count as not blocking.
inline constexpr double kNegligibleWait = 0.05;

struct BlockingOperation {
    NodeId node; // the Call; the value of the WithItem; the iterable of the For or CompFor
    const BlockingApi* api; // never null
    std::string_view
        name; // canonical name of the callee, or of the class that is entered or iterated
    Confidence confidence = Confidence::Certain;
    std::optional<double> limit; // seconds after which it gives up, where a literal says so
};

/// The blocking operation that a Call, WithItem, For or CompFor performs itself. Nothing for other
/// nodes, unknown callees, awaited calls, `async with` and `async for`, and for forms that do not
/// wait: `acquire(blocking=False)`, `get(block=False)`, waits of at most kNegligibleWait,
/// `os.WNOHANG`, `os.P_NOWAIT`, `fcntl.LOCK_NB`, sockets that the same function makes non-blocking,
/// in-memory files, `put` into a queue that is not known to be bounded, results of futures and
/// threads that are known to be finished.
std::optional<BlockingOperation> blocking_operation(const Model& model, NodeId node);

/// True when both are the same name or dotted chain of attributes (`self.sock`).
bool same_reference(const Tree& tree, NodeId a, NodeId b);

/// The expression whose value a local Name holds: of its one assignment, or of the `with` item that
/// binds it; else kNoNode.
NodeId bound_value(const Model& model, NodeId name);

/// True when a sync function comes to the node only where it has asked whether it is on the loop, by
/// `get_running_loop()` or the thread's identity: in a branch behind a test of it, or in the handler
/// of a `try` that asks it.
bool is_off_loop(const Model& model, NodeId node);

/// True when what the node stands for has ended for certain: `x.done()` or `not x.is_alive()` was
/// tested on the way, it comes out of the done set of a wait, or was awaited before. `receiver` is
/// the future, thread or process.
bool is_known_finished(const Model& model, NodeId node, NodeId receiver);

} // namespace awaitls::analysis
