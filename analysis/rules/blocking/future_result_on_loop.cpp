#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`concurrent.futures.Future.result()` waits for another thread. On the event loop it stops every
task, and when the future comes from `asyncio.run_coroutine_threadsafe()` on the same loop it
waits for ever: the coroutine can only run on the loop that is waiting for it.

Not reported: a future that is known to have ended (`if future.done():`, an element of the done
set of `wait()`, of `as_completed()`, the argument of a callback, one that was awaited before),
and `result(timeout=0)`. `result()` of an `asyncio.Task` does not wait.

## Bad

```python
import asyncio
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor()


async def total(numbers):
    future = pool.submit(sum, numbers)
    return future.result()  # error: future-result-on-loop


asyncio.run(total([1, 2, 3]))
```

## Good

```python
import asyncio
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor()


async def total(numbers):
    future = pool.submit(sum, numbers)
    return await asyncio.wrap_future(future)


asyncio.run(total([1, 2, 3]))
```

## Fix

`future.result()` becomes `await asyncio.wrap_future(future)`, with `asyncio.wait_for` around it
where a timeout is given. The fix is unsafe: other tasks run while it waits, and cancelling the
task now cancels the future.

## When not to follow it

When the future is known to have ended by other means. `future.result(timeout=0)` says so.
)md";

/// True when the future is that of asyncio.run_coroutine_threadsafe().
bool is_from_coroutine(const Model& model, NodeId future) {
    const Tree& tree = model.tree();
    const NodeId made = tree.kind(future) == Kind::Name ? bound_value(model, future) : future;
    return tree.is(made, Kind::Call) &&
           model.target(made).name == "asyncio.run_coroutine_threadsafe";
}

void add_fix(const RuleContext& context, NodeId call, NodeId future, Finding& finding) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (model.library() != AsyncLibrary::Asyncio || !can_await(model, call) ||
        holds_sync_lock(model, call) || has_comment(tree, tree[call].span()))
        return;
    const std::size_t arguments = argument_values(tree, call).size();
    const NodeId timeout = argument(tree, call, 0, "timeout");
    if (arguments > 1 || (arguments == 1 && timeout == kNoNode)) return;
    bool needs_import = false;
    const std::string asyncio = model.module_name("asyncio", call, needs_import);
    if (asyncio.empty()) return;
    std::string text = asyncio + ".wrap_future(" + std::string(tree.text(future)) + ")";
    if (timeout != kNoNode && !tree.is(timeout, Kind::None))
        text = asyncio + ".wait_for(" + text + ", " + std::string(tree.text(timeout)) + ")";
    finding.fix("Replace with `await " + asyncio + ".wrap_future()`", Applicability::Unsafe,
                replace_by_await(tree, call, text),
                needs_import ? std::vector<std::string>{"asyncio"} : std::vector<std::string>{});
}

/// `self.task.result()` as a statement: raises what a stored future failed with, which its owner knows
/// to have ended.
bool only_raises(const Tree& tree, NodeId call, NodeId future) {
    return tree.is(future, Kind::Attribute) && tree.is(tree.parent(call), Kind::ExprStmt) &&
           argument_values(tree, call).empty();
}

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation>& operation = operation_on_loop(context, node);
    if (!operation || operation->api->kind != BlockingKind::Wait || !is_future_result(*operation))
        return;
    const Tree& tree = context.tree;
    const NodeId callee = tree.child(node, Role::Callee);
    const NodeId future =
        tree.is(callee, Kind::Attribute) ? tree.child(callee, Role::Object) : kNoNode;
    if (future == kNoNode || only_raises(tree, node, future)) return;
    const std::string_view method = identifier(tree, callee, Role::Attr);
    if (!is_from_coroutine(context.model, future)) {
        Finding finding = report_operation(context, *operation);
        if (method == "result") add_fix(context, node, future, finding);
        return;
    }
    Finding finding = context.report(
        node, "`" + std::string(method) +
                  "()` of `asyncio.run_coroutine_threadsafe()` blocks the event loop, for ever if "
                  "the coroutine runs on this loop; await the coroutine");
    finding.confidence(operation->confidence);
    if (method == "result") add_fix(context, node, future, finding);
}

} // namespace

Rule rule_future_result_on_loop() {
    return {{.name = "future-result-on-loop",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .summary = "`result()` or `exception()` of a `concurrent.futures.Future` that may not "
                        "have ended, on the event loop.",
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
