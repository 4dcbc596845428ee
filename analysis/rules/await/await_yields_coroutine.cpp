// An awaited call whose result is again a coroutine, which is dropped.

#include "analysis/rules/await/common.h"
#include "analysis/semantic/region.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An async function that returns the call of another one without awaiting it gives its caller a coroutine. `await outer()` then runs
`outer`, throws the coroutine away, and what it should do never happens. The `await` in the line makes it look right.

Reported is an awaited call that is a statement of its own and whose result is certain to be a coroutine. An annotation alone is not enough: it
often says what calling the function gives, where it should say what awaiting it gives.

## Bad

```python
import asyncio
from collections.abc import Coroutine
from typing import Any


async def save(path: str) -> None:
    await asyncio.sleep(0.1)
    print("saved", path)


async def prepare(path: str) -> Coroutine[Any, Any, None]:
    await asyncio.sleep(0.1)
    return save(path)


async def main() -> None:
    await prepare("report.txt")  # error: await-yields-coroutine


asyncio.run(main())
```

## Good

```python
import asyncio
from collections.abc import Coroutine
from typing import Any


async def save(path: str) -> None:
    await asyncio.sleep(0.1)
    print("saved", path)


async def prepare(path: str) -> Coroutine[Any, Any, None]:
    await asyncio.sleep(0.1)
    return save(path)


async def main() -> None:
    await (await prepare("report.txt"))


asyncio.run(main())
```

## Fix

Where the callee says by its annotation that it returns a coroutine, the fix awaits that as well; it is safe, as code that never ran starts to
run. Elsewhere the `await` is more likely missing at the `return`, which `coroutine-used-as-value` reports and fixes.

## Differences

Type checkers report the same statement as an unused coroutine.
)";

/// What is known of the function that is called and awaited.
struct Callee {
    bool annotated = false;    // it says itself what awaiting it gives
    bool returns_call = false; // some `return` gives a call as it is
};

Callee callee_of(const Model& model, NodeId call) {
    Callee callee;
    const FunctionDef* const function = model.target(call).function;
    if (function == nullptr || function->is_lambda) return callee;
    const Tree& tree = function->region->tree;
    callee.annotated = tree.child(function->node, Role::Returns) != kNoNode;
    const NodeId body = tree.child(function->node, Role::Body);
    if (body == kNoNode) return callee;
    search_same_function(tree, body, [&](NodeId node) {
        if (tree.is(node, Kind::Return))
            callee.returns_call =
                callee.returns_call || tree.is(tree.child(node, Role::Value), Kind::Call);
        return true;
    });
    return callee;
}

void check(RuleContext& context, NodeId await) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId call = tree.child(await, Role::Value);
    if (!tree.is(call, Kind::Call) || !model.in_async(await)) return;
    const Type result = model.type_of(await);
    if (result->kind != TypeKind::Coroutine || result->confidence == Confidence::Unknown) return;
    if (fate_of(model, await, result).fate != Fate::Dropped) return;
    const Callee callee = callee_of(model, call);
    // Many write `async def f() -> Coroutine[..]` for what calling it gives, and return a plain value.
    if (callee.annotated && !callee.returns_call) return;
    Finding finding = context.report(
        await, "`await " + callee_text(tree, call) +
                   "()` gives another coroutine, which is dropped and never runs; await that too");
    finding.confidence(result->confidence);
    if (callee.annotated && can_await(model, await))
        finding.fix("Await the result too", Applicability::Safe, insert_await(tree, await));
}

} // namespace

Rule rule_await_yields_coroutine() {
    RuleInfo info;
    info.name = "await-yields-coroutine";
    info.category = Category::Await;
    info.severity = Severity::Error;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"unused-coroutine", "reportUnusedCoroutine", "unused-awaitable"};
    info.summary = "An awaited call gives another coroutine, which is dropped.";
    info.doc = kDoc;
    return {info, {Kind::Await}, check};
}

} // namespace awaitls::analysis
