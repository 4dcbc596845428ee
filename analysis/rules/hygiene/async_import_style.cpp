// Imports of an async library in other forms than `import trio`.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(`trio.sleep(1)` says which library sleeps; `sleep(1)` may be that of `time`, and in a file that uses two async libraries the reader has to look up
every name. A project that wants `import asyncio`, `import anyio` and `import trio` to be the only form can switch this rule on. The other
rules need no such style: they follow imports and aliases.

Submodules (`from trio.lowlevel import checkpoint`) and relative imports are not reported.

## Bad

```python
from trio import run, sleep  # error: async-import-style


async def main() -> None:
    await sleep(1)


run(main)
```

## Good

```python
import trio


async def main() -> None:
    await trio.sleep(1)


trio.run(main)
```

## Fix

None.

## When not to follow it

It is a matter of taste, so it is off by default.
)";

bool is_library(std::string_view module) {
    return module == "asyncio" || module == "anyio" || module == "trio";
}

void check(RuleContext& context, NodeId statement) {
    const Tree& tree = context.tree;
    const auto report = [&](std::string_view module) {
        const std::string name(module);
        context.report(statement,
                       "write `import " + name + "` and the names with `" + name + ".` in front");
    };
    if (tree.is(statement, Kind::ImportFrom)) {
        const NodeId module = tree.child(statement, Kind::ModuleName);
        if (module != kNoNode && tree[module].op == 0 && is_library(tree.text(module)))
            report(tree.text(module));
        return;
    }
    for (const NodeId alias : tree.children(statement)) {
        const NodeId module = tree.child(alias, Kind::ModuleName);
        const std::string_view as = identifier(tree, alias, Role::AsName);
        if (module == kNoNode || as.empty() || as == tree.text(module)) continue;
        if (!is_library(tree.text(module))) continue;
        report(tree.text(module));
        return;
    }
}

} // namespace

Rule rule_async_import_style() {
    return {{.name = "async-import-style",
             .category = Category::Hygiene,
             .severity = Severity::Information,
             .on_by_default = false,
             .aliases = {"ASYNC106"},
             .summary =
                 "Names of an async library are imported apart from it, or it gets another name.",
             .options = {},
             .doc = kDoc},
            {Kind::Import, Kind::ImportFrom},
            check};
}

} // namespace awaitls::analysis
