// asyncio.TimeoutError where it is the builtin TimeoutError.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(Since Python 3.11 `asyncio.TimeoutError` is the builtin `TimeoutError` under an old name. The builtin is shorter, and says that the
handler also catches the timeouts of sockets and of the operating system, which it does.

The rule is active when the target version is 3.11 or newer. Before, the two are different classes, and catching the wrong one catches
nothing.

## Bad

```python
import asyncio


async def fetch(queue: asyncio.Queue[str]) -> str:
    try:
        return await asyncio.wait_for(queue.get(), 5)
    except asyncio.TimeoutError:  # error: timeout-error-alias
        return ""
```

## Good

```python
import asyncio


async def fetch(queue: asyncio.Queue[str]) -> str:
    try:
        return await asyncio.wait_for(queue.get(), 5)
    except TimeoutError:
        return ""
```

## Fix

The fix writes `TimeoutError`. It is safe, since both names mean the same class, and withheld where the file gives the name
another meaning.
)";

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!context.target_at_least(3, 11)) return;
    if (tree[node].has(node_flag::kStore) || tree[node].has(node_flag::kDel)) return;
    if (tree.text(node) == "TimeoutError" || model.name_of(node) != "asyncio.TimeoutError") return;
    Finding finding = context.report(
        node, "`" + context.text(node) +
                  "` is the builtin `TimeoutError` since Python 3.11; use that name");
    bool needs_import = false;
    if (!model.module_name("TimeoutError", node, needs_import).empty() && needs_import)
        finding.fix("Replace by `TimeoutError`", Applicability::Safe,
                    {{tree[node].span(), "TimeoutError"}});
}

} // namespace

Rule rule_timeout_error_alias() {
    return {{.name = "timeout-error-alias",
             .category = Category::Hygiene,
             .severity = Severity::Hint,
             .review = ReviewSeverity::Minor,
             .fix = FixAvailability::Sometimes,
             .aliases = {"UP041"},
             .summary = "`asyncio.TimeoutError` is used where it is the builtin `TimeoutError`.",
             .since = {3, 11},
             .options = {},
             .doc = kDoc},
            {Kind::Name, Kind::Attribute},
            check};
}

} // namespace awaitls::analysis
