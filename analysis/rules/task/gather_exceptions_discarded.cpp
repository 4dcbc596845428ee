// `gather(.., return_exceptions=True)` whose result nobody looks at.

#include "analysis/rules/names.h"
#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(With `return_exceptions=True`, `asyncio.gather` raises nothing: an exception of an awaitable becomes an element of the
result list. When the list is dropped, every failure is dropped with it. A child that always raises looks exactly like
one that works, and not even the log shows it.

This rule reports such a call when its awaited result is unused: the value of a statement, `_`, or a local variable that is never
read.

## Bad

```python
import asyncio


async def store(name: str) -> None:
    await asyncio.sleep(0.1)
    if name == "b":
        raise ValueError(name)


async def main() -> None:
    await asyncio.gather(store("a"), store("b"), return_exceptions=True)  # error: gather-exceptions-discarded


asyncio.run(main())
```

## Good

```python
import asyncio


async def store(name: str) -> None:
    await asyncio.sleep(0.1)
    if name == "b":
        raise ValueError(name)


async def main() -> None:
    results = await asyncio.gather(store("a"), store("b"), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            print("store failed:", result)


asyncio.run(main())
```

## Fix

There is no automatic one, because what to do with a failure is a decision. Log the exceptions, raise them together, or start the
children in an `asyncio.TaskGroup`, which raises by itself.

## When not to follow it

Code that shuts down cancels its tasks and then waits for them, whatever they raise. This rule is silent where the
same function cancels something before the call, in a `finally`, and where what runs is cleaning up itself (`close`, `stop`,
`disconnect`). It is silent, too, of one task by itself, `gather(task, return_exceptions=True)`, which waits for its end, and of functions
in the file that catch each `Exception` themselves.
)";

/// Something of the same function is cancelled in front of the call: it waits for the end of tasks, not for results.
bool shuts_down(const Tree& tree, NodeId call) {
    for (NodeId node = function_around(tree, call); node < call; ++node) {
        if (tree.kind(node) != Kind::Call) continue;
        const NodeId callee = tree.child(node, Role::Callee);
        std::string_view name;
        if (tree.is(callee, Kind::Attribute)) name = identifier(tree, callee, Role::Attr);
        if (tree.is(callee, Kind::Name)) name = tree.text(callee);
        if (name.find("cancel") != std::string_view::npos) return true;
    }
    return false;
}

/// What runs is cleaning up: `gather(*(client.close() for client in clients))`.
bool cleans_up(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    bool any = false;
    for (const NodeId child : tree.children(call)) {
        if (tree[child].role != Role::Argument || tree.is(child, Kind::Keyword)) continue;
        NodeId runs = child;
        if (tree.is(runs, Kind::Starred)) runs = tree.child(runs, Role::Value);
        if (tree.is(runs, Kind::Name)) runs = model.value_of_local(runs);
        if (tree.is(runs, Kind::Generator) || tree.is(runs, Kind::ListComp))
            runs = tree.child(runs, Role::Element);
        if (!tree.is(runs, Kind::Call)) return false;
        // create_task(client.close())
        for (NodeId given = argument(tree, runs, 0, {}); tree.is(given, Kind::Call);
             given = argument(tree, runs, 0, {}))
            runs = given;
        if (!names_cleanup(called_name(tree, runs))) return false;
        any = true;
    }
    return any;
}

/// A function whose code is in sight lets no exception out: it is one `try` with `except Exception`, maybe behind what calls
/// nothing.
bool keeps_exceptions(const Model& model, NodeId call) {
    const CallTarget target = model.target(call);
    if (target.function == nullptr) return false;
    const std::optional<std::vector<Model::CallSite>> points =
        model.suspension_points(*target.function);
    if (!points || points->empty()) return false;
    const Model& there = *points->front().model;
    const Tree& tree = there.tree();
    const NodeId body = tree.child(target.function->node, Role::Body);
    bool kept = false;
    for (const NodeId statement : statements(tree, body)) {
        if (!tree.is(statement, Kind::Try)) {
            for (NodeId node = statement; node < tree[statement].next; ++node)
                if (tree.is(node, Kind::Call) || tree.is(node, Kind::Await)) return false;
            continue;
        }
        bool caught = false;
        for (const NodeId part : tree.children(statement)) {
            if (!tree.is(part, Kind::Except)) continue;
            const NodeId classes = tree.child(part, Role::Value);
            if (exits_of(tree, tree.child(part, Role::Body)).raises) return false;
            caught = caught || classes == kNoNode || there.catches(classes, "builtins.Exception");
        }
        if (!caught) return false;
        kept = true;
    }
    return kept;
}

