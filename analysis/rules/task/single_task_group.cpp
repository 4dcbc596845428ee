// A task group or nursery that starts one task and does nothing else.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(A task group that starts a single task and does nothing else waits for that task right away: nothing runs
concurrently. Awaiting the call directly is shorter, and an exception arrives as itself and not inside an `ExceptionGroup`.

Reported is a group whose body is the one statement that starts the task. A body that does anything else while the task runs, a
task that is started in a loop, and a group that is handed on are real concurrency and not reported.

## Bad

```python
import asyncio


async def load(name: str) -> None:
    await asyncio.sleep(0.1)
    print(name)


async def main() -> None:
    async with asyncio.TaskGroup() as group:  # error: single-task-group
        group.create_task(load("users"))


asyncio.run(main())
```

## Good

```python
import asyncio


async def load(name: str) -> None:
    await asyncio.sleep(0.1)
    print(name)


async def main() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(load("users"))
        group.create_task(load("groups"))


asyncio.run(main())
```

## Fix

The fix awaits the call. It is unsafe: exceptions are then raised bare, so an `except*` around it no longer matches, and the call
runs in the task of its caller.

## When not to follow it

Where the exception group, or a task of its own with its own context variables, is what is wanted.

## Differences

flake8-async's ASYNC112 also reports a plain `with`, which fails for every nursery (`sync-with-on-async-cm`), groups that another manager of the
same `with` does not outlive, and `start()`, whose function may need the `task_status` that a group alone gives. Sonar's S7513 also reports
groups that do something else while the task runs.
)";

void check(RuleContext& context, NodeId with) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!tree[with].is_async()) return;
    // What is opened before the group outlives it; nothing may be opened after it.
    NodeId item = kNoNode;
    for (const NodeId child : tree.children(with))
        if (tree.is(child, Kind::WithItem)) item = child;
    const NodeId body = tree.child(with, Role::Body);
    if (item == kNoNode || body == kNoNode) return;
    const NodeId opened = tree.child(item, Role::Value);
    const NodeId group = tree.child(item, Role::Target);
    if (opened == kNoNode || !tree.is(opened, Kind::Call) || !tree.is(group, Kind::Name)) return;
    const bool asyncio = calls(model, opened, "asyncio.TaskGroup");
    if (!is_task_group(model, opened)) return;

    const std::vector<NodeId> run = statements(tree, body);
    if (run.size() != 1 || !tree.is(run[0], Kind::ExprStmt)) return;
    const NodeId call = tree.child(run[0], Role::Value);
    if (!tree.is(call, Kind::Call)) return;
    const NodeId callee = tree.child(call, Role::Callee);
    if (!tree.is(callee, Kind::Attribute)) return;
    const std::string_view method = identifier(tree, callee, Role::Attr);
    const NodeId object = tree.child(callee, Role::Object);
    if (!tree.is(object, Kind::Name) || tree.text(object) != tree.text(group)) return;
    if (method != (asyncio ? "create_task" : "start_soon")) return;
    for (const NodeId given : argument_values(tree, call))
        if (mentions(tree, given, tree.text(group))) return;

    Finding finding = context.report(
        opened, "`" + callee_text(tree, opened) +
                    "()` starts one task and only waits for it; await the call directly");
    if (item != tree.child(with, Kind::WithItem)) return;
    // Read behind the block, the name would be gone.
    if (model.uses_of_local(group).size() != 2) return;
    bool starred = false;
    const int count = positional_count(tree, call, starred);
    const std::vector<NodeId> given = argument_values(tree, call);
    if (starred || count < 1 || given.size() != static_cast<std::size_t>(count)) return;
    const Kind kind = tree.kind(given[0]);
    const bool primary = kind == Kind::Call || kind == Kind::Name || kind == Kind::Attribute;
    if (!primary || tree[given[0]].has(node_flag::kParenthesized)) return;
    const Span first = tree[given[0]].span();
    if (has_comment(tree, {tree[with].begin, first.begin})) return;

    std::vector<Edit> edits{{{tree[with].begin, first.begin}, "await "}};
    if (asyncio) {
        edits.push_back({{first.end, tree[call].end}, ""});
    } else if (count == 1) {
        edits.push_back({{first.end, tree[call].end}, "()"});
    } else {
        edits.push_back({{first.end, tree[given[1]].begin}, "("});
        if (tree[given[1]].has(node_flag::kParenthesized)) return;
    }
    if (has_comment(tree, {first.end, tree[call].end})) return;
    finding.fix("Await `" + context.text(given[0]) + "` directly", Applicability::Unsafe,
                std::move(edits));
}

} // namespace

Rule rule_single_task_group() {
    return {{.name = "single-task-group",
             .category = Category::Task,
             .severity = Severity::Hint,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC112", "S7513"},
             .summary = "A task group or nursery starts one task and does nothing else.",
             .options = {},
             .doc = kDoc},
            {Kind::With},
            check};
}

} // namespace awaitls::analysis
