#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`open()`, `gzip.open()`, `tempfile.NamedTemporaryFile()` and their relatives ask the file system
and wait for it in the thread of the event loop. On a local disk with a warm cache that takes
microseconds; on a network drive, an SD card or a loaded disk it takes long enough to be felt by
every other task, and reading and writing what was opened adds to it.

Files in memory (`io.StringIO`, an archive over `io.BytesIO`) and files of `/proc` and `/sys` are
not reported, nor is what is handed to `anyio.wrap_file` or `trio.wrap_file`.

## Bad

```python
import asyncio
import json


async def load(path):
    with open(path) as file:  # error: blocking-open
        return json.load(file)


asyncio.run(load("settings.json"))
```

## Good

```python
import asyncio
import json


def read(path):
    with open(path) as file:
        return json.load(file)


async def load(path):
    return await asyncio.to_thread(read, path)


asyncio.run(load("settings.json"))
```

## Fix

The call is handed to a thread. The fix is unsafe, and a half measure: reading the file still
happens on the loop. A function that opens, reads and closes, run in a thread as a whole, is
better.

## When not to follow it

For small files on a local disk, read rarely. Switch it off for a project with
`ignore = ["blocking-open"]`.

## Differences

flake8-async has ASYNC231 for `os.fdopen()` and ASYNC230 for the others; each code selects and silences
its part of this rule.
)md";

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation>& operation = operation_on_loop(context, node);
    if (!operation || operation->api->kind != BlockingKind::Open) return;
    report_operation(context, *operation).shape(operation->api->name == "os.fdopen" ? 1 : 0);
}

} // namespace

Rule rule_blocking_open() {
    return {{.name = "blocking-open",
             .category = Category::Blocking,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC230", "ASYNC231", "S7493"},
             .shapes = {{{"ASYNC230"}}, {{"ASYNC231"}}},
             .summary = "Opening a file with `open()` and the like on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
