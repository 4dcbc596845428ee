#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(A threading lock that another thread holds stops the event loop until it is released. When the
block it guards is short and does not suspend, that is the right way to share data with threads,
so the finding is information: make sure that no thread does slow work under the lock. When only
coroutines share the data, `asyncio.Lock` is the right lock, or none at all: code without `await`
is not interrupted.

`acquire(blocking=False)` and `acquire(timeout=0)` do not wait and are not reported, nor is a
`with` block that suspends: that is a bug of another kind.

## Bad

```python
import asyncio
import threading

lock = threading.Lock()
totals = {}


async def count(key):
    with lock:  # error: blocking-lock
        totals[key] = totals.get(key, 0) + 1


asyncio.run(count("a"))
```

## Good

```python
import asyncio

totals = {}


async def count(key):
    totals[key] = totals.get(key, 0) + 1


asyncio.run(count("a"))
```

## When not to follow it

When threads share the data and hold the lock for a moment only.
)md";

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation> operation = operation_on_loop(context, node);
    if (!operation || operation->api->kind != BlockingKind::Lock) return;
    // A lock that stays held while the coroutine is suspended is a bug of another kind than a wait.
    if (context.tree.kind(node) == Kind::WithItem) {
        const NodeId body = context.tree.child(context.tree.parent(node), Role::Body);
        if (body != kNoNode && has_suspension_point(context.tree, body)) return;
    }
    report_operation(context, *operation);
}

} // namespace

Rule rule_blocking_lock() {
    return {{.name = "blocking-lock",
             .category = Category::Blocking,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .summary = "Taking a threading lock on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
