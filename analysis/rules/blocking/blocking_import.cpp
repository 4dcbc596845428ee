#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`importlib.import_module()` finds, reads and runs a module and all that it imports: a large library
takes a second, and no other task runs meanwhile. A module that was imported before is only looked
up, which costs nothing; whether it was shows at run time only. The rule is therefore off by
default.

It reports `importlib.import_module()`, `importlib.reload()` and `__import__()`, but not where the
name is a literal whose package the file imports anyway. Import statements are not reported.

## Bad

```python
import asyncio
import importlib


async def load(name):
    return importlib.import_module(name)  # error: blocking-import


asyncio.run(load("json"))
```

## Good

```python
import asyncio
import importlib


async def load(name):
    return await asyncio.to_thread(importlib.import_module, name)


asyncio.run(load("json"))
```

## Fix

The call is handed to a thread. The fix is unsafe: the code of the module then runs there.

## Differences

Home Assistant finds these at run time, and knows whether the module was imported before.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::Import);
}

} // namespace

Rule rule_blocking_import() {
    return {{.name = "blocking-import",
             .category = Category::Blocking,
             .severity = Severity::Information,
             .on_by_default = false,
             .fix = FixAvailability::Sometimes,
             .aliases = {},
             .summary = "Importing a module by its name on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
