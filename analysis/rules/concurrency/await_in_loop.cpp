// A loop that awaits one read after the other.

#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(A loop that awaits a call for each of its items waits for one answer before it asks for the next: a hundred requests of 0.1 seconds take ten
seconds. Where no item needs the answer of another, they can run concurrently.

This is a hint, off by default, and given where it is plain that the items are independent: a `for` loop or a comprehension of an async
function with a single `await`, of a call that is known, whose name says that it only reads (`get_..`, `fetch_..`, `load_..`, ...), that uses the item, and that
uses nothing else but numbers, texts and the like, which another round of the loop cannot change. Loops that can end early, that enter an `async with`, or that
are limited by a sleep are not reported, nor are methods of objects, save for requests of HTTP sessions that are made to be shared.
For reads one below the other see `sequential-independent-awaits`.

## Bad

```python
import asyncio


async def fetch_user(number: int) -> str:
    await asyncio.sleep(0.1)
    return f"user {number}"


async def main(numbers: list[int]) -> None:
    users = []
    for number in numbers:
        users.append(await fetch_user(number))  # error: await-in-loop
    print(users)


asyncio.run(main([1, 2, 3]))
```

## Good

```python
import asyncio


async def fetch_user(number: int, limit: asyncio.Semaphore) -> str:
    async with limit:
        await asyncio.sleep(0.1)
        return f"user {number}"


async def main(numbers: list[int]) -> None:
    limit = asyncio.Semaphore(10)
    users = await asyncio.gather(*(fetch_user(number, limit) for number in numbers))
    print(users)


asyncio.run(main([1, 2, 3]))
```

## Fix

None. How many may run at once, and what happens to the others when one fails, is a decision.

## When not to follow it

When the order matters, when the other side allows one request at a time, or when there are never more than a few items.

## Differences

wemake-python-styleguide's WPS476 reports every `await` in the body of a `for` loop.
)";

/// The item may not be what the name in the call refers to: another round assigned it.
bool is_assigned_in(const Tree& tree, NodeId subtree, std::string_view name) {
    for (NodeId node = subtree; node < tree[subtree].next; ++node)
        if (tree.is(node, Kind::Name) && tree[node].has(node_flag::kStore) &&
            tree.text(node) == name)
            return true;
    return false;
}

/// A function of this function sees variables of the loop; beside the others it would see those of another round.
bool reads_loop(const Model& model, const FunctionDef& function, const std::vector<NodeId>& targets,
                NodeId body) {
    const Tree& tree = model.tree();
    const NodeId definition = function.is_nested ? model.node_of(function) : kNoNode;
    if (definition == kNoNode) return false;
    for (NodeId node = definition; node < tree[definition].next; ++node) {
        if (!tree.is(node, Kind::Name)) continue;
        for (const NodeId use : model.uses_of_local(node)) {
            if (!tree[use].has(node_flag::kStore)) continue;
            for (const NodeId target : targets)
                if (tree.within(use, target)) return true;
            if (body != kNoNode && tree.within(use, body)) return true;
        }
    }
    return false;
}

/// The call reads something known and needs nothing but what does not change from round to round.
bool is_independent_read(const Model& model, NodeId call, const std::vector<NodeId>& targets,
                         NodeId body) {
    const Tree& tree = model.tree();
    if (!tree.is(call, Kind::Call)) return false;
    const CallTarget target = model.target(call);
    if (target.confidence != Confidence::Certain || target.cls != nullptr) return false;
    const bool method = target.receiver != nullptr ||
                        (target.function != nullptr && target.function->class_id >= 0);
    if (method) {
        const std::size_t dot = target.name.rfind('.');
        if (dot == std::string_view::npos || !is_shared_session(target.name.substr(0, dot)))
            return false;
    }
    const TypeKind kind = model.type_of(call)->kind;
    if (kind != TypeKind::Coroutine && kind != TypeKind::CoroutineOrManager) return false;
    if (!reads_only(target.function != nullptr ? std::string_view(target.function->name)
                                               : target.name))
        return false;
    if (target.function != nullptr && reads_loop(model, *target.function, targets, body))
        return false;
    bool uses_item = false;
    for (const NodeId value : argument_values(tree, call))
        for (NodeId node = value; node < tree[value].next; ++node) {
            if (tree.is(node, Kind::NamedExpr) || tree.is(node, Kind::Yield)) return false;
            if (!tree.is(node, Kind::Name)) continue;
            const bool item = std::any_of(targets.begin(), targets.end(), [&](NodeId of_loop) {
                return mentions(tree, of_loop, tree.text(node));
            });
            uses_item = uses_item || item;
            if (!item && body != kNoNode && is_assigned_in(tree, body, tree.text(node)))
                return false;
            // A stream that is read on, a list that the loop fills.
            const Type type = model.type_of(node);
            if (!item && !is_immutable(type) && type->kind != TypeKind::Function &&
                !(type->kind == TypeKind::Instance && is_shared_session(type->name)))
                return false;
        }
    return uses_item;
}

