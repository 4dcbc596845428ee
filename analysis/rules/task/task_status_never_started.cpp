// A function that is started, and never says that it is ready.

#include "analysis/rules/task/common.h"
#include "analysis/rules/task/startable.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(`await nursery.start(function)` of trio and anyio waits until the function calls `task_status.started()`. A function that takes the
parameter and never calls it makes its starter wait until the function ends, and then raises
`RuntimeError: child exited without calling task_status.started()`.

Reported is an async function with a parameter `task_status`, or one annotated `TaskStatus`, that neither calls `started()` on it nor
hands it on. Stubs and abstract methods are not.

## Bad

```python
import trio


async def serve(port: int, task_status=trio.TASK_STATUS_IGNORED) -> None:  # error: task-status-never-started
    await trio.serve_tcp(print, port)
```

## Good

```python
import trio


async def serve(port: int, task_status=trio.TASK_STATUS_IGNORED) -> None:
    listeners = await trio.open_tcp_listeners(port)
    task_status.started(listeners)
    await trio.serve_listeners(print, listeners)
```

## Fix

None: only the author knows where the function is ready.

## Differences

flake8-async's ASYNC128 also reports functions that pass the object on, as `await other(task_status=task_status)`, or give it another
name; whoever gets it may well call it. Who selects `ASYNC128` gets these too.
)";

/// A nested function between the use and the definition has a parameter of this name.
bool is_shadowed(const Tree& tree, NodeId use, NodeId definition) {
    for (NodeId up = tree.parent(use); up != kNoNode && up != definition; up = tree.parent(up)) {
        const NodeId parameters = tree.child(up, Kind::Parameters);
        if (parameters == kNoNode) continue;
        for (const NodeId parameter : tree.children(parameters))
            if (identifier(tree, parameter) == tree.text(use)) return true;
    }
    return false;
}

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

/// What becomes of the object.
enum class Use : std::uint8_t { None, GoesElsewhere, Started };

Use use_of(const Tree& tree, NodeId definition, std::string_view name) {
    Use result = Use::None;
    const NodeId body = tree.child(definition, Role::Body);
    for (NodeId node = body; node < tree[body].next; ++node) {
        if (!tree.is(node, Kind::Name) || tree.text(node) != name ||
            is_shadowed(tree, node, definition))
            continue;
        const NodeId up = tree.parent(node);
        if (!tree.is(up, Kind::Attribute)) {
            result = Use::GoesElsewhere;
            continue;
        }
        const bool called =
            tree.role(up) == Role::Callee && identifier(tree, up, Role::Attr) == "started";
        const bool handed_on = tree.role(up) != Role::Callee &&
                               !tree.is(tree.parent(up), Kind::ExprStmt) &&
                               identifier(tree, up, Role::Attr) == "started";
        if (called || handed_on) return Use::Started;
    }
    return result;
}

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(definition, Role::Body);
    const NodeId name = tree.child(definition, Role::Name);
    if (!tree[definition].is_async() || body == kNoNode || name == kNoNode ||
        is_abstract(tree, body) || (!model.imports("trio") && !model.imports("anyio")))
        return;
    for (const NodeId parameter : status_parameters(tree, definition, &model)) {
        const std::string_view status = identifier(tree, parameter);
        const Use use = use_of(tree, definition, status);
        if (use == Use::Started || (use == Use::GoesElsewhere && !context.wants(kBeyond))) continue;
        context
            .report(name, "`" + context.text(name) + "` never calls `" + std::string(status) +
                              ".started()`, so whoever starts it waits until it ends, and gets "
                              "RuntimeError")
            .shape(use == Use::None ? 0 : kBeyond)
            .related(tree[parameter].span(), "the parameter");
        return;
    }
}

} // namespace

Rule rule_task_status_never_started() {
    return {{.name = "task-status-never-started",
             .category = Category::Task,
             .severity = Severity::Warning,
             .aliases = {"ASYNC128"},
             .shapes = {{},
                        {.codes = {"ASYNC128"},
                         .beyond = "functions that hand the object on or give it another name"}},
             .summary = "A function that takes a `task_status` never calls `started()` on it.",
             .options = {},
             .doc = kDoc},
            {Kind::FunctionDef},
            check};
}

} // namespace awaitls::analysis
