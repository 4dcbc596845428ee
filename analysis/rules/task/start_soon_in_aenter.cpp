// A context manager that starts a task and does not wait until it is ready.

#include "analysis/rules/names.h"
#include "analysis/rules/task/common.h"
#include "analysis/rules/task/startable.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(`start_soon()` returns before the task has run at all. A context manager that starts a server or process so has been entered when its
user goes on, although nothing listens yet: the first connection fails, now and then. A function with a `task_status` parameter tells by
`task_status.started()` when it is ready, and `await nursery.start(function)` waits for that, and raises what fails before.

Reported is `start_soon` of such a function in `async def __aenter__`, or before the `yield` of an `@asynccontextmanager`, on a nursery or
task group that stays open. Functions are known by their `task_status` parameter, in other modules of the project as well;
`trio.run_process` and `trio.serve_tcp` and the like have one.

## Bad

```python
from contextlib import asynccontextmanager

import trio


async def serve(task_status=trio.TASK_STATUS_IGNORED) -> None:
    task_status.started()
    await trio.sleep_forever()


@asynccontextmanager
async def server():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)  # error: start-soon-in-aenter
        yield nursery
```

## Good

```python
from contextlib import asynccontextmanager

import trio


async def serve(task_status=trio.TASK_STATUS_IGNORED) -> None:
    task_status.started()
    await trio.sleep_forever()


@asynccontextmanager
async def server():
    async with trio.open_nursery() as nursery:
        await nursery.start(serve)
        yield nursery
```

## Fix

`await nursery.start(..)` in place of `nursery.start_soon(..)`. It is unsafe: a function that never calls `task_status.started()` then
raises.

## Options

`startable-in-context-manager` lists further functions that can be started, as names or patterns (`"mylib.serve"`).

## Differences

flake8-async's ASYNC113 goes by names: anything called `serve` or `run_process` counts, wherever in the arguments it stands, and the option
has to list the functions of the project. It also reports `create_task` of asyncio for listed functions; asyncio has no such protocol. Who
selects `ASYNC113` gets what it reports by name too. What a
variable or attribute is, is followed to where it was assigned.
)";

bool is_nursery(const Model& model, NodeId object) {
    const Type type = model.type_of(object);
    if (type->kind == TypeKind::Instance)
        return model.is_instance(type, "trio.Nursery") ||
               model.is_instance(type, "anyio.abc.TaskGroup");
    if (type->known()) return false;
    const Tree& tree = model.tree();
    const std::string_view name =
        tree.is(object, Kind::Attribute) ? identifier(tree, object, Role::Attr) : tree.text(object);
    return name.ends_with("nursery") || name.ends_with("task_group");
}

bool has_yield_behind(const Tree& tree, NodeId from, NodeId within) {
    bool found = false;
    search_same_function(tree, within, [&](NodeId node) {
        found = found || (node > from && tree.is(node, Kind::Yield));
        return !found;
    });
    return found;
}

/// The nursery stays open when the manager has been entered.
bool stays_open(const Model& model, NodeId call, NodeId object) {
    const Tree& tree = model.tree();
    if (tree.is(object, Kind::Name))
        for (const NodeId item : open_items(tree, call)) {
            const NodeId target = tree.child(item, Role::Target);
            if (target == kNoNode || !mentions(tree, target, tree.text(object))) continue;
            return is_task_group(model, tree.child(item, Role::Value)) &&
                   has_yield_behind(tree, call, tree.parent(item));
        }
    return is_nursery(model, object);
}

/// In `__aenter__`, or in a manager function before it yields.
bool is_entering(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId definition = function_around(tree, call);
    if (!tree.is(definition, Kind::FunctionDef) || !tree[definition].is_async()) return false;
    const NodeId name = tree.child(definition, Role::Name);
    if (name != kNoNode && tree.text(name) == "__aenter__") return true;
    if (!has_decorator(model, definition, {"contextlib.asynccontextmanager"})) return false;
    bool yielded = false;
    search_same_function(tree, tree.child(definition, Role::Body), [&](NodeId node) {
        yielded = yielded || (node < call && tree.is(node, Kind::Yield));
        return !yielded;
    });
    return !yielded;
}

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

/// Somewhere in the expression stands a function that can be started, or what is called `serve`.
bool names_startable(const RuleContext& context, NodeId expression) {
    const Tree& tree = context.tree;
    bool found = false;
    search_same_function(tree, expression, [&](NodeId node) {
        if (tree.is(node, Kind::Name) || tree.is(node, Kind::Attribute))
            found =
                found || is_startable(context, node) ||
                (tree.is(node, Kind::Attribute) && identifier(tree, node, Role::Attr) == "serve");
        return !found;
    });
    return found;
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId callee = tree.child(call, Role::Callee);
    if (!tree.is(callee, Kind::Attribute) || !model.in_async(call)) return;
    const std::string_view method = identifier(tree, callee, Role::Attr);
    if (method != "start_soon" && (method != "create_task" || !context.wants(kBeyond))) return;
    const NodeId object = tree.child(callee, Role::Object);
    const NodeId function = argument(tree, call, 0, {});
    if (object == kNoNode || function == kNoNode) return;
    if (method != "start_soon" || !is_startable(context, function)) {
        if (context.wants(kBeyond) && names_startable(context, function) &&
            is_entering(model, call) &&
            (stays_open(model, call, object) || !model.type_of(object)->known()))
            context
                .report(call, "the manager is entered before this task is ready, should it tell "
                              "when it is")
                .shape(kBeyond);
        return;
    }
    if (!is_entering(model, call) || !stays_open(model, call, object)) return;
    Finding finding = context.report(
        call, "the manager is entered before this task is ready; `await " + context.text(object) +
                  ".start(..)` waits until it calls `task_status.started()`");
    const NodeId statement = tree.parent(call);
    const NodeId attribute = tree.child(callee, Role::Attr);
    if (!tree.is(statement, Kind::ExprStmt) || attribute == kNoNode ||
        tree[call].has(node_flag::kParenthesized) || !can_await(model, call))
        return;
    finding.fix(
        "Wait for the task with `start`", Applicability::Unsafe,
        {{Span{tree[call].begin, tree[call].begin}, "await "}, {tree[attribute].span(), "start"}});
}

} // namespace

Rule rule_start_soon_in_aenter() {
    return {
        {.name = "start-soon-in-aenter",
         .category = Category::Task,
         .severity = Severity::Warning,
         .fix = FixAvailability::Sometimes,
         .aliases = {"ASYNC113"},
         .shapes = {{},
                    {.codes = {"ASYNC113"},
                     .beyond =
                         "functions that can be started anywhere in the argument, methods called "
                         "`serve`, and `create_task`"}},
         .summary = "A context manager starts a task that tells when it is ready, and does not "
                    "wait for that.",
         .options = {"startable-in-context-manager"},
         .doc = kDoc},
        {Kind::Call},
        check};
}

} // namespace awaitls::analysis
