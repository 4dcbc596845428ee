// A function that awaits more often than a limit allows.

#include "analysis/rules/task/common.h"

#include <charconv>
#include <limits>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(At each `await` other tasks run and may change what the function has read before. A function with very many of them is hard to reason about,
and usually does one thing after the other that could be functions of their own, or run concurrently.

The rule is off by default. It counts the `await` expressions of a function, those of nested functions and lambdas not included, and reports
functions with more than `max-awaits`, which is 20 where it is not set.

## Bad

```python
# awaitls-test: max-awaits = 3
import asyncio


async def step(number: int) -> None:
    await asyncio.sleep(number)


async def main() -> None:  # error: too-many-awaits
    await step(1)
    await step(2)
    await step(3)
    await step(4)


asyncio.run(main())
```

## Good

```python
# awaitls-test: max-awaits = 3
import asyncio


async def step(number: int) -> None:
    await asyncio.sleep(number)


async def main() -> None:
    for number in range(1, 5):
        await step(number)


asyncio.run(main())
```

## Options

`max-awaits`: a number, 20 by default.

## Fix

None.

## Differences

wemake-python-styleguide's WPS217 has the limit 5.
)";

constexpr int kDefaultLimit = 20;

int limit_of(const RuleContext& context) {
    const std::vector<std::string>& values = context.option("max-awaits");
    int limit = 0;
    if (values.empty()) return kDefaultLimit;
    const std::string& text = values.front();
    const std::from_chars_result end =
        std::from_chars(text.data(), text.data() + text.size(), limit);
    // The configuration takes whole numbers only; too large ones do not fit.
    return end.ec == std::errc() ? limit : std::numeric_limits<int>::max();
}

void check(RuleContext& context, NodeId function) {
    const Tree& tree = context.tree;
    const NodeId body = tree.child(function, Role::Body);
    const NodeId name = tree.child(function, Role::Name);
    if (!tree[function].is_async() || body == kNoNode || name == kNoNode) return;
    int count = 0;
    search_same_function(tree, body, [&](NodeId node) {
        if (tree.is(node, Kind::Await)) ++count;
        return true;
    });
    const int limit = limit_of(context);
    if (count <= limit) return;
    context.report(name, "`" + context.text(name) + "` awaits " + std::to_string(count) +
                             " times, and " + std::to_string(limit) + " is the limit; split it up");
}

} // namespace

Rule rule_too_many_awaits() {
    return {{.name = "too-many-awaits",
             .category = Category::Concurrency,
             .severity = Severity::Information,
             .on_by_default = false,
             .aliases = {"WPS217"},
             .summary = "A function has more `await` expressions than the limit.",
             .options = {"max-awaits"},
             .doc = kDoc},
            {Kind::FunctionDef},
            check};
}

} // namespace awaitls::analysis
