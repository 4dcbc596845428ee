// A context manager function whose cleanup an exception skips.

#include "analysis/rules/names.h"
#include "analysis/rules/task/common.h"
#include "analysis/semantic/flow.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An exception in the `with` block of a `@contextmanager` or `@asynccontextmanager` function is raised at its `yield`, as is the
cancellation of a task. Without a `try` around the `yield` the rest of the function is skipped: the connection is not closed, the setting
not restored.

Reported is a `yield` that stands in no `try`, where cleanup follows it: a call of something named like `close`, `release`, `stop`,
`remove` or `restore`, or an assignment that puts back a saved value. Code that may well be for success only, such as `commit()` or
logging, is not, nor what `with` around the `yield` closes.

## Bad

```python
from collections.abc import Iterator
from contextlib import contextmanager


class Server:
    def start(self) -> None: ...

    def stop(self) -> None: ...


@contextmanager
def running() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server  # error: context-manager-cleanup-skipped
    server.stop()
```

## Good

```python
from collections.abc import Iterator
from contextlib import contextmanager


class Server:
    def start(self) -> None: ...

    def stop(self) -> None: ...


@contextmanager
def running() -> Iterator[Server]:
    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.stop()
```

## Fix

None: which of the statements belong into the `finally` is for the author to say.

## When not to follow it

Where the cleanup is meant for success only.

## Differences

ruff's RUF075 reports any code behind such a `yield`.
)";

/// `thing.value = before`, where `before = thing.value` stood above.
bool restores(const Model& model, NodeId statement) {
    const Tree& tree = model.tree();
    if (!tree.is(statement, Kind::Assign)) return false;
    const NodeId target = tree.child(statement, Role::Target);
    const NodeId value = tree.child(statement, Role::Value);
    if ((!tree.is(target, Kind::Attribute) && !tree.is(target, Kind::Subscript)) ||
        !tree.is(value, Kind::Name))
        return false;
    const NodeId saved = model.value_of_local(value);
    return saved != kNoNode && tree.text(saved) == tree.text(target);
}

bool is_protected(const Tree& tree, NodeId yield) {
    for (NodeId up = tree.parent(yield); up != kNoNode; up = tree.parent(up)) {
        const Kind kind = tree.kind(up);
        if (kind == Kind::FunctionDef || kind == Kind::Lambda || kind == Kind::ClassDef)
            return false;
        if (kind == Kind::Try || kind == Kind::Except || kind == Kind::Finally) return true;
    }
    return false;
}

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(definition, Role::Body);
    if (body == kNoNode ||
        !has_decorator(model, definition,
                       {"contextlib.contextmanager", "contextlib.asynccontextmanager"}))
        return;
    const Flow flow = find_flow(model, body);
    if (!flow.complete()) return;
    const auto is_yield = [](const Step& step) { return step.kind == StepKind::Yield; };
    for (StepId yield = 0; yield < flow.steps().size(); ++yield) {
        if (!is_yield(flow[yield]) || is_protected(tree, flow[yield].node)) continue;
        // Only what comes when no exception does.
        const std::vector<StepId> met = flow.reached(std::span(&yield, 1), is_yield);
        NodeId skipped = kNoNode;
        for (StepId step = 0; step < flow.steps().size(); ++step) {
            const Step& at = flow[step];
            if (met[step] == kNoStep || at.node == kNoNode || at.node < flow[yield].node) continue;
            const bool cleanup = at.kind == StepKind::Call
                                     ? names_cleanup(called_name(tree, at.node))
                                     : at.kind == StepKind::Statement && restores(model, at.node);
            if (cleanup) skipped = std::min(skipped, at.node);
        }
        if (skipped == kNoNode) continue;
        const std::string what = tree.is(skipped, Kind::Call)
                                     ? "`" + callee_text(tree, skipped) + "()`"
                                     : "`" + context.text(skipped) + "`";
        context
            .report(flow[yield].node, "an exception in the `with` block is raised here and skips " +
                                          what +
                                          "; put the `yield` into `try` and the cleanup into "
                                          "`finally`")
            .related(tree[skipped].span(), "skipped");
    }
}

} // namespace

Rule rule_context_manager_cleanup_skipped() {
    return {{.name = "context-manager-cleanup-skipped",
             .category = Category::Context,
             .severity = Severity::Warning,
             .aliases = {"RUF075"},
             .summary = "An exception in the `with` block of a context manager function skips its "
                        "cleanup.",
             .options = {},
             .doc = kDoc},
            {Kind::FunctionDef},
            check};
}

} // namespace awaitls::analysis
