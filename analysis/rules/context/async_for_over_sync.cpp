// `async for` over an object that can only be iterated with `for`.

#include "analysis/rules/context/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(`async for` asks its iterable for `__aiter__`. Lists, dictionaries, ranges, files and plain
generators do not have it, so the statement raises `TypeError: 'async for' requires an object with
__aiter__ method, got list`. Awaiting inside the body of a plain `for` is fine; only items that have
to be awaited for need `async for`.

Objects that can be iterated both ways are not reported, and neither are objects of a class that is
not known in full.

## Bad

```python
import asyncio


async def main() -> None:
    async for number in range(3):  # error: async-for-over-sync
        print(number)


asyncio.run(main())
```

## Good

```python
import asyncio


async def main() -> None:
    for number in range(3):
        print(number)


asyncio.run(main())
```

## Fix

Removes `async`. It is unsafe, since another iterable may have been meant. There is no fix where the
plain loop would block the event loop, as over an open file, and in generator expressions.

## Differences

Type checkers report the same as an iteration over something that is not async iterable.
)";

void check(RuleContext& context, NodeId loop) {
    const Tree& tree = context.tree;
    const Model& model = context.model;
    const NodeId iterable = tree.child(loop, Role::Iter);
    if (!tree[loop].is_async() || iterable == kNoNode) return;
    const Type type = model.type_of(iterable);
    if (!is_sync_iterable(protocols_of(model, type))) return;
    Finding finding =
        context.report(iterable, shown_value(tree, iterable) +
                                     " is an iterable without `__aiter__`; use a plain `for`");
    finding.confidence(type->confidence);
    if (tree.is(tree.parent(loop), Kind::Generator) ||
        blocks_when_sync(model, iterable, BlockingUse::Iterate))
        return;
    if (std::vector<Edit> edits = remove_async(tree, loop); !edits.empty()) {
        finding.fix("Use a plain `for`", Applicability::Unsafe, std::move(edits));
    }
}

} // namespace

Rule rule_async_for_over_sync() {
    RuleInfo info;
    info.name = "async-for-over-sync";
    info.category = Category::Context;
    info.severity = Severity::Warning;
    info.review = ReviewSeverity::Minor;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"not-iterable"};
    info.summary =
        "`async for` iterates over an object that supports only a plain `for`, which raises.";
    info.doc = kDoc;
    return {info, {Kind::For, Kind::CompFor}, check};
}

} // namespace awaitls::analysis
