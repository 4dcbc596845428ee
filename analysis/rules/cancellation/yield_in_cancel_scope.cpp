// A generator that yields while a cancel scope or task group is open.

#include "analysis/rules/context/generators.h"
#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(A timeout, cancel scope or task group belongs to the task that enters it, and scopes of a task have to be left in the opposite order in
which they were entered. A generator that yields within one hands control to its consumer while the scope is open: the consumer's own code
is cancelled by the generator's timeout, an exception of a child task is raised in the wrong place, or not at all, and a generator that
is not run to its end leaves the scope open, to be closed later, in another task, by the garbage collector: `RuntimeError: Attempted to
exit cancel scope in a different task than it was entered in`.

Managers of libraries that open such a scope count as one, and so do `@contextmanager` functions of the project that yield within one.

Generators that a decorator turns into a context manager, a fixture or a channel are entered and left in one task, and fine:
`@contextmanager`, `@asynccontextmanager`, `@fixture`, `@trio.as_safe_channel`, and those that `transform-async-generator-decorators`
names. So are dependencies of web frameworks. Decorators that awaitls does not know count as such.

## Bad

```python
import asyncio
from collections.abc import AsyncIterator


async def numbers() -> AsyncIterator[int]:
    async with asyncio.timeout(5):
        yield 1  # error: yield-in-cancel-scope
        await asyncio.sleep(1)
        yield 2  # error: yield-in-cancel-scope
```

## Good

```python
import asyncio
from collections.abc import AsyncIterator


async def numbers() -> AsyncIterator[int]:
    yield 1
    async with asyncio.timeout(5):
        await asyncio.sleep(1)
    yield 2
```

## Fix

None: the scope has to be narrowed, moved to the consumer, or the items sent through a queue or channel.

## Options

`transform-async-generator-decorators` lists decorators that make something else of a generator, as names or patterns
(`"mylib.as_channel"`).

## Differences

flake8-async's ASYNC101 knows decorators by their name alone, and takes an alias of `contextmanager`, or an unknown decorator, for none; who
selects `ASYNC101` gets generators under unknown decorators too.
It does not see a `yield` in another `with` within the scope.
)";

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

void check(RuleContext& context, NodeId yield) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    for (const NodeId item : open_items(tree, yield)) {
        if (!holds_cancel_scope(model, item)) continue;
        const NodeId function = tasks::function_around(tree, yield);
        const GeneratorUse use = use_of_generator(context, function);
        if (use == GeneratorUse::Managed ||
            (use == GeneratorUse::Decorated && !context.wants(kBeyond)))
            return;
        const NodeId scope = tree.child(item, Role::Value);
        context
            .report(yield, "this generator yields while `" + callee_text(tree, scope) +
                               "()` is open, which then cancels its consumer, or is left in "
                               "another task; close it before")
            .shape(use == GeneratorUse::Plain ? 0 : kBeyond)
            .related(tree[scope].span(), "opened here");
        return;
    }
}

} // namespace

Rule rule_yield_in_cancel_scope() {
    return {{.name = "yield-in-cancel-scope",
             .category = Category::Cancellation,
             .severity = Severity::Error,
             .aliases = {"ASYNC101"},
             .shapes = {{},
                        {.codes = {"ASYNC101"},
                         .beyond = "generators under decorators that are not known"}},
             .summary = "A generator yields while a timeout, cancel scope or task group is open.",
             .options = {"transform-async-generator-decorators"},
             .doc = kDoc},
            {Kind::Yield, Kind::YieldFrom},
            check};
}

} // namespace awaitls::analysis