/// The calls whose results an argument of gather() gives, where they are in sight: one, each of a comprehension, or those that are
/// appended to a local list.
std::vector<NodeId> gathered_calls(const Model& model, NodeId argument) {
    const Tree& tree = model.tree();
    NodeId runs = argument;
    while (tree.is(runs, Kind::Starred) || tree.is(runs, Kind::Generator) ||
           tree.is(runs, Kind::ListComp))
        runs = tree.first_child(runs);
    if (tree.is(runs, Kind::Call)) return {runs};
    std::vector<NodeId> result;
    if (!tree.is(runs, Kind::Name)) return result;
    for (const NodeId use : model.uses_of_local(runs)) {
        const NodeId method = tree.parent(use);
        if (!tree.is(method, Kind::Attribute)) continue;
        if (identifier(tree, method, Role::Attr) != "append") return {};
        const NodeId added = awaitls::analysis::argument(tree, tree.parent(method), 0, {});
        if (!tree.is(added, Kind::Call)) return {};
        result.push_back(added);
    }
    return result;
}

/// Nothing that runs gives an exception.
bool gives_none(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    for (const NodeId child : tree.children(call)) {
        if (tree[child].role != Role::Argument || tree.is(child, Kind::Keyword)) continue;
        const std::vector<NodeId> runs = gathered_calls(model, child);
        if (runs.empty() || !std::all_of(runs.begin(), runs.end(),
                                         [&](NodeId run) { return keeps_exceptions(model, run); }))
            return false;
    }
    return true;
}

/// `gather(task, return_exceptions=True)` waits for the end of something that was started elsewhere.
bool waits_for_one(const Tree& tree, NodeId call) {
    std::size_t count = 0;
    for (const NodeId child : tree.children(call)) {
        if (tree[child].role != Role::Argument || tree.is(child, Kind::Keyword)) continue;
        if (!tree.is(child, Kind::Name) && !tree.is(child, Kind::Attribute)) return false;
        ++count;
    }
    return count == 1;
}

/// The call stands in a `finally` of its function.
bool is_in_finally(const Tree& tree, NodeId call) {
    const NodeId finally = tree.ancestor(call, Kind::Finally);
    return finally != kNoNode && function_around(tree, finally) == function_around(tree, call);
}

void check(RuleContext& context, NodeId call) {
    const Tree& tree = context.tree;
    if (!calls(context.model, call, "asyncio.gather") || !is_awaited(tree, call)) return;
    const NodeId flag = keyword_argument(tree, call, "return_exceptions");
    if (!tree.is(flag, Kind::True)) return;

    const NodeId awaited = tree.parent(call);
    const NodeId statement = tree.parent(awaited);
    if (!tree.is(statement, Kind::ExprStmt)) {
        const NodeId name = assigned_name(tree, awaited);
        if (name == kNoNode || !is_unread_local(context.model, name)) return;
    }
    if (shuts_down(tree, call) || is_in_finally(tree, call) || cleans_up(context.model, call) ||
        waits_for_one(tree, call) || gives_none(context.model, call))
        return;
    context.report(
        call, "`return_exceptions=True` turns exceptions into results, and the results of this `" +
                  callee_text(tree, call) +
                  "()` are never looked at; test them, or use a `TaskGroup`");
}

} // namespace

Rule rule_gather_exceptions_discarded() {
    return {
        {.name = "gather-exceptions-discarded",
         .category = Category::Task,
         .severity = Severity::Information,
         .review = ReviewSeverity::Minor,
         .aliases = {},
         .summary =
             "The exceptions that `gather(.., return_exceptions=True)` returns are thrown away.",
         .options = {},
         .doc = kDoc},
        {Kind::Call},
        check};
}

} // namespace awaitls::analysis
