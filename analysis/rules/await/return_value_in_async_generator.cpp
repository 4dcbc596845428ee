// A `return` with a value in an async generator.

#include "analysis/rules/rule.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An `async def` with a `yield` is an asynchronous generator. Unlike an ordinary one it has no result: `return` with a value, even `None`,
is `SyntaxError: 'return' with value in async generator`, and nothing of the file runs. Either the value is one more item, or the `yield` does
not belong into this function.

## Bad

```python
import asyncio
from collections.abc import AsyncIterator


async def pages(count: int) -> AsyncIterator[str]:
    if count == 0:
        return "empty"  # error: return-value-in-async-generator
    for number in range(count):
        await asyncio.sleep(0.1)
        yield f"page {number}"
```

## Good

```python
import asyncio
from collections.abc import AsyncIterator


async def pages(count: int) -> AsyncIterator[str]:
    if count == 0:
        yield "empty"
        return
    for number in range(count):
        await asyncio.sleep(0.1)
        yield f"page {number}"
```

## Fix

`return None` becomes `return`, which is what it says; that is safe. For other values there is no fix.
)";

void check(RuleContext& context, NodeId statement) {
    const Tree& tree = context.tree;
    const NodeId value = tree.child(statement, Role::Value);
    if (value == kNoNode) return;
    const FunctionDef* const function = context.model.function_at(statement);
    if (function == nullptr || !function->is_async || !function->is_generator) return;
    const bool none = tree.is(value, Kind::None);
    Finding finding = context.report(
        statement,
        "`" + function->name +
            "` is an async generator, in which `return` with a value is a syntax error; " +
            (none ? "use a bare `return`" : "yield the value, or take the `yield` out"));
    if (!none || tree[value].has(node_flag::kParenthesized)) return;
    constexpr std::uint32_t kKeyword = 6;
    finding.fix("Remove `None`", Applicability::Safe,
                {{{tree[statement].begin + kKeyword, tree[value].end}, ""}});
}

} // namespace

Rule rule_return_value_in_async_generator() {
    RuleInfo info;
    info.name = "return-value-in-async-generator";
    info.category = Category::Await;
    info.severity = Severity::Error;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {};
    info.summary = "An async generator returns a value, which is a syntax error.";
    info.doc = kDoc;
    return {info, {Kind::Return}, check};
}

} // namespace awaitls::analysis
