#include "analysis/rules/blocking/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(An event loop cannot run inside another in the same thread. `asyncio.run()`, `Runner.run()`,
`loop.run_until_complete()`, `anyio.run()`, `trio.run()` and functions made by asgiref's
`async_to_sync()` raise RuntimeError when a loop is running, and the coroutine that they were
given is never awaited. In a coroutine the answer is `await`.

Not reported: the body of a `try` whose `except RuntimeError` expects this, and files that use
`nest_asyncio`, which patches the loop to allow it.

## Bad

```python
import asyncio


async def fetch():
    return 1


async def main():
    print(asyncio.run(fetch()))  # error: loop-reentry


asyncio.run(main())
```

## Good

```python
import asyncio


async def fetch():
    return 1


async def main():
    print(await fetch())


asyncio.run(main())
```

## Fix

`asyncio.run(f())` becomes `await f()`. The fix is unsafe: the coroutine then runs on the loop
that is there, with its tasks and its context.

## When not to follow it

Code in a thread of its own may run a loop of its own; `asyncio.to_thread(asyncio.run, f())` is
not reported.
)md";

constexpr std::string_view kAdapter = "asgiref.sync.AsyncToSync";
constexpr std::string_view kAdapterCall = "asgiref.sync.AsyncToSync.__call__";

std::string advice(const Model& model, NodeId call, std::string_view name) {
    if (model.in_loop_callback(call)) return "start a task instead";
    constexpr std::string_view kRunCoroutines[] = {kAdapterCall,  "anyio.run", "asyncio.Runner.run",
                                                   "asyncio.run", "trio.run",  "uvloop.run"};
    const bool runs_coroutine = std::find(std::begin(kRunCoroutines), std::end(kRunCoroutines),
                                          name) != std::end(kRunCoroutines) ||
                                name.find(".run_until_complete") != std::string_view::npos;
    return runs_coroutine ? "use `await`" : "call it before the loop starts, or use its async form";
}

/// True when a try around the node expects the RuntimeError.
bool is_expected(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    NodeId inner = node;
    for (NodeId outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        if (kind == Kind::FunctionDef || kind == Kind::Lambda) return false;
        if (kind != Kind::Try || tree.role(inner) != Role::Body) continue;
        for (const NodeId handler : tree.children(outer)) {
            const NodeId type =
                tree.kind(handler) == Kind::Except ? tree.child(handler, Role::Value) : kNoNode;
            if (type == kNoNode) continue;
            if (model.name_of(type) == "builtins.RuntimeError") return true;
            if (tree.is(type, Kind::Tuple))
                for (const NodeId element : tree.children(type))
                    if (model.name_of(element) == "builtins.RuntimeError") return true;
        }
    }
    return false;
}

/// `asyncio.run(f())` -> `await f()`; anyio.run and trio.run take the function and its arguments.
void add_fix(const RuleContext& context, NodeId call, std::string_view name, Finding& finding) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!can_await(model, call) || holds_sync_lock(model, call) ||
        has_comment(tree, tree[call].span()))
        return;
    const std::vector<NodeId> values = argument_values(tree, call);
    bool starred = false;
    const int positional = positional_count(tree, call, starred);
    if (starred || positional == 0 || static_cast<std::size_t>(positional) != values.size()) return;
    const NodeId first = values.front();
    std::string text(tree.text(first));
    if (name == "anyio.run" || name == "trio.run") {
        const Type function = model.type_of(first);
        if (function->kind != TypeKind::Function ||
            (!tree.is(first, Kind::Name) && !tree.is(first, Kind::Attribute)))
            return;
        text += '(';
        for (std::size_t i = 1; i < values.size(); ++i)
            text += (i > 1 ? ", " : "") + std::string(tree.text(values[i]));
        text += ')';
    } else {
        const Type awaitable = model.type_of(first);
        if (positional != 1 ||
            (!Model::must_be_awaited(awaitable) && awaitable->kind != TypeKind::Awaitable))
            return;
        if (!tree.is(first, Kind::Call) && !tree.is(first, Kind::Name) &&
            !tree.is(first, Kind::Attribute))
            return;
    }
    finding.fix("Replace with `await`", Applicability::Unsafe, replace_by_await(tree, call, text));
}

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    if (!model.on_loop(node) || is_awaited(context.tree, node)) return;
    const CallTarget target = model.target(node);
    const NodeId callee = context.tree.child(node, Role::Callee);
    std::string_view name = target.name;
    Confidence confidence = target.confidence;
    // async_to_sync() only makes a function; calling that runs a loop.
    if (const Type function = model.type_of(callee); model.is_instance(function, kAdapter)) {
        name = kAdapterCall;
        confidence = function->confidence;
    }
    if (name.empty() || confidence == Confidence::Unknown || !reenters_loop(name)) return;
    if (is_expected(model, node) || model.imports("nest_asyncio")) return;
    Finding finding =
        context.report(node, "`" + callee_text(context.tree, node) +
                                 "()` fails on a running event loop; " + advice(model, node, name));
    finding.confidence(confidence);
    add_fix(context, node, name, finding);
}

} // namespace

Rule rule_loop_reentry() {
    return {
        {.name = "loop-reentry",
         .category = Category::Blocking,
         .severity = Severity::Error,
         .review = ReviewSeverity::Critical,
         .fix = FixAvailability::Sometimes,
         .summary =
             "Running an event loop, as `asyncio.run()` does, in code that already runs on one.",
         .doc = kDoc},
        {Kind::Call},
        check};
}

} // namespace awaitls::analysis
