// `async with` over an object that can only be entered with `with`.

#include "analysis/rules/context/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(`async with` awaits `__aenter__` and `__aexit__`. An object that has only `__enter__` and
`__exit__`, such as a `threading.Lock`, a file from `open()`, or what a function decorated with
`@contextmanager` returns, makes it raise: `TypeError: 'Lock' object does not support the
asynchronous context manager protocol` (`AttributeError: __aenter__` before Python 3.11).

Objects that support both protocols are not reported, and neither are objects of a class that is not
known in full.

## Bad

```python
import asyncio
import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def section(name: str) -> Iterator[None]:
    print("begin", name)
    yield
    print("end", name)


async def main() -> None:
    async with section("load"):  # error: async-with-on-sync-cm
        await asyncio.sleep(0.1)


asyncio.run(main())
```

## Good

```python
import asyncio
import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def section(name: str) -> Iterator[None]:
    print("begin", name)
    yield
    print("end", name)


async def main() -> None:
    with section("load"):
        await asyncio.sleep(0.1)


asyncio.run(main())
```

## Fix

Removes `async`. It is unsafe, since the object may have been the wrong one: an `asyncio.Lock` or
`aiofiles.open` may be what was meant. Where the sync form is known to block the event loop there is
no fix.

## Differences

pylint and type checkers report the same for classes they can see. pylint skips classes whose names
look like mixins.
)";

/// Every item can be entered with a plain `with` that does not block.
bool all_items_sync(const Model& model, NodeId with) {
    const Tree& tree = model.tree();
    for (const NodeId item : tree.children(with)) {
        if (!tree.is(item, Kind::WithItem)) continue;
        const NodeId value = tree.child(item, Role::Value);
        if (value == kNoNode || protocols_of(model, model.type_of(value)).with != Answer::Yes)
            return false;
        if (blocks_when_sync(model, value, BlockingUse::Enter)) return false;
    }
    return true;
}

void check(RuleContext& context, NodeId with) {
    const Tree& tree = context.tree;
    const Model& model = context.model;
    if (!tree[with].is_async()) return;
    for (const NodeId item : tree.children(with)) {
        const NodeId value =
            tree.is(item, Kind::WithItem) ? tree.child(item, Role::Value) : kNoNode;
        if (value == kNoNode) continue;
        const Type type = model.type_of(value);
        if (!is_sync_manager(protocols_of(model, type))) continue;
        Finding finding = context.report(
            value, shown_value(tree, value) +
                       " is a context manager without `__aenter__`; use a plain `with`");
        finding.confidence(type->confidence);
        if (!all_items_sync(model, with)) continue;
        if (std::vector<Edit> edits = remove_async(tree, with); !edits.empty()) {
            finding.fix("Use a plain `with`", Applicability::Unsafe, std::move(edits));
        }
    }
}

} // namespace

Rule rule_async_with_on_sync_cm() {
    RuleInfo info;
    info.name = "async-with-on-sync-cm";
    info.category = Category::Context;
    info.severity = Severity::Warning;
    info.review = ReviewSeverity::Minor;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"E1701", "invalid-context-manager", "not-async"};
    info.summary = "`async with` enters an object that supports only a plain `with`, which raises.";
    info.doc = kDoc;
    return {info, {Kind::With}, check};
}

} // namespace awaitls::analysis
