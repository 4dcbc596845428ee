// anyio's exception class for cancellation, kept in a variable.

#include "analysis/rules/task/common.h"

#include <algorithm>
#include <vector>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(The class that `anyio.get_cancelled_exc_class()` gives depends on the backend that runs the current code: it is `asyncio.CancelledError` or
`trio.Cancelled`. Kept in a variable it is right for one of them only, and a program that runs both catches nothing with it under the other. At the level of a module or
class the call raises an error, since no event loop runs while a module is imported. Linters and readers also cannot see any more that
`except saved:` catches cancellation.

Reported is the class, or the function that gives it, where it is assigned to a variable or an attribute.

## Bad

```python
import anyio


async def work() -> None:
    cancelled = anyio.get_cancelled_exc_class()  # error: cancelled-class-saved
    try:
        await anyio.sleep(1)
    except cancelled:
        print("cancelled")
        raise


anyio.run(work)
```

## Good

```python
import anyio


async def work() -> None:
    try:
        await anyio.sleep(1)
    except anyio.get_cancelled_exc_class():
        print("cancelled")
        raise


anyio.run(work)
```

## Fix

None: call the function where the class is needed.

## Differences

flake8-async's ASYNC118 also reports `from anyio import get_cancelled_exc_class as ..`, because it goes by names; this rule follows imports.
)";

constexpr std::string_view kFunction = "anyio.get_cancelled_exc_class";

void check(RuleContext& context, NodeId assignment) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId node = tree.child(assignment, Role::Value);
    const bool call = tree.is(node, Kind::Call);
    if (!call && !tree.is(node, Kind::Name) && !tree.is(node, Kind::Attribute)) return;
    // `except (cancelled := anyio.get_cancelled_exc_class()):` asks where it is needed.
    if (tree.is(assignment, Kind::NamedExpr) && tree.is(tree.parent(assignment), Kind::Except))
        return;
    if (!model.imports("anyio")) return;
    if (call ? !calls(model, node, kFunction) : model.name_of(node) != kFunction) return;
    // `isinstance(error, cancelled)` in the same function: asked where the backend is known.
    const NodeId name = tasks::assigned_name(tree, node);
    if (name != kNoNode && model.is_local(name)) {
        const std::vector<NodeId> uses = model.uses_of_local(name);
        const auto only_asked = [&](NodeId use) {
            return use == name || (tree.role(use) == Role::Argument &&
                                   calls(model, tree.parent(use), "builtins.isinstance"));
        };
        if (uses.size() > 1 && std::all_of(uses.begin(), uses.end(), only_asked)) return;
    }
    const bool outside = call && model.function_at(node) == nullptr;
    context.report(
        node, outside ? "`get_cancelled_exc_class()` raises where no event loop runs, as here; "
                        "call it in the `except`"
                      : "the exception class of cancellation depends on the backend that runs; "
                        "call `get_cancelled_exc_class()` in the `except`");
}

} // namespace

Rule rule_cancelled_class_saved() {
    return {{.name = "cancelled-class-saved",
             .category = Category::Cancellation,
             .severity = Severity::Information,
             .aliases = {"ASYNC118"},
             .summary = "The result of `anyio.get_cancelled_exc_class` is kept in a variable.",
             .options = {},
             .doc = kDoc},
            {Kind::Assign, Kind::AnnAssign, Kind::NamedExpr},
            check};
}

} // namespace awaitls::analysis
