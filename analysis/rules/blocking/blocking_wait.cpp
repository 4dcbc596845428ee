#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`threading.Event.wait()`, `Thread.join()`, `queue.Queue.get()`, `concurrent.futures.wait()` and
`select.select()` wait in the thread of the event loop. If what they wait for needs the loop
itself, such as a task or a callback, they wait for ever.

Forms that do not wait are not reported: `get_nowait()`, `get(block=False)`, a timeout of 0,
`join()` of a thread that was found to have ended (`if not thread.is_alive():`), `get()` of a
queue that was found not to be empty. A timeout shortens the wait but does not end it: it is
reported, with its length, from 0.05 seconds on.

## Bad

```python
import asyncio
import threading


async def compute(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()  # error: blocking-wait


asyncio.run(compute(print))
```

## Good

```python
import asyncio


async def compute(work):
    await asyncio.to_thread(work)


asyncio.run(compute(print))
```

## Fix

The call is handed to a thread. The fix is unsafe: other tasks run while it waits. Using the async
twin (`asyncio.Event`, `asyncio.Queue`) is the better change when all sides live on the loop.

## When not to follow it

In shutdown code that runs after all other tasks have ended.
)md";

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation>& operation = operation_on_loop(context, node);
    if (operation && operation->api->kind == BlockingKind::Wait && !is_future_result(*operation))
        report_operation(context, *operation);
}

} // namespace

Rule rule_blocking_wait() {
    return {{.name = "blocking-wait",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .summary = "Waiting for another thread with `Thread.join()`, `Event.wait()`, "
                        "`Queue.get()` and the like on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
