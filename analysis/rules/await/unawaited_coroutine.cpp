// A coroutine that is made and dropped by one statement.

#include "analysis/rules/await/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(Calling an `async def` function runs nothing. The call returns a coroutine object, and the
body starts only when that object is awaited or given to a task. When the object is dropped, the
work silently does not happen: the message is not sent, the row is not saved, the connection is not
closed. Python prints `RuntimeWarning: coroutine ... was never awaited` when it collects the object,
which is easy to miss in a log.

This rule reports calls of coroutine functions, and reads of async properties, that are a statement
of their own. It resolves the callee: functions and methods of the file, and the coroutines of known
libraries. A callee that is not known is never reported.

## Bad

```python
import asyncio


async def save(path: str, text: str) -> None:
    await asyncio.sleep(0.1)
    print("saved", path, len(text))


async def main() -> None:
    save("report.txt", "done")  # error: unawaited-coroutine
    asyncio.sleep(1)  # error: unawaited-coroutine


asyncio.run(main())
```

## Good

```python
import asyncio


async def save(path: str, text: str) -> None:
    await asyncio.sleep(0.1)
    print("saved", path, len(text))


async def main() -> None:
    background = asyncio.create_task(save("log.txt", "started"))
    await save("report.txt", "done")
    await background


asyncio.run(main())
```

## Fix

In an async function the fix inserts `await`, and it is safe: code that never ran starts to run, in
the order in which it is written. In a sync function `await` is not possible. Make the function
async, or start a task from code that runs on the loop and keep a reference to it. At module level
the fix wraps the call in `asyncio.run()`, which is unsafe because the program then waits for it.

## Differences

Type checkers report the same statement when the callee has a type they know. PyCharm looks only
inside async functions. A dropped `Task` or `Future` is another matter, because it runs by itself:
see `dangling-task`.
)";

/// Module-level code outside of any class and loop, where `asyncio.run` may stand.
bool is_plain_module_code(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    if (model.function_at(call) != nullptr || !tree.is(tree.parent(call), Kind::ExprStmt))
        return false;
    for (const Kind kind :
         {Kind::ClassDef, Kind::For, Kind::While, Kind::Lambda, Kind::FunctionDef})
        if (tree.ancestor(call, kind) != kNoNode) return false;
    return true;
}

void offer_run(const RuleContext& context, Finding& finding, NodeId call, Type coroutine) {
    const Model& model = context.model;
    if (coroutine->kind != TypeKind::Coroutine || model.library() != AsyncLibrary::Asyncio) return;
    if (!context.tree.is(call, Kind::Call) || !is_plain_module_code(model, call)) return;
    bool needs_import = false;
    const std::string module = model.module_name("asyncio", call, needs_import);
    if (module.empty()) return;
    const Span span = context.tree[call].span();
    std::vector<std::string> imports;
    if (needs_import) imports.emplace_back("asyncio");
    finding.fix("Run " + shown(context.tree, call) + " with `" + module + ".run`",
                Applicability::Unsafe,
                {{{span.begin, span.begin}, module + ".run("}, {{span.end, span.end}, ")"}},
                std::move(imports));
}

std::string advice(const Model& model, NodeId call) {
    if (model.in_async(call)) return "add `await`";
    const FunctionDef* const function = model.function_at(call);
    if (function == nullptr) {
        switch (model.library()) {
        case AsyncLibrary::Anyio: return "run it with `anyio.run()`";
        case AsyncLibrary::Trio: return "run it with `trio.run()`";
        case AsyncLibrary::Asyncio: break;
        }
        return "run it with `asyncio.run()`";
    }
    if (function->is_lambda) return "a lambda cannot await it";
    if (model.in_loop_callback(call))
        return "`" + function->name + "` is a callback and cannot await it, schedule it as a task";
    return "make `" + function->name + "` async to await it, or schedule it as a task";
}

/// Tests call coroutine functions with wrong arguments to see the TypeError that the call itself
/// raises.
bool expects_call_to_raise(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId with = tree.ancestor(call, Kind::With);
    if (with == kNoNode) return false;
    for (const NodeId item : tree.children(with)) {
        const NodeId manager =
            tree.is(item, Kind::WithItem) ? tree.child(item, Role::Value) : kNoNode;
        if (!tree.is(manager, Kind::Call)) continue;
        const NodeId callee = tree.child(manager, Role::Callee);
        const bool asserts = model.target(manager).name == "pytest.raises" ||
                             (tree.is(callee, Kind::Attribute) &&
                              identifier(tree, callee, Role::Attr) == "assertRaises");
        const NodeId expected =
            asserts ? argument(tree, manager, 0, "expected_exception") : kNoNode;
        if (expected != kNoNode && model.name_of(expected) == "builtins.TypeError") return true;
    }
    return false;
}

void check(RuleContext& context, NodeId node) {
    const Type coroutine = coroutine_made_by(context, node);
    if (coroutine == nullptr) return;
    CoroutineFate found;
    if (!has_fate(context.model, node, coroutine, Fate::Dropped, found)) return;
    if (expects_call_to_raise(context.model, node)) return;
    Finding finding =
        context.report(node, shown(context.tree, node) + " is never awaited, so it does not run; " +
                                 advice(context.model, node));
    finding.confidence(coroutine->confidence);
    if (context.model.in_async(node)) {
        offer_await(context, finding, node, Applicability::Safe);
    } else {
        offer_run(context, finding, node, coroutine);
    }
}

} // namespace

Rule rule_unawaited_coroutine() {
    RuleInfo info;
    info.name = "unawaited-coroutine";
    info.category = Category::Await;
    info.severity = Severity::Warning;
    info.review = ReviewSeverity::Major;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"reportUnusedCoroutine", "unused-coroutine", "unused-awaitable", "ASYNC105",
                    "PyAsyncCall"};
    info.summary = "A coroutine is created by a statement and dropped without being awaited, so it "
                   "never runs.";
    info.doc = kDoc;
    return {info, {Kind::Call, Kind::Attribute}, check};
}

} // namespace awaitls::analysis
