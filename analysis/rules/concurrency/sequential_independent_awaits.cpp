// Awaits that follow each other although none needs the other's result.

#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(Two awaited reads in a row take the sum of their times. When the second does not need the result of the first, they can run
concurrently and take the time of the slower one.

This is only a hint, given where it is plain that the awaits are independent: assignments to different local variables in
adjacent lines, calls of functions (not of methods of a shared object) whose names say that they only read (`get_..`, `fetch_..`,
`load_..`, ...), no result used in a later call, no mutable object passed to two of them, and no `async with` around that may be a
transaction or lock.

## Bad

```python
import asyncio


async def fetch_user(number: int) -> str:
    await asyncio.sleep(0.1)
    return f"user {number}"


async def fetch_orders(number: int) -> list[str]:
    await asyncio.sleep(0.1)
    return [f"order of {number}"]


async def page(number: int) -> str:
    user = await fetch_user(number)  # error: sequential-independent-awaits
    orders = await fetch_orders(number)
    return f"{user}: {orders}"
```

## Good

```python
import asyncio


async def fetch_user(number: int) -> str:
    await asyncio.sleep(0.1)
    return f"user {number}"


async def fetch_orders(number: int) -> list[str]:
    await asyncio.sleep(0.1)
    return [f"order of {number}"]


async def page(number: int) -> str:
    user, orders = await asyncio.gather(fetch_user(number), fetch_orders(number))
    return f"{user}: {orders}"
```

## Fix

None. With `asyncio.gather` or a `TaskGroup` a failure of one call meets the other one while it runs; whether that is
wanted is a decision.

## When not to follow it

When the order matters: a rate limit, a cache that the first call fills, a first call that decides whether the second may run.
)";

struct Read {
    NodeId name;    // the variable
    NodeId awaited; // the Await
    NodeId call;
};

/// `name = await read(..)` of a function that is known.
bool is_read(const Model& model, NodeId statement, Read& read) {
    const Tree& tree = model.tree();
    if (!tree.is(statement, Kind::Assign)) return false;
    read.name = tree.child(statement, Role::Target);
    read.awaited = tree.child(statement, Role::Value);
    if (!tree.is(read.name, Kind::Name) || !tree.is(read.awaited, Kind::Await) ||
        !model.is_local(read.name))
        return false;
    read.call = tree.child(read.awaited, Role::Value);
    if (!tree.is(read.call, Kind::Call)) return false;
    const CallTarget target = model.target(read.call);
    if (target.confidence != Confidence::Certain || target.receiver != nullptr ||
        target.cls != nullptr)
        return false;
    if (target.function != nullptr && target.function->class_id >= 0) return false;
    if (model.type_of(read.call)->kind != TypeKind::Coroutine) return false;
    const std::string_view name =
        target.function != nullptr ? std::string_view(target.function->name) : target.name;
    if (!reads_only(name)) return false;
    for (const NodeId value : argument_values(tree, read.call))
        for (NodeId node = value; node < tree[value].next; ++node) {
            const Kind kind = tree.kind(node);
            if (kind == Kind::Await || kind == Kind::Yield || kind == Kind::YieldFrom ||
                kind == Kind::NamedExpr || kind == Kind::Call)
                return false;
        }
    return true;
}

bool are_independent(const Model& model, const Read& first, const Read& second) {
    const Tree& tree = model.tree();
    if (tree.text(first.name) == tree.text(second.name)) return false;
    if (mentions(tree, second.call, tree.text(first.name)) ||
        mentions(tree, first.call, tree.text(second.name)))
        return false;
    for (const NodeId value : argument_values(tree, second.call))
        for (NodeId node = value; node < tree[value].next; ++node) {
            if (!tree.is(node, Kind::Name)) continue;
            for (const NodeId other : argument_values(tree, first.call))
                if (mentions(tree, other, tree.text(node)) && !is_immutable(model.type_of(node)))
                    return false;
        }
    return true;
}

bool in_async_with(const Tree& tree, NodeId node) {
    const NodeId function = function_around(tree, node);
    for (NodeId up = tree.parent(node); up != kNoNode && up != function; up = tree.parent(up))
        if (tree.is(up, Kind::With) && tree[up].is_async()) return true;
    return false;
}

void check(RuleContext& context, NodeId block) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!model.in_async(block) || in_async_with(tree, block)) return;
    std::vector<Read> run;
    const auto finish = [&] {
        if (run.size() > 1) {
            std::string others;
            for (std::size_t i = 1; i < run.size(); ++i)
                others += (i == 1 ? "`" : ", `") + callee_text(tree, run[i].call) + "()`";
            Finding finding = context.report(
                run[0].awaited,
                "`" + callee_text(tree, run[0].call) + "()` and " + others +
                    " do not need each other's results; run them together with `asyncio.gather()`");
            for (std::size_t i = 1; i < run.size(); ++i)
                finding.related(tree[run[i].awaited].span(), "independent of the await before");
        }
        run.clear();
    };
    for (const NodeId statement : tree.children(block)) {
        if (tree.role(statement) != Role::Statement) continue;
        Read read{};
        if (!is_read(model, statement, read)) {
            finish();
            continue;
        }
        const bool independent = std::all_of(run.begin(), run.end(), [&](const Read& earlier) {
            return are_independent(model, earlier, read);
        });
        if (!independent) finish();
        run.push_back(read);
    }
    finish();
}

} // namespace

Rule rule_sequential_independent_awaits() {
    return {
        {.name = "sequential-independent-awaits",
         .category = Category::Concurrency,
         .severity = Severity::Hint,
         .review = ReviewSeverity::Minor,
         .aliases = {},
         .summary = "Awaited reads that do not need each other's results run one after the other.",
         .options = {},
         .doc = kDoc},
        {Kind::Block},
        check};
}

} // namespace awaitls::analysis
