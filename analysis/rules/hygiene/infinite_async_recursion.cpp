// An async function that awaits itself on every way.

#include "analysis/rules/names.h"
#include "analysis/semantic/flow.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An async function that awaits itself before it can return or raise, whatever happens, never ends: each call makes another one until
`RecursionError` is raised. Mostly another function of the same name was meant, as in a wrapper or an override that forgot `super()`.

Reported is a function in which every way to an end, or to a `raise`, leads through an `await` of the function itself. A recursion behind
a condition is not, nor functions with a `while` loop, which may go on for ever by itself.

## Bad

```python
import asyncio


class Client:
    async def close(self) -> None:
        print("closing")
        await self.close()  # error: infinite-async-recursion
```

## Good

```python
import asyncio


class Base:
    async def close(self) -> None:
        await asyncio.sleep(0.1)


class Client(Base):
    async def close(self) -> None:
        print("closing")
        await super().close()
```

## Fix

None: what was meant is not known.

## Differences

Sonar's S2190 also reports a function that calls itself without awaiting it; that runs nothing, and is
[unawaited-coroutine](unawaited-coroutine.md).
)";

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(definition, Role::Body);
    const NodeId name = tree.child(definition, Role::Name);
    if (!tree[definition].is_async() || body == kNoNode || name == kNoNode) return;
    const FunctionDef* const function = model.function_at(body);
    if (function == nullptr || function->is_generator) return;
    const auto awaits_itself = [&](NodeId node) {
        const NodeId call = tree.child(node, Role::Value);
        if (!tree.is(call, Kind::Call)) return false;
        if (called_name(tree, call) != tree.text(name)) return false;
        const CallTarget target = model.target(call);
        return target.function == function && target.confidence == Confidence::Certain;
    };
    NodeId first = kNoNode;
    bool endless = false;
    search_same_function(tree, body, [&](NodeId node) {
        endless =
            endless || tree.is(node, Kind::While) ||
            ((tree.is(node, Kind::For) || tree.is(node, Kind::CompFor)) && tree[node].is_async());
        if (first == kNoNode && tree.is(node, Kind::Await) && awaits_itself(node)) first = node;
        return true;
    });
    if (first == kNoNode || endless) return;
    const Flow flow = find_flow(model, body);
    if (!flow.complete()) return;
    const StepId entry = Flow::kEntry;
    const std::vector<StepId> met = flow.reached(std::span(&entry, 1), [&](const Step& step) {
        return step.kind == StepKind::Await && awaits_itself(step.node);
    });
    if (met[flow.end()] != kNoStep || met[flow.returned()] != kNoStep) return;
    NodeId reached = kNoNode;
    for (StepId step = 0; step < flow.steps().size(); ++step) {
        const Step& at = flow[step];
        if (met[step] == kNoStep || at.node == kNoNode) continue;
        if (at.kind == StepKind::Statement && tree.is(at.node, Kind::Raise)) return;
        if (at.kind == StepKind::Await && awaits_itself(at.node))
            reached = std::min(reached, at.node);
    }
    if (reached == kNoNode) return;
    context.report(reached, "`" + context.text(name) +
                                "` awaits itself whatever happens, until RecursionError is raised");
}

} // namespace

Rule rule_infinite_async_recursion() {
    return {{.name = "infinite-async-recursion",
             .category = Category::Hygiene,
             .severity = Severity::Error,
             .aliases = {"S2190"},
             .summary = "An async function awaits itself on every way, so it never ends.",
             .options = {},
             .doc = kDoc},
            {Kind::FunctionDef},
            check};
}

} // namespace awaitls::analysis
