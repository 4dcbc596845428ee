#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`time.sleep()` stops the thread, and the event loop runs in that thread. While it sleeps no other
task makes progress: requests wait, timeouts fire late, heartbeats are missed.
`await asyncio.sleep()` lets the others run.

`time.sleep(0)` is not reported: it only gives up the interpreter lock for a moment.

## Bad

```python
import asyncio
import time


async def poll(jobs):
    while jobs:
        jobs.pop()()
        time.sleep(0.5)  # error: blocking-sleep


asyncio.run(poll([print]))
```

## Good

```python
import asyncio


async def poll(jobs):
    while jobs:
        jobs.pop()()
        await asyncio.sleep(0.5)


asyncio.run(poll([print]))
```

## Fix

`time.sleep(x)` becomes `await asyncio.sleep(x)`, or `anyio.sleep` or `trio.sleep` in a file that
uses only those. The fix is withheld where `await` cannot stand (a callback, a lambda, a generator
expression) and inside `with` on a threading lock, where waiting would keep the lock while other
tasks run.

## When not to follow it

When the pause must hold up the loop, as in a test of its debug mode.

## Differences

Aliases of `time` and names imported from it count, a name that was rebound does not. Sonar's fix
for the same problem replaces the name without adding `await`.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::Sleep);
}

} // namespace

Rule rule_blocking_sleep() {
    return {{.name = "blocking-sleep",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC251", "S7488"},
             .summary = "`time.sleep()` in code that runs on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