void report(RuleContext& context, NodeId awaited, NodeId call) {
    const char* const together = context.model.library() == AsyncLibrary::Trio ? "a nursery"
                                 : context.model.library() == AsyncLibrary::Anyio
                                     ? "a task group"
                                     : "`asyncio.gather()`";
    context.report(awaited,
                   "each round waits for `" + callee_text(context.tree, call) +
                       "()` of the one before and does not need it; run them together with " +
                       together);
}

void check_loop(RuleContext& context, NodeId loop) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(loop, Role::Body);
    const NodeId target = tree.child(loop, Role::Target);
    if (tree[loop].is_async() || body == kNoNode || target == kNoNode || !model.in_async(body))
        return;
    NodeId found = kNoNode;
    bool plain = true;
    search_same_function(tree, body, [&](NodeId node) {
        switch (tree.kind(node)) {
        case Kind::Await:
            plain = plain && found == kNoNode;
            found = node;
            break;
        // Another round may not come, or comes with other conditions.
        case Kind::Return:
        case Kind::Break:
        case Kind::Raise:
        case Kind::Yield:
        case Kind::YieldFrom:
        case Kind::Try:
        case Kind::While:
        case Kind::ClassDef: plain = false; break;
        case Kind::For:
        case Kind::With: plain = plain && !tree[node].is_async(); break;
        default: break;
        }
        return plain;
    });
    if (!plain || found == kNoNode) return;
    // In a loop within this one, that is the one to report.
    if (loop_around(tree, found) != loop) return;
    const NodeId call = tree.child(found, Role::Value);
    if (call == kNoNode || !is_independent_read(model, call, {target}, body)) return;
    report(context, found, call);
}

void check_comprehension(RuleContext& context, NodeId comprehension) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!model.in_async(comprehension)) return;
    NodeId element = tree.child(comprehension, Role::Element);
    if (tree.is(element, Kind::Pair)) element = tree.child(element, Role::Value);
    if (!tree.is(element, Kind::Await)) return;
    std::vector<NodeId> targets;
    for (const NodeId child : tree.children(comprehension)) {
        if (!tree.is(child, Kind::CompFor)) continue;
        if (tree[child].is_async()) return;
        if (const NodeId target = tree.child(child, Role::Target); target != kNoNode)
            targets.push_back(target);
    }
    // The conditions and iterables of the comprehension hold no other.
    for (NodeId node = comprehension; node < tree[comprehension].next; ++node)
        if (tree.is(node, Kind::Await) && node != element) return;
    const NodeId call = tree.child(element, Role::Value);
    if (call == kNoNode || !is_independent_read(model, call, targets, kNoNode)) return;
    report(context, element, call);
}

void check(RuleContext& context, NodeId node) {
    if (context.tree.is(node, Kind::For))
        check_loop(context, node);
    else
        check_comprehension(context, node);
}

} // namespace

Rule rule_await_in_loop() {
    return {{.name = "await-in-loop",
             .category = Category::Concurrency,
             .severity = Severity::Hint,
             .on_by_default = false,
             .aliases = {"WPS476"},
             .summary = "A loop awaits independent reads one after the other.",
             .options = {},
             .doc = kDoc},
            {Kind::For, Kind::ListComp, Kind::SetComp, Kind::DictComp},
            check};
}

} // namespace awaitls::analysis
