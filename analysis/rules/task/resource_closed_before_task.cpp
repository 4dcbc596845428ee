// A task of an outer group that uses what an inner `with` closes.

#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(A task group or nursery waits for its tasks at the end of its own block. What a `with` inside that block opens is closed before: a task
that was given it goes on working with a closed file, session or connection.

Reported is the variable of an inner `with` that is passed to a task of an outer group. Not reported: a task that the inner block waits
for or cancels, cancel scopes and timeouts, which have nothing to close.

## Bad

```python
import asyncio


async def use(connection: object) -> None:
    await asyncio.sleep(1)
    print(connection)


class Pool:
    async def __aenter__(self) -> "Pool":
        return self

    async def __aexit__(self, *details: object) -> None:
        print("closed")


async def main() -> None:
    async with asyncio.TaskGroup() as group:
        async with Pool() as pool:
            group.create_task(use(pool))  # error: resource-closed-before-task
        print("closed")
```

## Good

```python
import asyncio


async def use(connection: object) -> None:
    await asyncio.sleep(1)
    print(connection)


class Pool:
    async def __aenter__(self) -> "Pool":
        return self

    async def __aexit__(self, *details: object) -> None:
        print("closed")


async def main() -> None:
    async with Pool() as pool:
        async with asyncio.TaskGroup() as group:
            group.create_task(use(pool))
            group.create_task(use(pool))
```

## Fix

None: either the group becomes the innermost `with`, or the task opens the resource itself.

## Differences

Like flake8-async's ASYNC111, which reports cancel scopes too, and tasks that the inner block waits for.
)";

/// The innermost of the items that bind the name, and its place among them.
struct Binder {
    NodeId item = kNoNode;
    std::size_t place = 0;
};

Binder binder_of(const Tree& tree, const std::vector<NodeId>& items, std::string_view name) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        const NodeId target = tree.child(items[i], Role::Target);
        if (target != kNoNode && mentions(tree, target, name)) return {items[i], i};
    }
    return {};
}

/// A lambda or comprehension between the name and the call has a variable of this name.
bool is_shadowed(const Tree& tree, NodeId name, NodeId call) {
    for (NodeId up = tree.parent(name); up != kNoNode && up != call; up = tree.parent(up)) {
        const Kind kind = tree.kind(up);
        if (kind == Kind::Lambda) {
            const NodeId parameters = tree.child(up, Kind::Parameters);
            if (parameters == kNoNode) continue;
            for (const NodeId parameter : tree.children(parameters))
                if (identifier(tree, parameter) == tree.text(name)) return true;
        }
        for (const NodeId child : tree.children(up))
            if (tree.is(child, Kind::CompFor) && tree.child(child, Role::Target) != kNoNode &&
                mentions(tree, tree.child(child, Role::Target), tree.text(name)))
                return true;
    }
    return false;
}

/// The inner block waits for the task that the call starts, or cancels it or the group.
bool is_over_before(const Tree& tree, NodeId call, NodeId resource_item, std::string_view group) {
    const NodeId with = tree.parent(resource_item);
    const NodeId task = assigned_name(tree, call);
    for (NodeId node = call; node < tree[with].next; ++node) {
        if (!tree.is(node, Kind::Name) || tree.within(node, call)) continue;
        const std::string_view text = tree.text(node);
        const bool of_task = task != kNoNode && text == tree.text(task);
        if (of_task) return true;
        if (text != group) continue;
        const NodeId up = tree.parent(node);
        const std::string_view attribute =
            tree.is(up, Kind::Attribute) ? identifier(tree, up, Role::Attr) : std::string_view{};
        if (attribute == "cancel_scope" || attribute == "cancel") return true;
    }
    return false;
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId callee = tree.child(call, Role::Callee);
    if (!tree.is(callee, Kind::Attribute)) return;
    const std::string_view method = identifier(tree, callee, Role::Attr);
    if (method != "start_soon" && method != "create_task" && method != "start") return;
    const NodeId object = tree.child(callee, Role::Object);
    if (!tree.is(object, Kind::Name)) return;
    const std::vector<NodeId> items = open_items(tree, call);
    const Binder group = binder_of(tree, items, tree.text(object));
    if (group.item == kNoNode || !is_task_group(model, tree.child(group.item, Role::Value))) return;
    for (NodeId node = tree[callee].next; node < tree[call].next; ++node) {
        if (!tree.is(node, Kind::Name) || tree[node].has(node_flag::kStore)) continue;
        const Binder resource = binder_of(tree, items, tree.text(node));
        if (resource.item == kNoNode || resource.place >= group.place ||
            is_timeout(model, tree.child(resource.item, Role::Value)) ||
            is_shadowed(tree, node, call) ||
            is_over_before(tree, call, resource.item, tree.text(object)))
            continue;
        context
            .report(node, "`" + context.text(node) +
                              "` is closed at the end of its `with`, before the task that uses it "
                              "ends; open it around the group, or in the task")
            .related(tree[resource.item].span(), "closed at the end of this block")
            .related(tree[group.item].span(), "waits for the task at the end of this one");
    }
}

} // namespace

Rule rule_resource_closed_before_task() {
    return {{.name = "resource-closed-before-task",
             .category = Category::Task,
             .severity = Severity::Warning,
             .aliases = {"ASYNC111"},
             .summary = "A task of an outer group is given what an inner `with` closes before the "
                        "task ends.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
