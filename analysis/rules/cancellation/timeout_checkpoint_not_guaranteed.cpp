// A timeout around code that can be interrupted on some ways only.

#include "analysis/rules/cancellation/checkpoints.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(A timeout or cancel scope works by cancelling the task where it waits. Where the block can come to its end without waiting for
anything, it runs through at once on that way, however long it takes, and neither the timeout nor a cancellation from outside is
noticed. Often an empty loop, or an exception that a handler swallows before anything was awaited, is the way that nobody thought of.

The rule is off by default: that a fast way exists is often right. Exceptions are taken to come at the worst time, before the
operation that raises them has suspended; loops over literals and `while True` are known to run. Ways that leave the block by
`return`, `break`, `continue` or an exception do not count.

## Bad

```python
import trio


async def refresh(sources: list[str]) -> None:
    with trio.move_on_after(1):  # error: timeout-checkpoint-not-guaranteed
        for _source in sources:
            await trio.sleep(0.1)


trio.run(refresh, ["a", "b"])
```

## Good

```python
import trio


async def refresh(sources: list[str]) -> None:
    with trio.move_on_after(1):
        for _source in sources:
            await trio.sleep(0.1)
        await trio.lowlevel.checkpoint()


trio.run(refresh, ["a", "b"])
```

## Fix

None: whether a checkpoint, another structure or no timeout at all is right depends on what the block does.

## When not to follow it

Where the ways without a checkpoint are fast and nobody waits for a cancellation.

## Options

`exception-suppress-context-managers` lists context managers that swallow exceptions, like `contextlib.suppress`: names or patterns
(`"mylib.ignoring"`, `"*.suppressed"`). What stands in their blocks may be cut short.

## Differences

The same as flake8-async's ASYNC912 but for what is no suspension point, as in
[timeout-without-checkpoint](timeout-without-checkpoint.md), and scopes whose object is used.
)";

void check(RuleContext& context, NodeId with) {
    for (const cancellation::ScopeUse& use : cancellation::scopes_of(context, with)) {
        if (use.cancelled != Occurrence::Maybe) continue;
        context.report(use.scope, "this block can end without a suspension point, so `" +
                                      callee_text(context.tree, use.scope) +
                                      "()` cannot always interrupt it");
    }
}

} // namespace

Rule rule_timeout_checkpoint_not_guaranteed() {
    return {{.name = "timeout-checkpoint-not-guaranteed",
             .category = Category::Cancellation,
             .severity = Severity::Information,
             .on_by_default = false,
             .aliases = {"ASYNC912"},
             .summary = "A timeout or cancel scope contains a suspension point on some ways only.",
             .options = {"exception-suppress-context-managers"},
             .doc = kDoc},
            {Kind::With},
            check};
}

} // namespace awaitls::analysis
