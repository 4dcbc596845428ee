// A constant where a point of the event loop's clock is wanted.

#include "analysis/rules/task/common.h"

#include <cmath>
#include <vector>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(`fail_at`, `move_on_at`, `CancelScope(deadline=..)` and `asyncio.timeout_at` take a point in time of the event loop's own clock, which starts at an
arbitrary number: that of trio at a random one, that of asyncio usually when the machine was booted. A constant is therefore a moment in the past or in a far future that
differs from run to run. Most often a duration was meant, and the block is cancelled at once.

## Bad

```python
import trio


async def main() -> None:
    with trio.move_on_at(10):  # error: constant-absolute-deadline
        await trio.sleep(0.1)
        print("never printed")


trio.run(main)
```

## Good

```python
import trio


async def main() -> None:
    with trio.move_on_after(10):
        await trio.sleep(0.1)
    with trio.move_on_at(trio.current_time() + 10):
        await trio.sleep(0.1)


trio.run(main)
```

## Fix

None: a duration (`fail_after`, `move_on_after`, `asyncio.timeout`, trio's `CancelScope(relative_deadline=..)`) or an offset
from `current_time()` may be meant.

## Differences

flake8-async's ASYNC125 does not look at `asyncio.timeout_at`, and not at negative numbers.
)";

/// A number that is written out, or arithmetic of such.
bool is_constant(const Tree& tree, NodeId value) {
    if (tree.is(value, Kind::Binary))
        return is_constant(tree, tree.child(value, Role::Left)) &&
               is_constant(tree, tree.child(value, Role::Right));
    const std::optional<double> number =
        value == kNoNode ? std::nullopt : number_value(tree, value);
    return number && !std::isinf(*number);
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    // Few calls are given a number, and what is called takes longer to find out.
    bool any = false;
    for (const NodeId child : tree.children(call))
        any =
            any || (tree.role(child) == Role::Argument &&
                    is_constant(tree, tree.is(child, Kind::Keyword) ? tree.child(child, Role::Value)
                                                                    : child));
    if (!any) return;
    const std::string_view name = model.target(call).name;
    NodeId deadline = kNoNode;
    std::string_view instead;
    if (name == "trio.CancelScope" || name == "anyio.CancelScope") {
        deadline = keyword_argument(tree, call, "deadline");
        instead = name == "trio.CancelScope" ? "`relative_deadline=`" : "`anyio.move_on_after()`";
    } else if (name == "asyncio.timeout_at") {
        deadline = argument(tree, call, 0, "when");
        instead = "`asyncio.timeout()`";
    } else if (name == "trio.fail_at" || name == "anyio.fail_at") {
        deadline = argument(tree, call, 0, "deadline");
        instead = name == "trio.fail_at" ? "`trio.fail_after()`" : "`anyio.fail_after()`";
    } else if (name == "trio.move_on_at" || name == "anyio.move_on_at") {
        deadline = argument(tree, call, 0, "deadline");
        instead = name == "trio.move_on_at" ? "`trio.move_on_after()`" : "`anyio.move_on_after()`";
    }
    if (deadline == kNoNode || !is_constant(tree, deadline)) return;
    const std::string clock = name == "asyncio.timeout_at"
                                  ? "loop.time()"
                                  : std::string(name.substr(0, name.find('.'))) + ".current_time()";
    context.report(deadline,
                   "`" + callee_text(tree, call) +
                       "()` takes a time of the loop's clock, and a constant is none; use " +
                       std::string(instead) + " for a duration, or add it to `" + clock + "`");
}

} // namespace

Rule rule_constant_absolute_deadline() {
    return {{.name = "constant-absolute-deadline",
             .category = Category::Cancellation,
             .severity = Severity::Warning,
             .aliases = {"ASYNC125"},
             .summary = "A constant is given where a time of the event loop's clock is wanted.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
