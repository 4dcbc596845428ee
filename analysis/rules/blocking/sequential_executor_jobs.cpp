// Jobs for a thread that are handed over one by one.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(Each job that is handed to a thread costs a way there and back through the event loop: tens of microseconds when all is quiet, and a place in the queue of the
pool when it is not. Two jobs of which the second starts when the first has ended could be one function that does both.

This is a hint for awaits in adjacent statements that hand jobs to the same executor. Whatever stands between them may be the reason for the
two ways, so then there is none.

## Bad

```python
import asyncio
from pathlib import Path


async def save(path: Path, text: str) -> None:
    await asyncio.to_thread(path.parent.mkdir, exist_ok=True)  # error: sequential-executor-jobs
    await asyncio.to_thread(path.write_text, text)


asyncio.run(save(Path("out/text"), "hello"))
```

## Good

```python
import asyncio
from pathlib import Path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


async def save(path: Path, text: str) -> None:
    await asyncio.to_thread(write, path, text)


asyncio.run(save(Path("out/text"), "hello"))
```

## Fix

None: the function that does both needs a name.

## When not to follow it

When another task must get its turn between the two, or when the task may be cancelled between them. Jobs that do not need each other run
concurrently with `asyncio.gather(asyncio.to_thread(..), asyncio.to_thread(..))`.

## Differences

Home Assistant's pylint plugin (W7415) knows the methods of its own core only.
)";

bool is_run_in_executor(const CallTarget& target) {
    return is_method(target, "asyncio.AbstractEventLoop", "run_in_executor");
}

/// The call that the statement awaits, or kNoNode.
NodeId awaited_call(const Tree& tree, NodeId statement) {
    const Kind kind = tree.kind(statement);
    if (kind != Kind::ExprStmt && kind != Kind::Assign && kind != Kind::AnnAssign &&
        kind != Kind::Return)
        return kNoNode;
    NodeId value = tree.child(statement, Role::Value);
    while (tree.is(value, Kind::Assign)) value = tree.child(value, Role::Value);
    if (!tree.is(value, Kind::Await)) return kNoNode;
    const NodeId call = tree.child(value, Role::Value);
    return tree.is(call, Kind::Call) ? call : kNoNode;
}

/// The awaited call hands a job to a thread.
bool hands_over(const Model& model, NodeId call) {
    const CallTarget target = model.target(call);
    if (target.confidence != Confidence::Certain || target.name.empty()) return false;
    if (target.name != "asyncio.to_thread" && target.name != "anyio.to_thread.run_sync" &&
        target.name != "trio.to_thread.run_sync" && !is_run_in_executor(target))
        return false;
    const Type type = model.type_of(call);
    return type->kind == TypeKind::Coroutine || is_future(model, type);
}

/// Both call the same function, of the same object.
bool same_callee(const Tree& tree, NodeId first, NodeId second) {
    return tree.text(tree.child(first, Role::Callee)) ==
           tree.text(tree.child(second, Role::Callee));
}

/// Both, which call the same function, go to the same place.
bool same_executor(const Model& model, NodeId first, NodeId second) {
    const Tree& tree = model.tree();
    if (!is_run_in_executor(model.target(first))) return true;
    const NodeId pool = argument(tree, first, 0, "executor");
    const NodeId other = argument(tree, second, 0, "executor");
    return pool != kNoNode && other != kNoNode && tree.text(pool) == tree.text(other);
}

/// `calls`: of one function, awaited one after the other.
void check_row(RuleContext& context, const std::vector<NodeId>& calls) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (calls.size() < 2) return;
    const FunctionDef* const function =
        model.in_async(calls[0]) ? model.function_at(calls[0]) : nullptr;
    // A test may do each step by itself on purpose.
    if (function == nullptr || function->name.starts_with("test")) return;
    std::vector<NodeId> run;
    const auto finish = [&] {
        if (run.size() > 1) {
            Finding finding = context.report(
                run[0], std::to_string(run.size()) + " jobs in a row go to a thread with `" +
                            callee_text(tree, run[0]) + "()`; put them into one function");
            for (std::size_t i = 1; i < run.size(); ++i)
                finding.related(tree[run[i]].span(), "follows at once");
        }
        run.clear();
    };
    for (const NodeId call : calls) {
        if (!hands_over(model, call)) {
            finish();
            continue;
        }
        if (!run.empty() && !same_executor(model, run.back(), call)) finish();
        run.push_back(call);
    }
    finish();
}

void check(RuleContext& context, NodeId block) {
    const Tree& tree = context.tree;
    std::vector<NodeId> row;
    for (const NodeId statement : tree.children(block)) {
        if (tree.role(statement) != Role::Statement) continue;
        const NodeId call = awaited_call(tree, statement);
        if (!row.empty() && (call == kNoNode || !same_callee(tree, row.back(), call))) {
            check_row(context, row);
            row.clear();
        }
        if (call != kNoNode) row.push_back(call);
    }
    check_row(context, row);
}

} // namespace

Rule rule_sequential_executor_jobs() {
    return {{.name = "sequential-executor-jobs",
             .category = Category::Blocking,
             .severity = Severity::Hint,
             .aliases = {"W7415"},
             .summary = "Jobs are handed to a thread one after the other that could be one.",
             .options = {},
             .doc = kDoc},
            {Kind::Block},
            check};
}

} // namespace awaitls::analysis
