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
same `with` does not outlive, and `start()`, whose function may need the `task_status` that a group alone gives: who selects `ASYNC112` gets
these too. Sonar's S7513 also reports
groups that do something else while the task runs.
)";

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

/// The one statement of a block is a call or an awaited call: that call.
NodeId only_call(const Tree& tree, NodeId block) {
    const std::vector<NodeId> run = statements(tree, block);
    if (run.size() != 1 || !tree.is(run[0], Kind::ExprStmt)) return kNoNode;
    NodeId call = tree.child(run[0], Role::Value);
    if (tree.is(call, Kind::Await)) call = tree.child(call, Role::Value);
    return tree.is(call, Kind::Call) ? call : kNoNode;
}

/// The call is a method of what the name holds, and is not given the name's value.
bool is_method_of(const Tree& tree, NodeId call, NodeId name) {
    const NodeId callee = tree.child(call, Role::Callee);
    if (!tree.is(callee, Kind::Attribute)) return false;
    const NodeId object = tree.child(callee, Role::Object);
    if (!tree.is(object, Kind::Name) || tree.text(object) != tree.text(name)) return false;
    for (const NodeId given : argument_values(tree, call))
        if (mentions(tree, given, tree.text(name))) return false;
    return true;
}

/// Any group whose block is one call that starts a task, whatever else the statement does.
void check_beyond(RuleContext& context, NodeId with) {
    const Tree& tree = context.tree;
    const NodeId body = tree.child(with, Role::Body);
    const NodeId call = body == kNoNode ? kNoNode : only_call(tree, body);
    if (call == kNoNode) return;
    const std::string_view method = identifier(tree, tree.child(call, Role::Callee), Role::Attr);
    for (const NodeId item : tree.children(with)) {
        if (!tree.is(item, Kind::WithItem)) continue;
        const NodeId opened = tree.child(item, Role::Value);
        const NodeId group = tree.child(item, Role::Target);
        if (!tree.is(opened, Kind::Call) || !tree.is(group, Kind::Name) ||
            !is_task_group(context.model, opened) || !is_method_of(tree, call, group))
            continue;
        const bool starts = calls(context.model, opened, "asyncio.TaskGroup")
                                ? method == "create_task"
                                : method == "start" || method == "start_soon";
        if (!starts) continue;
        context
            .report(opened,
                    "`" + callee_text(tree, opened) + "()` starts one task and does nothing else")
            .shape(kBeyond);
    }
}

/// True when it reports.
bool check_own(RuleContext& context, NodeId with) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!tree[with].is_async()) return false;
    // What is opened before the group outlives it; nothing may be opened after it.
    NodeId item = kNoNode;
    for (const NodeId child : tree.children(with))
        if (tree.is(child, Kind::WithItem)) item = child;
    const NodeId body = tree.child(with, Role::Body);
    if (item == kNoNode || body == kNoNode) return false;
    const NodeId opened = tree.child(item, Role::Value);
    const NodeId group = tree.child(item, Role::Target);
    if (opened == kNoNode || !tree.is(opened, Kind::Call) || !tree.is(group, Kind::Name))
        return false;
    const bool asyncio = calls(model, opened, "asyncio.TaskGroup");
    if (!is_task_group(model, opened)) return false;
    const NodeId call = only_call(tree, body);
    if (call == kNoNode || tree.is(tree.parent(call), Kind::Await)) return false;
    if (!is_method_of(tree, call, group)) return false;
    const std::string_view method = identifier(tree, tree.child(call, Role::Callee), Role::Attr);
    if (method != (asyncio ? "create_task" : "start_soon")) return false;

    Finding finding = context.report(
        opened, "`" + callee_text(tree, opened) +
                    "()` starts one task and only waits for it; await the call directly");
    if (item != tree.child(with, Kind::WithItem)) return true;
    // Read behind the block, the name would be gone.
    if (model.uses_of_local(group).size() != 2) return true;
    bool starred = false;
    const int count = positional_count(tree, call, starred);
    const std::vector<NodeId> given = argument_values(tree, call);
    if (starred || count < 1 || given.size() != static_cast<std::size_t>(count)) return true;
    const Kind kind = tree.kind(given[0]);
    const bool primary = kind == Kind::Call || kind == Kind::Name || kind == Kind::Attribute;
    if (!primary || tree[given[0]].has(node_flag::kParenthesized)) return true;
    const Span first = tree[given[0]].span();
    if (has_comment(tree, {tree[with].begin, first.begin})) return true;

    std::vector<Edit> edits{{{tree[with].begin, first.begin}, "await "}};
    if (asyncio) {
        edits.push_back({{first.end, tree[call].end}, ""});
    } else if (count == 1) {
        edits.push_back({{first.end, tree[call].end}, "()"});
    } else {
        edits.push_back({{first.end, tree[given[1]].begin}, "("});
        if (tree[given[1]].has(node_flag::kParenthesized)) return true;
    }
    if (has_comment(tree, {first.end, tree[call].end})) return true;
    finding.fix("Await `" + context.text(given[0]) + "` directly", Applicability::Unsafe,
                std::move(edits));
    return true;
}

void check(RuleContext& context, NodeId with) {
    if (!check_own(context, with) && context.wants(kBeyond)) check_beyond(context, with);
}

} // namespace

Rule rule_single_task_group() {
    return {{.name = "single-task-group",
             .category = Category::Task,
             .severity = Severity::Hint,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC112", "S7513"},
             .shapes = {{},
                        {.codes = {"ASYNC112"},
                         .beyond = "a plain `with`, groups that another manager of the statement "
                                   "does not outlive, and "
                                   "`start()`"}},
             .summary = "A task group or nursery starts one task and does nothing else.",
             .options = {},
             .doc = kDoc},
            {Kind::With},
            check};
}

} // namespace awaitls::analysis
