// `t.cancel()`, then `await t` with CancelledError caught: the stop pattern.

#include "analysis/rules/cancellation/common.h"
#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace cancellation;

constexpr std::string_view kDoc =
    R"(The usual way to stop a task is to cancel it and to wait for its end:

    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass

The handler means the cancellation of `task`. But while the function waits, somebody may cancel the function itself: a timeout
around it, a shutdown, a second `stop()`. That arrives as the same exception at the same `await`, and is swallowed as well. The
function then goes on although it was told to end.

`asyncio.wait([task])` waits for the end of a task and raises only when the waiting function is cancelled.

## Bad

```python
import asyncio


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:  # error: cancel-then-swallow
        pass
```

## Good

```python
import asyncio


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
```

## Fix

Where the statement does nothing but wait for one task, the fix writes `await asyncio.wait([task])`. It is unsafe: an exception with
which the task ended is no longer raised here, it stays in the task.

## When not to follow it

In code that nobody cancels, such as the end of the program. A handler that asks `asyncio.current_task().cancelling()` (Python 3.11) tells
the two cancellations apart, and the rule is silent about it.

## Differences

flake8-async's ASYNC103 reports this pattern like any other swallowed cancellation.
)";

bool does_nothing(const Tree& tree, NodeId handler) {
    for (const NodeId statement : tasks::statements(tree, tree.child(handler, Role::Body))) {
        const bool ellipsis = tree.is(statement, Kind::ExprStmt) &&
                              tree.is(tree.child(statement, Role::Value), Kind::Ellipsis);
        if (!tree.is(statement, Kind::Pass) && !ellipsis) return false;
    }
    return true;
}

/// `await asyncio.wait([task])` in place of the whole statement.
void offer_wait(const RuleContext& context, Finding& finding, NodeId statement) {
    const Tree& tree = context.tree;
    const std::vector<NodeId> body = tasks::statements(tree, tree.child(statement, Role::Body));
    if (body.size() != 1 || !tree.is(body[0], Kind::ExprStmt)) return;
    const NodeId awaited = tree.child(body[0], Role::Value);
    if (!tree.is(awaited, Kind::Await)) return;
    const NodeId task = tree.child(awaited, Role::Value);
    if (!tree.is(task, Kind::Name) && !tree.is(task, Kind::Attribute)) return;
    int handlers = 0;
    for (const NodeId part : tree.children(statement)) {
        if (tree.is(part, Kind::Else) || tree.is(part, Kind::Finally)) return;
        if (tree.is(part, Kind::WithItem) && ++handlers > 1) return;
        if (tree.is(part, Kind::Except) && (++handlers > 1 || !does_nothing(tree, part))) return;
    }
    const Span span = tasks::code_span(tree, statement);
    if (tasks::has_comment(tree, span)) return;
    bool needs_import = false;
    const std::string module = context.model.module_name("asyncio", statement, needs_import);
    if (module.empty()) return;
    finding.fix("Wait with `" + module + ".wait()`", Applicability::Unsafe,
                {{span, "await " + module + ".wait([" + context.text(task) + "])"}},
                needs_import ? std::vector<std::string>{"asyncio"} : std::vector<std::string>{});
}

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    Span span;
    if (tree.is(node, Kind::With)) {
        const NodeId suppressor = suppressor_of(model, node);
        if (suppressor == kNoNode) return;
        span = tree[suppressor].span();
    } else {
        const NodeId handler = handler_of(model, node);
        if (handler == kNoNode) return;
        const Treatment found = treatment(model, handler);
        if (found.swallowed == kNoNode && found.replaced == kNoNode) return;
        if (is_dealt_with(model, node, handler)) return;
        span = handler_head(model, handler);
    }
    if (is_program_main(model, node) || !tasks::follows_cancel(model, tree.child(node, Role::Body)))
        return;
    Finding finding = context.report(
        span, "this also swallows a cancellation of the waiting function, not only that of the "
              "task it stops; wait with `asyncio.wait([task])`");
    offer_wait(context, finding, node);
}

} // namespace

Rule rule_cancel_then_swallow() {
    return {{.name = "cancel-then-swallow",
             .category = Category::Cancellation,
             .severity = Severity::Information,
             .fix = FixAvailability::Sometimes,
             .aliases = {},
             .summary = "Code that waits for a cancelled task also swallows its own cancellation.",
             .options = {},
             .doc = kDoc},
            {Kind::Try, Kind::With},
            check};
}

} // namespace awaitls::analysis
