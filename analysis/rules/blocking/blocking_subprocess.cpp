#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`subprocess.run()` and its relatives wait in the thread of the event loop until the other program
has ended. A build, a `git fetch` or a hanging child then stops every task of the process.

Starting a program with `subprocess.Popen()` waits only for the fork, which asyncio does in the
same way; it is reported as information, because what follows (`wait()`, `communicate()`, reading
a pipe) blocks. `os.spawnl(os.P_NOWAIT, ..)` is not reported.

## Bad

```python
import asyncio
import subprocess


async def revision():
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True)  # error: blocking-subprocess
    return done.stdout


asyncio.run(revision())
```

## Good

```python
import asyncio


async def revision():
    process = await asyncio.create_subprocess_exec(
        "git", "rev-parse", "HEAD", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output


asyncio.run(revision())
```

## Fix

The call is handed to a thread, which keeps its arguments and its result. The fix is unsafe:
cancelling the task no longer stops the program. Rewriting it with
`asyncio.create_subprocess_exec` is left to people, as arguments and results differ.

## When not to follow it

For a program that is known to end at once, at start-up before the first request is served.

## Differences

flake8-async's ASYNC220 also reports `os.spawn*` with a mode other than `os.P_WAIT`, or one that is not
known: `os.P_NOWAIT` does not wait, and what is not known is silent here. Sonar's S7487 reports every
method of a `Popen` object; those that wait are `blocking-process-wait`.
)md";

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation> operation = operation_on_loop(context, node);
    if (!operation || operation->api->kind != BlockingKind::Subprocess) return;
    Finding finding = report_operation(context, *operation);
    // Waits for fork and exec only; asyncio starts its own subprocesses by this call.
    if (operation->api->name == "subprocess.Popen")
        finding.severity(Severity::Information).shape(1);
}

} // namespace

Rule rule_blocking_subprocess() {
    return {{.name = "blocking-subprocess",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC221", "ASYNC220", "S7487"},
             .shapes = {{"ASYNC221"}, {"ASYNC220"}},
             .summary = "Running another program with `subprocess.run()`, `os.system()` and the "
                        "like on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
