#pragma once

// What the blocking rules share: each reports some of the operations that blocking_operation()
// finds in code that runs on the event loop, so that one call gets one finding.

#include "analysis/rules/rule.h"
#include "analysis/semantic/blocking.h"

namespace awaitls::analysis {

/// Where operations can stand: the kinds of a rule that calls report_blocking().
std::vector<Kind> blocking_kinds();

/// Makes the node's operation the context's last.
void find_operation(const RuleContext& context, NodeId node);

/// The blocking operation at the node if the node's code runs on the event loop and no pattern of
/// `blocking-calls` claims the call for blocking-configured. Holds until another node is asked for.
inline const std::optional<BlockingOperation>& operation_on_loop(const RuleContext& context,
                                                                 NodeId node) {
    if (context.last_operation.node != node) find_operation(context, node);
    return context.last_operation.operation;
}

/// Reports the operation with its message and its fix.
Finding report_operation(RuleContext& context, const BlockingOperation& operation);

/// Reports the operation at the node when it is of the kind; false where there is none.
inline bool report_blocking(RuleContext& context, NodeId node, BlockingKind kind) {
    const std::optional<BlockingOperation>& operation = operation_on_loop(context, node);
    if (!operation || operation->api->kind != kind) return false;
    report_operation(context, *operation);
    return true;
}

/// A call of a method in code that runs on the event loop: the object and the method's name. Nothing for other nodes.
struct MethodCall {
    NodeId object;
    std::string_view method;
};
std::optional<MethodCall> method_call_on_loop(const RuleContext& context, NodeId node);

/// True for waiting on a concurrent.futures.Future, which future-result-on-loop reports.
bool is_future_result(const BlockingOperation& operation);

/// True for methods of an HTTP client object, which blocking-http-method reports.
bool is_client_method(std::string_view name);

/// The advice of the `blocking-calls` pattern that the call matches; nothing where none does or the
/// call is known not to block.
std::optional<std::string_view> configured_advice(const RuleContext& context, NodeId call);

/// False for a chain that ends in what blocks too little to be reported while its rule is off.
bool counts(const Settings& settings, const BlockingChain& chain);
bool counts(const Settings& settings, const BlockingOperation& operation);

/// True when the generator that an expression gives is run right there, to its end or one step.
bool is_consumed(const Model& model, NodeId generator);

/// Adds the fix that hands the call to a thread, where an `await` can stand and no sync lock is
/// held.
void add_thread_fix(const RuleContext& context, NodeId call, Finding& finding);

/// True when the node stands in the body of a `with` on a threading lock: suspending there can lock
/// up the loop.
bool holds_sync_lock(const Model& model, NodeId node);

/// Replaces the call by `await <text>`.
std::vector<Edit> replace_by_await(const Tree& tree, NodeId call, const std::string& text);

/// True when a comment stands in the span; replacing it would lose the comment.
bool has_comment(const Tree& tree, Span span);

} // namespace awaitls::analysis
