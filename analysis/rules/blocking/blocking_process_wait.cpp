#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`Popen.wait()`, `Popen.communicate()`, `os.waitpid()` and the methods of a `multiprocessing` pool
wait in the thread of the event loop until the child has ended or answered. Every other task
stands still for as long.

Forms that do not wait are not reported: `Popen.poll()`, `wait(timeout=0)`,
`os.waitpid(pid, os.WNOHANG)`, and waiting for a process whose end was tested before
(`if process.poll() is not None:`). A timeout shortens the wait but does not end it: it is
reported, with its length, from 0.05 seconds on.

## Bad

```python
import asyncio
import subprocess


async def stop(process: subprocess.Popen):
    process.terminate()
    process.wait(timeout=5)  # error: blocking-process-wait


asyncio.run(stop(subprocess.Popen(["sleep", "60"])))
```

## Good

```python
import asyncio
import subprocess


async def stop(process: subprocess.Popen):
    process.terminate()
    await asyncio.to_thread(process.wait, timeout=5)


asyncio.run(stop(subprocess.Popen(["sleep", "60"])))
```

A process that `asyncio.create_subprocess_exec` starts has an async `wait()` and `communicate()`.

## Fix

The call is handed to a thread. The fix is unsafe: other tasks run while it waits.

## When not to follow it

In shutdown code that runs after all other tasks have ended.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::ProcessWait);
}

} // namespace

Rule rule_blocking_process_wait() {
    return {{.name = "blocking-process-wait",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC222", "S7489", "S7487"},
             .summary = "Waiting for a child process with `Popen.wait()`, `os.waitpid()` and the "
                        "like on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
