#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`os.listdir()`, `os.walk()`, `glob.glob()` and the like read folders in the thread of the event
loop. A walk makes a system call for each folder below, and often one for each file: a tree of some
ten thousand files takes seconds on a cold disk, and no other task runs meanwhile.

A lazy iterator that is consumed in a thread, as in `asyncio.to_thread(list, path.glob("*"))`, is
fine.

## Bad

```python
import asyncio
import os


async def count(folder):
    return sum(len(names) for _, _, names in os.walk(folder))  # error: blocking-directory-walk


asyncio.run(count("."))
```

## Good

```python
import asyncio
import os


def count_files(folder):
    return sum(len(names) for _, _, names in os.walk(folder))


async def count(folder):
    return await asyncio.to_thread(count_files, folder)


asyncio.run(count("."))
```

## Fix

A call that does its work at once (`os.listdir`, `glob.glob`) is handed to a thread. The fix is
unsafe: other tasks run while it waits. A lazy one (`os.walk`, `Path.glob`) has no fix, since its
loop has to move too.

## When not to follow it

For a folder of which it is known that it is small.

## Differences

Home Assistant and blockbuster find these at run time. ruff's ASYNC240 reports the methods of
`Path`, also where only an iterator is made.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::DirectoryWalk);
}

} // namespace

Rule rule_blocking_directory_walk() {
    return {{.name = "blocking-directory-walk",
             .category = Category::Blocking,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC240"},
             .summary = "Listing or walking folders on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
