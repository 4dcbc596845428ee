#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(Reading and writing an open file, `Path.read_text()`, `shutil.copytree()` and `shutil.rmtree()`
wait for the disk in the thread of the event loop. How long depends on the size of the data and on
who else uses the disk; meanwhile no other task runs.

Files in memory (`io.StringIO`, `io.BytesIO`) and the standard output streams are not reported.
For `os.walk()` and `glob.glob()` see `blocking-directory-walk`.

## Bad

```python
import asyncio
from pathlib import Path


async def template(name):
    return Path("templates", name).read_text()  # error: blocking-file-method


asyncio.run(template("index.html"))
```

## Good

```python
import asyncio
from pathlib import Path


async def template(name):
    return await asyncio.to_thread(Path("templates", name).read_text)


asyncio.run(template("index.html"))
```

## Fix

The call is handed to a thread. The fix is unsafe: other tasks run while it waits, and may use the
same file.

## When not to follow it

For small files on a local disk, read rarely.

## Differences

flake8-async's ASYNC232 reports whatever is called on a file, also methods that its class does not have,
and keeps to the annotation of a variable after something else was assigned to it or `isinstance` has
ruled it out. It does not see files in attributes, unpacked tuples, containers and unions, and what
functions return; this rule does.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::FileMethod);
}

} // namespace

Rule rule_blocking_file_method() {
    return {{.name = "blocking-file-method",
             .category = Category::Blocking,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC232"},
             .summary = "Reading, writing or copying files on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
