// Waiting in a handler before the exception is raised again.

#include "analysis/rules/cancellation/checkpoints.h"
#include "analysis/rules/names.h"
#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace cancellation;

constexpr std::string_view kDoc =
    R"(A handler that waits for something and then raises can be cancelled while it waits. The cancellation then takes the place of the
exception: whoever waits for the task sees that it was cancelled, or that a timeout passed, and not what went wrong. Under trio and
anyio, where a cancelled scope stays cancelled, an error that comes together with a cancellation is lost every time.

Reported is an `await`, `async for` or `async with` in an `except` from which a `raise` of the caught exception can be reached. Handlers
that get the cancellation itself are not, nor what is shielded, `aclose()` without arguments, `aclose_forcefully(x)`, and
`asyncio.shield(..)`; with asyncio, which raises a cancellation once, also not what is named like cleaning up (`close`, `rollback`,
`stop`), `asyncio.sleep()`, `put()` of an `asyncio.Queue`, which mostly has no bound, and a job in a thread (`asyncio.to_thread(..)`), which ends whether it is waited for or not.

## Bad

```python
import asyncio


async def report(error: Exception) -> None:
    await asyncio.sleep(0.1)
    print(error)


async def load() -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        await report(error)  # error: await-in-except
        raise
```

## Good

```python
import asyncio
import logging


async def load() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.exception("could not load")
        raise
```

## Fix

None: the waiting may be moved behind the handling, into a task of its own, or into a shielded scope.

## When not to follow it

Where the cleanup has to wait, as the rollback of a transaction, and a cancellation may well win.

## Differences

flake8-async's ASYNC120 takes any `raise` further down in the handler, also in the other branch of an `if`, and of another exception.
)";

/// The handler in whose body the node stands, of the same function, or kNoNode.
NodeId handler_around(const Tree& tree, NodeId node) {
    NodeId child = node;
    for (NodeId up = tree.parent(node); up != kNoNode; child = up, up = tree.parent(up)) {
        const Kind kind = tree.kind(up);
        if (kind == Kind::FunctionDef || kind == Kind::Lambda || kind == Kind::ClassDef)
            return kNoNode;
        if (kind == Kind::Except && tree.role(child) == Role::Body) return up;
    }
    return kNoNode;
}

/// The caught exception goes on: `raise`, `raise error`.
bool raises_again(const Tree& tree, NodeId raise, NodeId handler) {
    const NodeId value = tree.child(raise, Role::Value);
    if (value == kNoNode) return true;
    const NodeId target = tree.child(handler, Role::Target);
    return target != kNoNode && tree.is(value, Kind::Name) && tree.text(value) == tree.text(target);
}

/// The call hands a job to a thread, which a cancellation does not stop.
bool is_handed_to_thread(const Model& model, NodeId call) {
    const CallTarget target = model.target(call);
    if (target.name == "asyncio.to_thread" ||
        tasks::is_method(target, "asyncio.AbstractEventLoop", "run_in_executor"))
        return true;
    const std::string wrapper = model.thread_wrapper(call);
    return !wrapper.empty() && model.tree().text(model.tree().child(call, Role::Callee)) == wrapper;
}

/// asyncio raises a cancellation once: it may well win while something is closed, while nothing is done, or while a thread goes
/// on with its job.
bool is_lesser_evil(const Model& model, NodeId awaited) {
    if (model.library() != AsyncLibrary::Asyncio || !model.tree().is(awaited, Kind::Call))
        return false;
    return names_cleanup(called_name(model.tree(), awaited)) ||
           tasks::calls(model, awaited, "asyncio.sleep") || is_handed_to_thread(model, awaited);
}

/// `queue.put()` waits where the queue is full, and most have no bound.
bool puts(const Model& model, NodeId awaited) {
    return model.tree().is(awaited, Kind::Call) &&
           tasks::is_method(model.target(awaited), "asyncio.Queue", "put");
}

/// A cancellation comes to the handler or to an earlier one of its Try: that is another matter.
bool concerns_cancellation(const Model& model, NodeId handler) {
    const NodeId classes = model.tree().child(handler, Role::Value);
    return classes == kNoNode || tasks::catches_cancellation(model, classes);
}

