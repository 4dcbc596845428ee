// A timeout around code that cannot be interrupted.

#include "analysis/rules/cancellation/checkpoints.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(A timeout of asyncio, anyio or trio works by cancelling the task at an `await`. A block without any suspension point cannot be
interrupted: it runs to its end however long it takes, holds up the event loop meanwhile, and the timeout never fires. Often the
`await` was forgotten, or the work should run in a thread.

Suspension points are `await`, `async for`, `async with`, asynchronous comprehensions, and `yield`. These are none: awaiting a function of
the project that has no suspension point itself, entering another timeout, and a task group in which nothing is started. A scope whose
object is used, for example to cancel it from elsewhere, is not reported, nor one that is only a shield.

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

flake8-async's ASYNC100 removes the `with`, and reports scopes whose object is used and, of task groups, those whose object is used in
nested functions only; of several in one `with` it may report the last alone; and it counts whatever is awaited. Sonar's S7490 does not count `async with` as a suspension point; this rule does.
)";

void check(RuleContext& context, NodeId with) {
    for (const cancellation::ScopeUse& use : cancellation::scopes_of(context, with)) {
        if (use.cancelled != Occurrence::Never) continue;
        context.report(use.scope, "nothing in this block suspends, so `" +
                                      callee_text(context.tree, use.scope) +
                                      "()` cannot interrupt it; await something in it, or move "
                                      "the work to a thread");
    }
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
         .options = {"exception-suppress-context-managers"},
         .doc = kDoc},
        {Kind::With},
        check};
}

} // namespace awaitls::analysis
