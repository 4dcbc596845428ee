// An async function with a parameter for its timeout.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(An async function can be limited from outside: `async with asyncio.timeout(5)` (trio and anyio: `fail_after`) around the call stops
whatever it waits for. A `timeout` parameter of its own asks every function on the way to hand the number on and to subtract what was used up,
and each gives up in its own manner.

The rule is off by default, because the parameter is often part of a public interface.

It looks at parameters that are called `timeout`. Functions with a decorator, methods that may override one of a base class, and stubs
have their parameters from elsewhere and are not reported. For asyncio the target version must be 3.11, which brought `asyncio.timeout`.

## Bad

```python
import anyio


async def fetch(name: str, timeout: float) -> str:  # error: async-timeout-parameter
    with anyio.fail_after(timeout):
        await anyio.sleep(0.1)
    return name


anyio.run(fetch, "users", 5)
```

## Good

```python
import anyio


async def fetch(name: str) -> str:
    await anyio.sleep(0.1)
    return name


async def main() -> None:
    with anyio.fail_after(5):
        await fetch("users")


anyio.run(main)
```

## Fix

None: the callers have to change too.

## When not to follow it

Where the timeout means something else than an end, such as the idle time of a connection that is reported to the peer.

## Differences

ruff's ASYNC109 exempts only functions with `@override`; flake8-async's exempts every decorated one, as this rule does. Sonar's S7483
exempts possible overrides.
)";

void check(RuleContext& context, NodeId function) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!tree[function].is_async() || is_decorated(model, function)) return;
    const AsyncLibrary library = model.library();
    if (library == AsyncLibrary::Asyncio && !context.target_at_least(3, 11)) return;
    const NodeId parameters = tree.child(function, Kind::Parameters);
    if (parameters == kNoNode) return;
    for (const NodeId parameter : tree.children(parameters)) {
        if (!tree.is(parameter, Kind::Parameter) || identifier(tree, parameter) != "timeout")
            continue;
        const auto form = static_cast<ParameterForm>(tree[parameter].op);
        if (form == ParameterForm::VarArgs || form == ParameterForm::VarKeywords) continue;
        const NodeId body = tree.child(function, Role::Body);
        const FunctionDef* const definition = body == kNoNode ? nullptr : model.function_at(body);
        if (definition == nullptr || model.overrides(*definition) != Answer::No) return;
        const char* const scope = library == AsyncLibrary::Trio    ? "with trio.fail_after()"
                                  : library == AsyncLibrary::Anyio ? "with anyio.fail_after()"
                                                                   : "async with asyncio.timeout()";
        context.report(parameter,
                       "`" + std::string(identifier(tree, function)) +
                           "` takes a timeout of its own; let its callers limit it with `" + scope +
                           "`");
    }
}

} // namespace

Rule rule_async_timeout_parameter() {
    return {{.name = "async-timeout-parameter",
             .category = Category::Concurrency,
             .severity = Severity::Information,
             .on_by_default = false,
             .aliases = {"ASYNC109", "S7483"},
             .summary = "An async function has a parameter `timeout`.",
             .options = {},
             .doc = kDoc},
            {Kind::FunctionDef},
            check};
}

} // namespace awaitls::analysis
