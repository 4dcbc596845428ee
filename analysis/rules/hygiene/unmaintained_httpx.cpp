// Imports of httpx.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(The package `httpx` has had no release for a long time. `httpx2` continues it with the same interface. A project that has moved, or means to,
can switch this rule on to find what is left.

## Bad

```python
import asyncio

import httpx  # error: unmaintained-httpx


async def main() -> None:
    async with httpx.AsyncClient() as client:
        print(await client.get("http://localhost"))


asyncio.run(main())
```

## Good

```python
import asyncio

import httpx2


async def main() -> None:
    async with httpx2.AsyncClient() as client:
        print(await client.get("http://localhost"))


asyncio.run(main())
```

## Fix

None: the dependencies of the project have to change too.

## When not to follow it

The rule is off by default: whether to move is a decision of the project.
)";

void check(RuleContext& context, NodeId statement) {
    const Tree& tree = context.tree;
    const auto is_httpx = [&](NodeId module) {
        if (module == kNoNode || tree[module].op != 0) return false;
        const std::string_view name = tree.text(module);
        return name == "httpx" || name.starts_with("httpx.");
    };
    bool found = false;
    if (tree.is(statement, Kind::ImportFrom)) {
        found = is_httpx(tree.child(statement, Kind::ModuleName));
    } else {
        for (const NodeId alias : tree.children(statement))
            found = found || is_httpx(tree.child(alias, Kind::ModuleName));
    }
    if (found)
        context.report(statement, "`httpx` is not maintained any more; `httpx2` continues it");
}

} // namespace

Rule rule_unmaintained_httpx() {
    return {{.name = "unmaintained-httpx",
             .category = Category::Hygiene,
             .severity = Severity::Information,
             .on_by_default = false,
             .aliases = {"ASYNC127"},
             .summary = "The package httpx, which is not maintained any more, is imported.",
             .options = {},
             .doc = kDoc},
            {Kind::Import, Kind::ImportFrom},
            check};
}

} // namespace awaitls::analysis
