// A timeout around code that cannot be interrupted.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(A timeout of asyncio, anyio or trio works by cancelling the task at an `await`. A block without any suspension point cannot be
interrupted: it runs to its end however long it takes, holds up the event loop meanwhile, and the timeout never fires. Often the
`await` was forgotten, or the work should run in a thread.

Suspension points are `await`, `async for`, `async with`, asynchronous comprehensions, and `yield`. A scope whose object is used, for
example to cancel it from elsewhere, is not reported.

## Bad

```python
import asyncio
import hashlib


async def digest(chunks: list[bytes]) -> str:
    result = hashlib.sha256()
    async with asyncio.timeout(5):  # error: timeout-without-checkpoint
        for chunk in chunks:
            result.update(chunk)
    return result.hexdigest()
```

## Good

```python
import asyncio
import hashlib


def compute(chunks: list[bytes]) -> str:
    result = hashlib.sha256()
    for chunk in chunks:
        result.update(chunk)
    return result.hexdigest()


async def digest(chunks: list[bytes]) -> str:
    async with asyncio.timeout(5):
        return await asyncio.to_thread(compute, chunks)
```

## Fix

None: either an `await` is missing in the block, or the work has to move, or the timeout has to go.

## Differences

flake8-async's ASYNC100 removes the `with`. Sonar's S7490 does not count `async with` as a suspension point; this rule does.
)";

void check(RuleContext& context, NodeId with) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(with, Role::Body);
    if (body == kNoNode || !model.in_async(body) || has_suspension_point(tree, body)) return;
    NodeId timeout = kNoNode;
    for (const NodeId item : tree.children(with)) {
        if (!tree.is(item, Kind::WithItem)) continue;
        const NodeId value = tree.child(item, Role::Value);
        if (value == kNoNode) return;
        if (!tasks::is_timeout(model, value)) {
            // Entered within the scope, this may suspend.
            if (timeout != kNoNode && tree[with].is_async()) return;
            if (timeout != kNoNode && has_suspension_point(tree, value)) return;
            continue;
        }
        const NodeId target = tree.child(item, Role::Target);
        if (target != kNoNode &&
            (!tree.is(target, Kind::Name) || tasks::mentions(tree, body, tree.text(target))))
            return;
        if (timeout == kNoNode) timeout = value;
    }
    if (timeout == kNoNode) return;
    context.report(
        timeout,
        "nothing in this block suspends, so `" + callee_text(tree, timeout) +
            "()` cannot interrupt it; await something in it, or move the work to a thread");
}

} // namespace

Rule rule_timeout_without_checkpoint() {
    return {
        {.name = "timeout-without-checkpoint",
         .category = Category::Cancellation,
         .severity = Severity::Information,
         .review = ReviewSeverity::Minor,
         .aliases = {"ASYNC100", "S7490"},
         .summary =
             "A timeout or cancel scope contains no suspension point, so it cannot take effect.",
         .options = {},
         .doc = kDoc},
        {Kind::With},
        check};
}

} // namespace awaitls::analysis
