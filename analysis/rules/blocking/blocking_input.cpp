#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`input()`, `getpass.getpass()` and reading `sys.stdin` wait for a person, in the thread of the
event loop. Until Enter is pressed no task runs: connections time out, keep-alives are not sent.

## Bad

```python
import asyncio


async def chat(send):
    while line := input("> "):  # error: blocking-input
        await send(line)


async def echo(line):
    print(line)


asyncio.run(chat(echo))
```

## Good

```python
import asyncio


async def chat(send):
    while line := await asyncio.to_thread(input, "> "):
        await send(line)


async def echo(line):
    print(line)


asyncio.run(chat(echo))
```

## Fix

The call is handed to a thread. The fix is unsafe: a thread that waits for input cannot be
cancelled and holds up the end of the process.

## When not to follow it

In a script whose only task is the one that asks.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::Input);
}

} // namespace

Rule rule_blocking_input() {
    return {{.name = "blocking-input",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC250", "S7501"},
             .summary = "Waiting for input of the terminal with `input()`, `getpass()` or "
                        "`sys.stdin` on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
