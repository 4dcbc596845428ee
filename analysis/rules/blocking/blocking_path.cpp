#include "analysis/rules/blocking/common.h"

#include <algorithm>
#include <iterator>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`os.path.exists()`, `Path.stat()`, `os.mkdir()` and the like make a system call that waits for the
file system. On a local disk it takes microseconds, on a network drive it can take seconds. The
rule is off by default because most such calls are harmless; switch it on for services whose files
lie on network storage. Functions that only work on the text of a path (`os.path.join`,
`Path.name`) are never reported.

## Bad

```python
import asyncio
import os.path


async def ready(path):
    return os.path.exists(path)  # error: blocking-path


asyncio.run(ready("/mnt/share/done"))
```

## Good

```python
import asyncio
import os.path


async def ready(path):
    return await asyncio.to_thread(os.path.exists, path)


asyncio.run(ready("/mnt/share/done"))
```

## Fix

The call is handed to a thread. The fix is unsafe: other tasks run between the question and the
answer.

## When not to follow it

For files on a local disk.

## Differences

flake8-async's ASYNC240 also reports `os.path.normpath()` and `relpath()`, which ask no file system, the
private helpers of `os.path`, and calls that are awaited, although what is awaited is no function of
`os.path`. Who selects `ASYNC240` gets these too.
)md";

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

void check_beyond(RuleContext& context, NodeId node) {
    if (context.tree.kind(node) != Kind::Call || !context.model.on_loop(node)) return;
    constexpr std::string_view kText[] = {"os.path.normpath", "os.path.relpath",
                                          "os.path._path_normpath", "os.path._joinrealpath"};
    const std::string_view name = context.model.name_of(context.tree.child(node, Role::Callee));
    const BlockingApi* const api = find_blocking(name, BlockingUse::Call);
    const bool awaited = api != nullptr && api->kind == BlockingKind::Path &&
                         name.starts_with("os.path.") && is_awaited(context.tree, node);
    if (!awaited && std::find(std::begin(kText), std::end(kText), name) == std::end(kText)) return;
    context
        .report(node, "`" + display_name(name) +
                          "()` works on the paths of one platform and "
                          "blocks; use an async path")
        .shape(kBeyond);
}

void check(RuleContext& context, NodeId node) {
    if (!report_blocking(context, node, BlockingKind::Path) && context.wants(kBeyond))
        check_beyond(context, node);
}

} // namespace

Rule rule_blocking_path() {
    return {
        {.name = "blocking-path",
         .category = Category::Blocking,
         .severity = Severity::Information,
         .review = ReviewSeverity::Minor,
         .on_by_default = false,
         .fix = FixAvailability::Sometimes,
         .aliases = {"ASYNC240"},
         .shapes =
             {{},
              {.codes = {"ASYNC240"},
               .beyond =
                   "functions of `os.path` that ask no file system, and calls of its functions "
                   "that are awaited"}},
         .summary =
             "Asking the file system about a path, as `os.path.exists()` does, on the event loop.",
         .doc = kDoc},
        blocking_kinds(),
        check};
}

} // namespace awaitls::analysis