/// `found = await ask()` and `if found is None: raise`: it has to wait before it knows whether to raise.
bool decides_whether(const Tree& tree, NodeId await, NodeId raise, NodeId handler) {
    const NodeId name = tree.is(await, Kind::Await) ? tasks::assigned_name(tree, await) : kNoNode;
    for (NodeId up = tree.parent(raise); up != handler && up != kNoNode; up = tree.parent(up)) {
        const bool branch = tree.is(up, Kind::If) || tree.is(up, Kind::Elif);
        const NodeId test = branch ? tree.child(up, Role::Test) : kNoNode;
        if (test == kNoNode) continue;
        if (tree.within(await, test)) return true;
        if (name != kNoNode && tasks::mentions(tree, test, tree.text(name))) return true;
    }
    return false;
}

void check(RuleContext& context, NodeId handler) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(handler, Role::Body);
    if (body == kNoNode || !model.in_async(body) || concerns_cancellation(model, handler)) return;
    std::vector<NodeId> waiting;
    NodeId raised = kNoNode;
    search_same_function(tree, body, [&](NodeId node) {
        const bool own = handler_around(tree, node) == handler;
        if (tree.is(node, Kind::Raise) && own && raised == kNoNode &&
            raises_again(tree, node, handler))
            raised = node;
        if (!own || !waits_at(model, node) || is_shielded(model, node, handler)) return true;
        const NodeId awaited = tree.is(node, Kind::Await) ? tree.child(node, Role::Value) : kNoNode;
        if (awaited == kNoNode ||
            (!is_safe_in_cleanup(model, awaited) && !is_lesser_evil(model, awaited) &&
             !never_waits(model, awaited) && !puts(model, awaited)))
            waiting.push_back(node);
        return true;
    });
    if (raised == kNoNode || waiting.empty()) return;
    const Flow flow = find_flow(model, body);
    if (!flow.complete()) return;
    std::vector<StepId> raises;
    for (StepId step = 0; step < flow.steps().size(); ++step) {
        const Step& at = flow[step];
        if (at.kind == StepKind::Statement && tree.is(at.node, Kind::Raise) &&
            handler_around(tree, at.node) == handler && raises_again(tree, at.node, handler))
            raises.push_back(step);
    }
    const std::vector<bool> leads = flow.reaching(raises, {});
    for (const NodeId node : waiting) {
        const auto leads_from = [&](StepKind kind) {
            const std::vector<StepId> steps = flow.steps_of(
                kind == StepKind::Enter ? tree.child(node, Kind::WithItem) : node, kind);
            return std::any_of(steps.begin(), steps.end(), [&](StepId s) { return leads[s]; });
        };
        const StepKind kind = tree.is(node, Kind::Await)  ? StepKind::Await
                              : tree.is(node, Kind::With) ? StepKind::Enter
                                                          : StepKind::Next;
        if (!leads_from(kind) || decides_whether(tree, node, raised, handler)) continue;
        context
            .report(waiting_span(tree, node),
                    "a cancellation while this waits takes the place of the exception that is "
                    "being handled; raise first, or shield it")
            .related(tree[raised].span(), "raised here otherwise");
    }
}

} // namespace

bool cancellation::may_lose_exception(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    if (model.library() == AsyncLibrary::Asyncio) return false;
    const NodeId handler = handler_around(tree, node);
    if (handler == kNoNode || concerns_cancellation(model, handler) ||
        is_shielded(model, node, handler))
        return false;
    bool raised = false;
    search_same_function(tree, tree.child(handler, Role::Body), [&](NodeId other) {
        raised = raised || (tree.is(other, Kind::Raise) && raises_again(tree, other, handler));
        return !raised;
    });
    return raised;
}

Rule rule_await_in_except() {
    return {{.name = "await-in-except",
             .category = Category::Cancellation,
             .severity = Severity::Information,
             .aliases = {"ASYNC120"},
             .summary = "A handler waits before it raises, where a cancellation takes the place of "
                        "the exception.",
             .options = {},
             .doc = kDoc},
            {Kind::Except},
            check};
}

} // namespace awaitls::analysis
