// A startable function that the configuration does not name.

#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(A function with a parameter `task_status` is made for `await nursery.start(..)`: it says when it is ready. Started with `start_soon`, nobody waits for that.
A project that wants to keep a list of such functions, for reviewers or for other tools, names them in `startable-in-context-manager`; this rule
reports those that the list lacks.

The rule is off by default. The other rules of this tool do not need the list: they see the parameter, also in other files.

## Bad

```python
import trio


async def serve(task_status: trio.TaskStatus[None]) -> None:  # error: startable-not-registered
    task_status.started()
    await trio.sleep(1)


async def main() -> None:
    async with trio.open_nursery() as nursery:
        await nursery.start(serve)


trio.run(main)
```

## Good

```python
# awaitls-test: startable-in-context-manager = ["serve"]
import trio


async def serve(task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await trio.sleep(1)


async def main() -> None:
    async with trio.open_nursery() as nursery:
        await nursery.start(serve)


trio.run(main)
```

## Options

`startable-in-context-manager`: a list of function names.

## Fix

None: add the name to the configuration.
)";

void check(RuleContext& context, NodeId function) {
    const Tree& tree = context.tree;
    if (!tree[function].is_async()) return;
    const NodeId parameters = tree.child(function, Kind::Parameters);
    const NodeId name = tree.child(function, Role::Name);
    if (parameters == kNoNode || name == kNoNode) return;
    const bool startable = [&] {
        for (const NodeId parameter : tree.children(parameters)) {
            if (!tree.is(parameter, Kind::Parameter)) continue;
            const auto form = static_cast<ParameterForm>(tree[parameter].op);
            // start() gives it by name.
            if ((form == ParameterForm::Ordinary || form == ParameterForm::KeywordOnly) &&
                identifier(tree, parameter) == "task_status")
                return true;
        }
        return false;
    }();
    if (!startable) return;
    const std::vector<std::string>& known = context.option("startable-in-context-manager");
    if (std::find(known.begin(), known.end(), tree.text(name)) != known.end()) return;
    context.report(name,
                   "`" + context.text(name) +
                       "` takes a `task_status` and is not in `startable-in-context-manager`");
}

} // namespace

Rule rule_startable_not_registered() {
    return {
        {.name = "startable-not-registered",
         .category = Category::Task,
         .severity = Severity::Information,
         .on_by_default = false,
         .aliases = {"ASYNC114"},
         .summary = "A function with a parameter `task_status` is missing in the configuration.",
         .options = {"startable-in-context-manager"},
         .doc = kDoc},
        {Kind::FunctionDef},
        check};
}

} // namespace awaitls::analysis
