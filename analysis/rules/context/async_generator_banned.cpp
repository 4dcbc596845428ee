// Any async generator that is not turned into something safer.

#include "analysis/rules/names.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(Async generators have no owner: what cleans up in them runs when the consumer happens to iterate to the end, else in the hands of the
garbage collector, in another task and context. Scopes and context variables do not survive that. Code bases on trio often do without
them and hand out context managers and channels.

The rule is off by default and forbids every async generator but those that a decorator turns into a context manager, a fixture or a
channel: `@asynccontextmanager`, `@fixture`, `@trio.as_safe_channel`, and those of the option.

## Bad

```python
from collections.abc import AsyncIterator


async def numbers() -> AsyncIterator[int]:  # error: async-generator-banned
    yield 1
    yield 2
```

## Good

```python
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def connection() -> AsyncIterator[int]:
    yield 1
```

## Fix

None: what takes the place of a generator depends on its consumers.

## Options

`transform-async-generator-decorators` lists further decorators that make something else of a generator, as names or patterns
(`"mylib.as_channel"`).
)";

void check(RuleContext& context, NodeId definition) {
    const Tree& tree = context.tree;
    const NodeId body = tree.child(definition, Role::Body);
    const NodeId name = tree.child(definition, Role::Name);
    if (!tree[definition].is_async() || body == kNoNode || name == kNoNode) return;
    const FunctionDef* const function = context.model.function_at(body);
    if (function == nullptr || !function->is_generator ||
        is_transformed_generator(context, definition))
        return;
    context.report(name, "`" + context.text(name) +
                             "` is an async generator; make it a context manager or a channel");
}

} // namespace

Rule rule_async_generator_banned() {
    return {{.name = "async-generator-banned",
             .category = Category::Context,
             .severity = Severity::Information,
             .on_by_default = false,
             .aliases = {"ASYNC900"},
             .summary = "An async generator is not turned into a context manager or channel.",
             .options = {"transform-async-generator-decorators"},
             .doc = kDoc},
            {Kind::FunctionDef},
            check};
}

} // namespace awaitls::analysis
