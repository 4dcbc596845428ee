// `with` over an object that can only be entered with `async with`.

#include "analysis/rules/context/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An async context manager has `__aenter__` and `__aexit__`, which are coroutines. A plain
`with` looks for `__enter__` and `__exit__`, finds neither, and raises: `TypeError: 'ClientSession'
object does not support the context manager protocol` (`AttributeError: __enter__` before Python
3.11). Locks, sessions, connections, transactions and functions decorated with
`@asynccontextmanager` are of this kind.

Objects that support both protocols are not reported, and neither are objects of a class that is not
known in full.

## Bad

```python
import asyncio

lock = asyncio.Lock()
counts: dict[str, int] = {}


async def count(key: str) -> None:
    with lock:  # error: sync-with-on-async-cm
        counts[key] = counts.get(key, 0) + 1


asyncio.run(count("a"))
```

## Good

```python
import asyncio

lock = asyncio.Lock()
counts: dict[str, int] = {}


async def count(key: str) -> None:
    async with lock:
        counts[key] = counts.get(key, 0) + 1


asyncio.run(count("a"))
```

## Fix

Writes `async` before the `with`. It is safe: the statement as it stood always raised. There is no
fix in sync functions, and none where another item of the same `with` is not known to be async.

## Differences

Sonar's rule S7515 also reports objects that have both pairs of methods. pylint's rule knows only
functions decorated with `@asynccontextmanager`.
)";

/// Every item of the statement can be entered with `async with`.
bool all_items_async(const Model& model, NodeId with) {
    const Tree& tree = model.tree();
    for (const NodeId item : tree.children(with)) {
        if (!tree.is(item, Kind::WithItem)) continue;
        const NodeId value = tree.child(item, Role::Value);
        if (value == kNoNode || protocols_of(model, model.type_of(value)).async_with != Answer::Yes)
            return false;
    }
    return true;
}

void check(RuleContext& context, NodeId with) {
    const Tree& tree = context.tree;
    const Model& model = context.model;
    if (tree[with].is_async()) return;
    for (const NodeId item : tree.children(with)) {
        const NodeId value =
            tree.is(item, Kind::WithItem) ? tree.child(item, Role::Value) : kNoNode;
        if (value == kNoNode) continue;
        const Type type = model.type_of(value);
        if (!is_async_manager(protocols_of(model, type))) continue;
        const bool can_enter = model.in_async(with);
        Finding finding = context.report(
            value, shown_value(tree, value) + " is an async context manager without `__enter__`; " +
                       (can_enter ? "use `async with`" : "use `async with` in an async function"));
        finding.confidence(type->confidence);
        if (!can_await(model, with) || !all_items_async(model, with)) continue;
        const std::uint32_t begin = tree[with].begin;
        finding.fix("Use `async with`", Applicability::Safe, {{{begin, begin}, "async "}});
    }
}

} // namespace

Rule rule_sync_with_on_async_cm() {
    RuleInfo info;
    info.name = "sync-with-on-async-cm";
    info.category = Category::Context;
    info.severity = Severity::Warning;
    info.review = ReviewSeverity::Minor;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"S7515", "E1145", "invalid-context-manager"};
    info.summary = "A plain `with` enters an object that supports only `async with`, which raises.";
    info.doc = kDoc;
    return {info, {Kind::With}, check};
}

} // namespace awaitls::analysis
