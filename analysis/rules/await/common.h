#pragma once

// What becomes of a coroutine object at the place that makes it: the one judgement behind the rules
// about missing awaits, so that each call gets at most one finding.

#include "analysis/rules/rule.h"

#include <string>
#include <vector>

namespace awaitls::analysis {

enum class Fate : std::uint8_t {
    Unknown, // awaited, scheduled, returned, stored, or handed to code that is not known
    Dropped, // the value of a statement
    Tested,  // asked for its truth, which is always true
    Bound,   // assigned to local variables and nothing else
    Value,   // used as if it were its result
};

struct CoroutineFate {
    Fate fate = Fate::Unknown;
    NodeId user = kNoNode;     // the node that uses it: the statement, operator, call or attribute
    std::string clause;        // Value: ends the sentence "`f()` is a coroutine and ..."
    bool raises = false;       // Value: such a use of a coroutine raises at run time
    bool contained = false;    // it lies in a list, tuple or other display, which is used so
    std::vector<NodeId> names; // Bound: the variables, as Name nodes
};

/// The coroutine that a Call, or the read of an async property, makes; null where the node makes
/// none.
Type coroutine_made_by(const Model& model, NodeId node);

/// The same for the rules that look at one node in turn.
inline Type coroutine_made_by(const RuleContext& context, NodeId node) {
    RuleContext::LastCoroutine& last = context.last_coroutine;
    if (last.node != node) last = {node, coroutine_made_by(context.model, node)};
    return last.type;
}

/// What happens to the value of an expression that holds a coroutine of this type.
CoroutineFate fate_of(const Model& model, NodeId expression, Type coroutine);

/// Whether the fate of the coroutine that the node makes is the one that the caller reports.
bool has_fate(const Model& model, NodeId node, Type coroutine, Fate fate, CoroutineFate& found);

/// True when some use of the local variable awaits it, or hands it to a function that is known to.
bool is_awaited_somewhere(const Model& model, NodeId name);

/// Values of this type certainly have no `__await__`.
bool lacks_await(const Model& model, Type type);

/// A display, literal, comprehension or lambda, whose value can never be awaited.
bool is_plain_value(Kind kind);

/// What calling the sync function gives certainly has no `__await__`: its annotation says so, or else all its returns. Unsure of functions
/// that only raise. Requires: no decorator makes it something else.
bool gives_no_awaitable(const Model& model, const FunctionDef& function);

/// Adds the edit that awaits the expression, where `await` can stand.
void offer_await(const RuleContext& context, Finding& finding, NodeId expression,
                 Applicability applicability);

/// The expression as messages show it: "`Store.load()`" for calls, "`self.items`" for attributes.
std::string shown(const Tree& tree, NodeId expression);

/// What to do about an expression that ought to be awaited: "await it first", or why that is not
/// possible there.
std::string await_advice(const Model& model, NodeId expression);

/// The node is evaluated when the generator expression around it is iterated, by whoever does that.
bool is_lazy(const Tree& tree, NodeId node);

/// Adds the edit that makes a sync function `async def`, where that means the same to whoever calls it but for the `await`: not for
/// special methods, properties, generators, and nested functions that are called without `await`.
void offer_async_def(const RuleContext& context, Finding& finding, const FunctionDef& function);

} // namespace awaitls::analysis
